import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** A send's secret; as a KeyObject it is a third faster. */
type Secret = Buffer | KeyObject;

const MAC_LENGTH = 16;

const mac = (sendId: number, seq: number, secret: Secret): string =>
  createHmac('sha256', secret).update(`${sendId}:${seq}`).digest('hex').slice(0, MAC_LENGTH);

/**
 * Message-ID (RFC 5322 §3.6.4) of one recipient's message, angle brackets included: the same on every attempt, so
 * that a receiver can tell a copy and a log line leads back to its row.
 * @param domain the sender's, as A-labels
 */
export const messageId = (sendId: number, seq: number, secret: Secret, domain: string): string =>
  `<${sendId.toString(36)}.${seq.toString(36)}.${mac(sendId, seq, secret)}@${domain}>`;

/** What a Message-ID of ours says; `mac` is still to be checked against the send's secret. */
export interface MessageIdParts {
  sendId: number;
  seq: number;
  mac: string;
}

const SHAPE = /^<?([0-9a-z]{1,13})\.([0-9a-z]{1,13})\.([0-9a-f]{16})@[^\s<>@]+>?$/;

/** Reads a Message-ID, with or without its angle brackets; null when it cannot be one of ours. */
export function parseMessageId(text: string): MessageIdParts | null {
  const [, send = '', row = '', code = ''] = SHAPE.exec(text) ?? [];
  const sendId = Number.parseInt(send, 36);
  const seq = Number.parseInt(row, 36);
  return Number.isSafeInteger(sendId) && Number.isSafeInteger(seq)
    ? { sendId, seq, mac: code }
    : null;
}

/** Whether a Message-ID that was read is one this send gave. */
export const isGenuine = (parts: MessageIdParts, secret: Secret): boolean =>
  timingSafeEqual(Buffer.from(mac(parts.sendId, parts.seq, secret)), Buffer.from(parts.mac));

import { timingSafeEqual } from 'node:crypto';
import { hmacOf } from './hmac.js';

const MAC_LENGTH = 16;
/** A send's id and a row's number, 16 digits each at most, with a colon between them. */
const MAX_TEXT = 33;

const macOf = (sendId: number, secret: Buffer): ((seq: number) => string) => {
  const hmac = hmacOf(secret, MAX_TEXT, 'hex');
  return (seq) => hmac(`${sendId}:${seq}`).slice(0, MAC_LENGTH);
};

/**
 * Makes the Message-IDs (RFC 5322 §3.6.4) of a send's rows, angle brackets included: the same on every attempt, so that
 * a receiver can tell a copy and a log line leads back to its row.
 * @param domain the sender's, as A-labels
 */
export function messageIdsOf(
  sendId: number,
  secret: Buffer,
  domain: string,
): (seq: number) => string {
  const mac = macOf(sendId, secret);
  const start = `<${sendId.toString(36)}.`;
  return (seq) => `${start}${seq.toString(36)}.${mac(seq)}@${domain}>`;
}

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

/** Tells whether a Message-ID that was read is one this send gave. */
export function genuineIn(sendId: number, secret: Buffer): (parts: MessageIdParts) => boolean {
  const macOfRow = macOf(sendId, secret);
  return ({ sendId: named, seq, mac }) =>
    named === sendId && timingSafeEqual(Buffer.from(macOfRow(seq)), Buffer.from(mac));
}

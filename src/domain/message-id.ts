import { hash, timingSafeEqual } from 'node:crypto';

/** Bytes of a block of SHA-256, and of a hash. */
const BLOCK = 64;
const HASH = 32;
const MAC_LENGTH = 16;
/** A send's id and a row's number, 16 digits each at most, with a colon between them. */
const MAX_TEXT = 33;

/**
 * HMAC-SHA-256 (RFC 2104 §2) in hexadecimal, of ASCII texts of `MAX_TEXT` characters at most: what is longer would be cut.
 * Made of two one-shot hashes, for an Hmac object a message costs more.
 * @param key a block at most
 */
function hmacOf(key: Buffer): (text: string) => string {
  const padded = (pad: number, room: number): Buffer => {
    const bytes = Buffer.alloc(BLOCK + room, pad);
    for (const [i, byte] of key.entries()) bytes[i] = pad ^ byte;
    return bytes;
  };
  const inner = padded(0x36, MAX_TEXT);
  const outer = padded(0x5c, HASH);
  return (text) => {
    const end = BLOCK + inner.write(text, BLOCK, 'binary');
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    return hash('sha256', outer, 'hex');
  };
}

const macOf = (sendId: number, secret: Buffer): ((seq: number) => string) => {
  const hmac = hmacOf(secret);
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

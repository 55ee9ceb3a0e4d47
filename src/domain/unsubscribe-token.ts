import { createHmac, timingSafeEqual } from 'node:crypto';
import { hmacOf } from './hmac.js';

/**
 * What a recipient unsubscribes with: `1`, the send's id, `-`, the row's number (both to base 36) and a MAC of 80 bits to
 * base 32, over all before it. At most 32 characters while both numbers are below 36^7, 78 thousand million. Lower-case
 * letters and digits at both ends, since mail programs fold and cut links. A token of any other use begins with something
 * else and has another key: what lies in a bounce must not give the right to unsubscribe.
 */
const VERSION = '1';
const PURPOSE = 'campaign: unsubscribe, version 1';
const SHAPE = /^1([0-9a-z]{1,11})-([0-9a-z]{1,11})([0-9a-v]{16})$/;

/** Characters of a token of the largest numbers, without its MAC. */
const MAX_TEXT = 24;
/** Characters that a token has at most. */
export const MAX_TOKEN_LENGTH = 32;

/** 10 bits to base 32. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => bits.toString(32).padStart(2, '0'));

/** Five bytes to base 32, from a character each; by a table, for a number of 40 bits is written ten times as slowly. */
function base32(bytes: string, at: number): string {
  const [second, third] = [bytes.charCodeAt(at + 1), bytes.charCodeAt(at + 2)];
  const [fourth, fifth] = [bytes.charCodeAt(at + 3), bytes.charCodeAt(at + 4)];
  const pair = (bits: number): string => PAIRS[bits] as string;
  return (
    pair((bytes.charCodeAt(at) << 2) | (second >> 6)) +
    pair(((second & 63) << 4) | (third >> 4)) +
    pair(((third & 15) << 6) | (fourth >> 2)) +
    pair(((fourth & 3) << 8) | fifth)
  );
}

/**
 * Makes the tokens of a send's rows.
 * @param secret of the send: a token of another installation, or of a send whose number was given anew, does not fit it
 */
export function unsubscribeTokensOf(sendId: number, secret: Buffer): (seq: number) => string {
  const key = createHmac('sha256', secret).update(PURPOSE).digest();
  const hmac = hmacOf(key, MAX_TEXT, 'binary');
  const start = `${VERSION}${sendId.toString(36)}-`;
  return (seq) => {
    const text = start + seq.toString(36);
    const mac = hmac(text);
    return text + base32(mac, 0) + base32(mac, 5);
  };
}

/** What a token says; whether it is genuine only the send's secret tells. */
export interface UnsubscribeToken {
  /** As it was made. */
  text: string;
  sendId: number;
  seq: number;
}

/**
 * Reads a token, in any case and with what a mail program took for the end of the link; null when it cannot be one.
 * @param text of any length
 */
export function parseUnsubscribeToken(text: string): UnsubscribeToken | null {
  if (text.length > 2 * MAX_TOKEN_LENGTH) return null;
  const token = text.toLowerCase().replace(/[^0-9a-z]+$/, '');
  const [, send = '', row = ''] = SHAPE.exec(token) ?? [];
  const sendId = Number.parseInt(send, 36);
  const seq = Number.parseInt(row, 36);
  return Number.isSafeInteger(sendId) && Number.isSafeInteger(seq)
    ? { text: token, sendId, seq }
    : null;
}

/** Tells whether a token that was read is one that this send gave. */
export function genuineTokensOf(
  sendId: number,
  secret: Buffer,
): (token: UnsubscribeToken) => boolean {
  const tokenOf = unsubscribeTokensOf(sendId, secret);
  return ({ text, seq }) => {
    const [given, made] = [Buffer.from(text), Buffer.from(tokenOf(seq))];
    return given.length === made.length && timingSafeEqual(given, made);
  };
}

/** What of a token a log may show: nobody can unsubscribe with that. */
export const shownToken = (text: string): string => `${text.slice(0, 6)}…`;

import { clip } from './text.js';

/** A reply of the server: RFC 5321 §4.2 code, RFC 3463 enhanced code if it gave one, and its words on one line. */
export interface Reply {
  code: number;
  enhanced: string | null;
  text: string;
}

/** How far a transaction had come when it was answered or broke. `dot`: the final dot may have been written. */
export type Stage = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'dot';

/** A reply as the server wrote it, on one line: `550 5.1.1 User unknown`. */
export const formatReply = ({ code, enhanced, text }: Reply): string =>
  [code, enhanced, text].filter((part) => part !== null && part !== '').join(' ');

/** What `cleanReply` leaves alone, and most replies are: printable ASCII with single blanks. */
const CLEAN = /^[!-~]+(?: [!-~]+)*$/;

/** A server's words made fit for a column of `max` characters: one line, no control characters, no half surrogates. */
export function cleanReply(text: string, max = 500): string {
  if (text.length <= max && CLEAN.test(text)) return text;
  const line = text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return clip(line, max);
}

/** A file of a message, but for what it holds. */
export interface MessageFile {
  /** Its place among the files of its message, from 1. */
  position: number;
  /** What mail programs show. */
  name: string;
  /** MIME type, with parameters if it has any. */
  type: string;
  bytes: number;
  /** Of what it holds, in hexadecimal. */
  sha256: string;
  disposition: 'attachment' | 'inline';
  /** Content-ID, without brackets, by which the HTML names it; null for an attachment. */
  cid: string | null;
}

/** Bytes that a file may have: no relay that is known takes a message of more. */
export const MAX_FILE_BYTES = 100 * 1024 * 1024;

/** Bytes that a name may have, as in most file systems. */
export const MAX_FILE_NAME = 255;

/** Characters of base64 in a line, and bytes that they stand for (RFC 2045 §6.8). */
export const BASE64_LINE = 76;
export const BYTES_A_LINE = 57;

/** Bytes that so many bytes have in base64, in lines that end in CRLF. */
export function encodedBytes(bytes: number): number {
  const characters = Math.ceil(bytes / 3) * 4;
  return characters + 2 * Math.ceil(characters / BASE64_LINE);
}

/** The same of files. */
export const encodedBytesOf = (files: readonly Pick<MessageFile, 'bytes'>[]): number =>
  files.reduce((sum, { bytes }) => sum + encodedBytes(bytes), 0);

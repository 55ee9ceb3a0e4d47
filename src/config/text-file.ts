import { guessUtf16 } from '../domain/utf-16.js';
import { RefusedFile, readNamedSync } from '../named-file.js';

const MAX_BYTES = 1024 * 1024;

/** Why a file cannot be taken as text; quotes neither its path nor what is in it. */
export class UnreadableText extends Error {
  /** Of the system, where it did not let us read; such as ENOENT. */
  readonly code: string | undefined;

  constructor(message: string, cause?: unknown) {
    super(message);
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code;
  }
}

/**
 * A small file that an editor or a shell has written: in UTF-8, or in UTF-16 as Windows' Notepad and PowerShell write
 * it, with or without a byte order mark (Unicode §23.8).
 * @param most bytes that it may have
 * @throws UnreadableText
 */
export function readTextFile(file: string, most: number = MAX_BYTES): string {
  let bytes: Buffer;
  try {
    bytes = readNamedSync(file, most);
  } catch (error) {
    throw new UnreadableText(reason(error), error);
  }
  const encoding = encodingOf(bytes);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableText(`line ${firstBadLine(bytes, encoding)} is not in UTF-8`);
  }
  const nul = text.indexOf('\0');
  if (nul !== -1) throw new UnreadableText(`line ${lineAt(text, nul)} holds a NUL`);
  return text;
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'its name is too long',
};

function reason(error: unknown): string {
  if (error instanceof RefusedFile && error.code === undefined) return error.message;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return REASONS[code] ? `${REASONS[code]} (${code})` : code;
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** More than a quarter: settings are mostly ASCII, and a lone NUL in `A=1` is a fault to be named. */
const LEAST_NULS = 0.2501;

function encodingOf(bytes: Buffer): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return guessUtf16(bytes, LEAST_NULS) ?? 'utf-8';
}

const lineAt = (text: string, at: number): number => text.slice(0, at).split(/\r\n?|\n/).length;

/** Of the first byte that the encoding does not have; decoded leniently it shows as U+FFFD. */
function firstBadLine(bytes: Buffer, encoding: Encoding): number {
  const text = new TextDecoder(encoding).decode(bytes);
  return lineAt(text, text.indexOf('\ufffd'));
}

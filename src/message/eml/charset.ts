import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import iconv from 'iconv-lite';
import { encodingName } from '../../domain/encoding-name.js';

/** Why bytes are no text, as the end of a sentence that names them. */
export class NotText extends Error {}

const ASCII = /^(?:|us-ascii|ascii|ansi_x3\.4-1968)$/i;

/**
 * Bytes as text. What says nothing of its charset, or says that it is ASCII, may be UTF-8.
 * @throws NotText where the charset is not known, or has no such bytes
 */
export function decodeCharset(bytes: Buffer, charset: string): string {
  const label = charset.trim();
  if (ASCII.test(label) || /^utf-?8$/i.test(label)) {
    if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\ufeff/, '');
    throw new NotText(`is not in ${label === '' ? 'us-ascii' : label}, as it should be`);
  }
  const text = decodeKnown(bytes, label);
  if (text === undefined) throw new NotText(`is in the charset ${label}, which is not known`);
  if (text.includes('\ufffd')) throw new NotText(`is not in ${label}, as it says`);
  return text.replace(/^\ufeff/, '');
}

function decodeKnown(bytes: Buffer, label: string): string | undefined {
  const name = encodingName(label);
  // TextDecoder takes windows-1252 for latin1 on Node 20.
  if (name !== undefined) return iconv.decode(bytes, name);
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return undefined;
  }
}

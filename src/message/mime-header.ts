import { fromHex } from './decode-quoted.js';

/** A header as it stands in a message, unfolded. */
export interface MimeHeader {
  name: string;
  value: string;
}

/** RFC 2047 §2; blanks between two of them are part of neither (§6.2). */
const WORD = /=\?([\w-]+)(?:\*[\w-]*)?\?([bq])\?([^?]*)\?=/i;
const WORDS = new RegExp(`${WORD.source}(?:[ \\t]+(?==\\?[\\w-]+\\?[bq]\\?[^?]*\\?=))?`, 'gi');

const decoded = (charset: string, bytes: Buffer): string =>
  /^utf-?8$/i.test(charset) ? bytes.toString('utf8') : bytes.toString('latin1');

/** The text of a header's value: encoded words in UTF-8, as we write them, are read. */
export function decodeWords(value: string): string {
  let bytes: Buffer[] = [];
  let text = '';
  let end = 0;
  const flush = (): void => {
    text += Buffer.concat(bytes).toString('utf8');
    bytes = [];
  };
  for (const found of value.matchAll(WORDS)) {
    const [word, charset = '', encoding = '', content = ''] = found;
    if (found.index > end) {
      flush();
      text += value.slice(end, found.index);
    }
    const own =
      encoding.toLowerCase() === 'b'
        ? Buffer.from(content, 'base64')
        : fromHex(content.replaceAll('_', ' '), '=');
    // A character may be split between two words by who breaks lines: joined before they are read.
    bytes.push(/^utf-?8$/i.test(charset) ? own : Buffer.from(decoded(charset, own)));
    end = found.index + word.length;
  }
  flush();
  return text + value.slice(end);
}

/** The headers of a part, in their order, and where its body begins. */
export function readHeaders(part: string): { headers: MimeHeader[]; bodyAt: number } {
  const end = part.indexOf('\r\n\r\n');
  const head = part.startsWith('\r\n') ? '' : part.slice(0, end === -1 ? undefined : end);
  const headers = head
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
    });
  const bodyAt = part.startsWith('\r\n') ? 2 : end === -1 ? part.length : end + 4;
  return { headers, bodyAt };
}

export const headerNamed = (headers: readonly MimeHeader[], name: string): string | undefined =>
  headers.find((header) => header.name.toLowerCase() === name)?.value;

/** A value with parameters (RFC 2045 §5.1), those in parts or with a charset (RFC 2231) put together. */
export function readParameters(value: string): {
  value: string;
  parameters: ReadonlyMap<string, string>;
} {
  const [, first = '', rest = ''] = /^([^;]*)(.*)$/s.exec(value) ?? [];
  const parameters = new Map<string, string>();
  const pieces = new Map<string, { text: string; encoded: boolean }[]>();
  for (const [, key = '', quoted, plain = ''] of rest.matchAll(
    /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))/gs,
  )) {
    const text = quoted === undefined ? plain : quoted.replace(/\\(.)/gs, '$1');
    const [, name = '', index, star] = /^([^*]+)(?:\*(\d+))?(\*)?$/.exec(key.toLowerCase()) ?? [];
    if (name === '') continue;
    if (index === undefined && star === undefined) parameters.set(name, decodeWords(text));
    else pieces.set(name, [...(pieces.get(name) ?? []), { text, encoded: star !== undefined }]);
  }
  for (const [name, parts] of pieces) {
    const [, charset = '', start] = /^([\w-]*)'[^']*'(.*)$/s.exec(parts[0]?.text ?? '') ?? [];
    const bytes = parts.map(({ text, encoded }, i) => {
      const own = i === 0 && start !== undefined ? start : text;
      return encoded ? fromHex(own, '%') : Buffer.from(own, 'latin1');
    });
    parameters.set(name, decoded(charset, Buffer.concat(bytes)));
  }
  return { value: first.trim().toLowerCase(), parameters };
}

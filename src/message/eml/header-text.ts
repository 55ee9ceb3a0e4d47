import { fromHex } from '../decode-quoted.js';
import { decodeCharset } from './charset.js';

const WORD = /=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=/gi;
/** Between two of them blanks are nothing (RFC 2047 §6.2). */
const BETWEEN = /(=\?[^?\s]+\?[bq]\?[^?]*\?=)[ \t]+(?==\?[^?\s]+\?[bq]\?[^?]*\?=)/gi;

/**
 * The text of a header with its encoded words (RFC 2047) read; those that follow one another in one charset are read
 * together, for some cut characters in two.
 * @throws NotText
 */
export function decodeWords(text: string): string {
  const joined = text.replace(BETWEEN, '$1');
  let result = '';
  let run: { charset: string; bytes: Buffer[] } | undefined;
  let end = 0;
  const flush = (): void => {
    if (run) result += decodeCharset(Buffer.concat(run.bytes), run.charset);
    run = undefined;
  };
  for (const match of joined.matchAll(WORD)) {
    const [all, charset = '', encoding = '', encoded = ''] = match;
    const between = joined.slice(end, match.index);
    if (between !== '' || run?.charset.toLowerCase() !== charset.toLowerCase()) flush();
    result += between;
    run ??= { charset, bytes: [] };
    run.bytes.push(
      /b/i.test(encoding)
        ? Buffer.from(encoded, 'base64')
        : fromHex(encoded.replaceAll('_', ' '), '='),
    );
    end = match.index + all.length;
  }
  flush();
  return result + joined.slice(end);
}

/** A header such as Content-Type (RFC 2045 §5.1): a value in lower case, and parameters by their names in lower case. */
export interface Structured {
  value: string;
  params: Readonly<Record<string, string>>;
}

const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/g;

/** @throws NotText */
export function parseStructured(text: string): Structured {
  const value = (/^[^;]*/.exec(text)?.[0] ?? '')
    .replace(/\s\(.*$/, '')
    .trim()
    .toLowerCase();
  // A parameter may be called `constructor`.
  const plain: Record<string, string> = Object.create(null);
  const pieces: Record<string, { index: number; isExtended: boolean; text: string }[]> =
    Object.create(null);
  for (const [, key = '', given = ''] of text.matchAll(PARAMETER)) {
    const content = given.startsWith('"')
      ? given.slice(1, -1).replace(/\\(.)/g, '$1')
      : given.replace(/\s+\(.*$/, '').trim();
    const [, name = '', index, star] = /^(.*?)(?:\*(\d+))?(\*)?$/.exec(key.toLowerCase()) ?? [];
    if (index === undefined && star === undefined) plain[name] ??= decodeWords(content);
    else {
      pieces[name] ??= [];
      pieces[name].push({
        index: Number(index ?? 0),
        isExtended: star !== undefined,
        text: content,
      });
    }
  }
  const extended = Object.entries(pieces).map(([name, parts]) => [name, joinPieces(parts)]);
  return { value, params: { ...plain, ...Object.fromEntries(extended) } };
}

/** A value in pieces, or percent-encoded, or both (RFC 2231 §3, §4). */
function joinPieces(pieces: { index: number; isExtended: boolean; text: string }[]): string {
  const sorted = [...pieces].sort((a, b) => a.index - b.index);
  const [, charset = '', first] = /^([^']*)'[^']*'(.*)$/s.exec(sorted[0]?.text ?? '') ?? [];
  const bytes = sorted.map(({ isExtended, text }, index) => {
    if (!isExtended) return Buffer.from(text);
    const encoded = index === 0 ? (first ?? text) : text;
    return fromHex(encoded, '%');
  });
  return decodeCharset(Buffer.concat(bytes), charset);
}

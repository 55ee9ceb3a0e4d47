import { encodeWord } from 'nodemailer/lib/mime-funcs';
import type { MessageFile } from '../domain/message-file.js';

/** What stands in quotes as it is, and no decoder takes for an encoded word. */
const PLAIN = /^(?! )(?!.*=\?)[ !#-[\]-~]{1,60}(?<! )$/;
/** RFC 5987 §3.2.1: attr-char. */
const KEPT = /[A-Za-z0-9!#$&+.^_`|~-]/;
/** Characters of an encoded value in one line. */
const SECTION = 60;

const percentEncoded = (character: string): string =>
  KEPT.test(character)
    ? character
    : [...Buffer.from(character)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join('');

/**
 * A name as RFC 2231 §3, §4 write one, in lines of their own: no character is cut in two, for some programs decode each
 * section by itself.
 */
function extended(key: string, name: string): string {
  const sections: string[] = [];
  let section = "utf-8''";
  for (const character of name) {
    const encoded = percentEncoded(character);
    if (section.length + encoded.length > SECTION) {
      sections.push(section);
      section = '';
    }
    section += encoded;
  }
  sections.push(section);
  return sections
    .map((text, index) => `;\r\n ${key}${sections.length === 1 ? '' : `*${index}`}*=${text}`)
    .join('');
}

/** For programs that look for the name here, and know encoded words alone (RFC 2047). */
const nameInType = (name: string): string =>
  `;\r\n name="${encodeWord(name, 'B', 52).replace(/\?= =\?/g, '?=\r\n =?')}"`;

/** The headers of a file's part, which is in base64, and the empty line after them. */
export function filePartHeader({ name, type, disposition, cid }: MessageFile): string {
  const isPlain = PLAIN.test(name);
  const plain = (key: string): string => `;\r\n ${key}="${name}"`;
  return [
    `Content-Type: ${type}${isPlain ? plain('name') : nameInType(name)}`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: ${disposition}${isPlain ? plain('filename') : extended('filename', name)}`,
    ...(cid === null ? [] : [`Content-ID: <${cid}>`]),
    '\r\n',
  ].join('\r\n');
}

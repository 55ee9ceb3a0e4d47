/** Flags of England, Scotland, Wales (UTS #51 §B): the one use of tag characters that is seen. */
const FLAG_OF_TAGS = '\\u{1f3f4}[\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}]{1,8}\\u{e007f}';

/**
 * C0, DEL and C1; line and paragraph separators; embeddings, overrides and isolates of the writing direction (UAX #9
 * §2); deprecated and interlinear controls; half surrogates; tags; and what can only deceive, for it is never seen and
 * joins nothing: soft hyphen, zero width space, word joiner, invisible operators, byte order mark.
 */
const UNSAFE =
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u200b\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ud800-\\udfff\\u{e0000}-\\u{e007f}]';

const FLAG_OR_UNSAFE = new RegExp(`(${FLAG_OF_TAGS})|${UNSAFE}`, 'gu');

const escapeCharacter = (character: string): string => {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
};

/**
 * Text from a list or a server as one harmless line: control characters, terminal escapes, line breaks and
 * characters that turn the writing direction are spelled out (`\x1b`, `\u{202e}`). What the world's languages and emoji
 * are written with stays: joiners and non-joiners, marks of direction, combining marks, variation selectors.
 */
export const printable = (text: string): string =>
  text.replace(FLAG_OR_UNSAFE, (found, flag?: string) => flag ?? escapeCharacter(found));

import { fieldName } from '../domain/fields.js';
import { blanked, findLiquid } from './liquid-spans.js';
import { decodeEntities } from './plain-text.js';

/** A tag of Liquid written so that Liquid does not see it. */
export interface EncodedTag {
  /** Where it begins in the template. */
  index: number;
  written: string;
  /** As Liquid takes it. */
  meant: string;
}

/** A character as editors of HTML, encoders of URLs and scripts write it; both may have gone over it more than once. */
const spelled = (character: string, names: string): string => {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  const wide = String.fromCharCode(code + 0xfee0);
  return `(?:%(?:25)*${hex}|&(?:amp;)*(?:#0*${code}|#x0*${hex}|${names});|\\\\u00${hex}|\\\\x${hex}|[${character}${wide}])`;
};
const OPEN = spelled('{', 'lbrace|lcub');
const CLOSE = spelled('}', 'rbrace|rcub');
const PERCENT = spelled('%', 'percnt');
/** What stands between two braces of one tag: markup, and what has no width. */
const GAP =
  '(?:<[^<>]{0,300}>|&(?:amp;)*(?:zwnj|zwj|shy|ZeroWidthSpace|#8203|#x200b);|[\\u00AD\\u200B-\\u200D\\u2060\\uFEFF])*';

const INSIDE = `((?:(?!${OPEN}|${CLOSE})[\\s\\S]){1,300}?)`;
const TAG = new RegExp(
  `(${OPEN}${GAP}${OPEN})${INSIDE}(${CLOSE}${GAP}${CLOSE})|(${OPEN}${GAP}${PERCENT})${INSIDE}(${PERCENT}${GAP}${CLOSE})`,
  'gi',
);

/** What a tag says, once all that an editor or an encoder did to it is undone. */
function meaning(inside: string): string {
  let text = inside.replace(/<[^<>]*>/g, '').replace(/\+/g, ' ');
  for (let before = ''; before !== text; ) {
    before = text;
    text = decodeEntities(text).replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => {
      try {
        return decodeURIComponent(bytes);
      } catch {
        return bytes;
      }
    });
  }
  return text.replace(/[\s\u00AD\u200B-\u200D\u2060\uFEFF]+/g, ' ').trim();
}

const OUTPUT = /^-?\s*([\p{L}_][\p{L}\p{M}\p{N}_ .-]*?)\s*(?:\|.*)?-?$/u;
const STATEMENT = /^-?\s*[a-z_#]+\b.*$/i;

/**
 * Finds the first tag that is written with entities, percent-encoded, or torn apart by markup, and would so be sent as it
 * stands, in a template that Liquid parses. Where only its beginning is encoded it counts if it names a field: so an author writes that tags are spoken of.
 */
export function findEncodedTag(source: string, fields: readonly string[]): EncodedTag | null {
  // What Liquid sees, and what it is told to leave alone, is left out.
  const unseen = blanked(source, findLiquid(source, { unread: ['raw', 'comment'] }));
  const known = new Set(fields);
  for (const match of unseen.matchAll(TAG)) {
    const [written, openOutput, output, closeOutput, , statement] = match;
    const text = meaning(output ?? statement ?? '');
    if (statement !== undefined) {
      if (!STATEMENT.test(text)) continue;
      return { index: match.index, written, meant: `{% ${text} %}` };
    }
    const [, name] = OUTPUT.exec(text) ?? [];
    if (name === undefined) continue;
    const isField = known.has(fieldName(name, 0));
    const isEncoded = openOutput !== '{{' && closeOutput !== '}}';
    if (isField || isEncoded) return { index: match.index, written, meant: `{{ ${text} }}` };
  }
  return null;
}

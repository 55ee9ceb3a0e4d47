import { convert } from 'html-to-text';

const LIQUID = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
/** Liquid that puts markup of its own or of a value into HTML. */
const WRITES_MARKUP = /\|\s*raw\b|^\{%-?\s*tablerow\b/;
/** Private-use characters, which no HTML parser touches. */
const token = (index: number): string => `\uE000${index}\uE001`;
const TOKEN = /\uE000(\d+)\uE001/g;

/** The text a mail reader without HTML shows: paragraphs, lists, and links with their addresses. */
export const htmlToText = (html: string): string =>
  convert(html, {
    wordwrap: false,
    selectors: [
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
        selector,
        options: { uppercase: false },
      })),
      { selector: 'table', options: { uppercaseHeaderCells: false } },
      { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
      { selector: 'img', format: 'skip' },
    ],
  });

/** Text with its character references read, such as `&amp;` and `&eacute;`. */
export const decodeEntities = (text: string): string =>
  text.replace(/&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);/gi, (reference) =>
    convert(`<pre>${reference}</pre>`, { wordwrap: false }),
  );

/** Whether each tag, and each output between two tags, still stands between the same ones. */
function keepsOrder(liquid: readonly string[], kept: readonly number[]): boolean {
  let tags = 0;
  const ranks = liquid.map((piece) => (piece.startsWith('{%') ? tags++ : tags));
  let seen = 0;
  for (const index of kept) {
    if (ranks[index] !== seen) return false;
    if (liquid[index]?.startsWith('{%')) seen += 1;
  }
  return seen === tags;
}

/**
 * The text template of an HTML template, made once for all recipients. Null where that cannot be done because a
 * Liquid tag stands where the conversion drops or moves it, or it writes markup: each message's HTML must then be
 * converted by itself.
 */
export function deriveTextTemplate(html: string): string | null {
  const liquid: string[] = [];
  const text = htmlToText(html.replace(LIQUID, (piece) => token(liquid.push(piece) - 1)));
  if (liquid.some((piece) => WRITES_MARKUP.test(piece))) return null;
  const kept = [...text.matchAll(TOKEN)].map(([, index]) => Number(index));
  const source = text.replace(TOKEN, (_, index) => liquid[Number(index)] ?? '');
  const found = source.match(LIQUID)?.length ?? 0;
  return found === kept.length && keepsOrder(liquid, kept) ? source : null;
}

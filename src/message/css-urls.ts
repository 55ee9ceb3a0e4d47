import type { Span } from './html-attributes.js';

/** Quotes, which stand as references in an attribute. */
const QUOTE = `&quot;|&#0*3[49];|&#x0*2[27];|&apos;|["']`;
const OPENING = new RegExp(`^\\s*(?:${QUOTE})?`, 'i');
const CLOSING = new RegExp(`(?:${QUOTE})?$`, 'i');
/** Up to the next parenthesis, so that no part of a style is read twice. */
const URL_FUNCTION = /url\(([^()]*)\)/gi;

/** Finds what `url(…)` names in a style sheet, or in the `style` of an element, without its quotes. */
export function findCssUrls(text: string, { start, end }: Span): Span[] {
  return [...text.slice(start, end).matchAll(URL_FUNCTION)].flatMap(({ 1: inside = '', index }) => {
    const before = OPENING.exec(inside)?.[0].length ?? 0;
    const url = inside.slice(before).trimEnd().replace(CLOSING, '');
    if (/["']/.test(url)) return [];
    const from = start + index + 'url('.length + before;
    return [{ start: from, end: from + url.length }];
  });
}

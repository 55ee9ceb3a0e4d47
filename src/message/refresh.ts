import { readHtml, type Span, type Tag, valuesOf } from './html-attributes.js';
import { replaceSpans } from './liquid-spans.js';
import { decodeEntities } from './plain-text.js';

/** Whether a tag leads its reader elsewhere by itself (HTML Standard §4.2.5.3). */
export const isRefresh = (html: string, tag: Tag): boolean =>
  tag.name === 'meta' &&
  /^\s*refresh\s*$/i.test(decodeEntities(valuesOf(html, tag).get('http-equiv') ?? ''));

/** HTML without what leads elsewhere by itself. What a browser may read as a tag, and we do not, loses its effect. */
export function withoutRefresh(html: string): string {
  const refreshes: Span[] = [];
  readHtml(html, {
    tag: (tag) => {
      if (isRefresh(html, tag)) refreshes.push(tag);
    },
  });
  // A blank, so that what stands around it makes no tag.
  return replaceSpans(html, refreshes, () => ' ').replace(/http-equiv(?=\s*=)/gi, 'no-equiv');
}

/** Elements that have no end tag, or may go without one (HTML, 13.1.2): that they are begun says nothing of how deep they stand. */
const MAY_LACK_END = new Set(
  (
    'area base br col embed hr img input link meta param source track wbr ' +
    'html head body p li dt dd rt rp optgroup option colgroup caption thead tbody tfoot tr td th'
  ).split(' '),
);
const TAG = /<(\/?)([a-z][^\s<>/]*)(?=[\s/>])[^<>]*>/gi;

/** No reading of HTML that goes deeper comes to an end, and parsers take time by the square of it before that shows. */
const DEEPEST = 10_000;

export const isTooDeep = (html: string): boolean => nestingOf(html) > DEEPEST;

/** In how many elements something stands in HTML, at least. Linear in its length, as parsers are not that keep a stack of them. */
export function nestingOf(html: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [tag, slash, name = ''] of html.matchAll(TAG)) {
    if (tag.endsWith('/>') || MAY_LACK_END.has(name.toLowerCase())) continue;
    depth = Math.max(0, depth + (slash ? -1 : 1));
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

import { Following } from './following.js';
import type { Span } from './html-attributes.js';

/** Finds style sheets, from their tag to their end tag, in time that grows as the text does. */
export function findStyleElements(html: string): Span[] {
  const begins = /<style\b[^<>]*>/gi;
  const ends = new Following(html, /<\/style\s*>/gi);
  const spans: Span[] = [];
  for (let match = begins.exec(html); match; match = begins.exec(html)) {
    const end = ends.behind(begins.lastIndex);
    if (end === null) break;
    spans.push({ start: match.index, end });
    begins.lastIndex = end;
  }
  return spans;
}

import { findCssUrls } from './css-urls.js';
import { findAttributes, type Span } from './html-attributes.js';
import { findLiquid, replaceSpans } from './liquid-spans.js';
import { decodeEntities } from './plain-text.js';

/** A place in a template of HTML that names a picture which is not on the Web. */
export interface ImageReference extends Span {
  /** As it stands there. */
  written: string;
  /** From 1. */
  line: number;
  /** What it names: a path, decoded, a Content-ID, or what only Liquid knows. */
  names: { path: string } | { cid: string } | 'liquid';
}

/** Of a private use, so that no markup has it. */
const MASK = '\uE000';

/** Elements that show what their `src` names; those with a `v:` are Outlook's. */
const SHOWING = new Set(['img', 'image', 'input', 'v:fill', 'v:image', 'v:imagedata']);
/** What a style sheet may name beside fonts and other sheets. */
const PICTURE = /\.(?:png|jpe?g|gif|webp|svg|bmp|avif|apng|ico|tiff?)(?:[?#].*)?$/i;
const CANDIDATE = /[^\s,]\S*[^\s,](?=[\s,]|$)/g;

/** Finds what a template shows and mail programs do not fetch: paths and Content-IDs, and what may be one. */
export function findImages(html: string): ImageReference[] {
  // Of the same length, so that places stay what they are.
  const liquid = findLiquid(html, { unread: ['comment'] });
  const masked = replaceSpans(html, liquid, (piece) => MASK.repeat(piece.length));
  const { attributes, styles } = findAttributes(masked);
  const base = attributes.find(({ tag, name }) => tag === 'base' && name === 'href');
  const isOnWeb = base !== undefined && isWebBase(masked.slice(base.start, base.end));
  const spans: Span[] = [];
  for (const { tag, name, start, end } of attributes) {
    const span = { start, end };
    if (name === 'src' && SHOWING.has(tag)) spans.push(span);
    else if (name === 'background') spans.push(span);
    else if (name === 'srcset' && (tag === 'img' || tag === 'source'))
      spans.push(...findCandidates(masked, span));
    else if (name === 'style') spans.push(...picturesIn(masked, span));
  }
  for (const span of styles) spans.push(...picturesIn(masked, span));
  return spans
    .sort((a, b) => a.start - b.start)
    .flatMap((span) => referenceAt(html, masked, span, isOnWeb) ?? []);
}

/** Whether relative paths are on the Web, by what `<base href>` says. */
export const isWebBase = (href: string): boolean => /^(?:https?:)?\/\//i.test(cleanUrl(href));

const cleanUrl = (written: string): string =>
  decodeEntities(written)
    .replace(/[\t\r\n]/g, '')
    .trim();

function picturesIn(masked: string, style: Span): Span[] {
  return findCssUrls(masked, style).filter(({ start, end }) => {
    const url = masked.slice(start, end);
    return PICTURE.test(url.trim()) || url.startsWith('cid:');
  });
}

/** The URLs of a srcset, each with what a screen must be for it. */
export function findCandidates(html: string, { start, end }: Span): Span[] {
  return [...html.slice(start, end).matchAll(CANDIDATE)].flatMap(({ 0: word, index }) =>
    /^[\d.]+[wxh]$/.test(word) ? [] : [{ start: start + index, end: start + index + word.length }],
  );
}

function referenceAt(
  html: string,
  masked: string,
  span: Span,
  isOnWeb: boolean,
): ImageReference | undefined {
  const names = namedBy(masked.slice(span.start, span.end), isOnWeb);
  if (names === undefined) return undefined;
  const line = html.slice(0, span.start).split('\n').length;
  return { ...span, written: html.slice(span.start, span.end), line, names };
}

/** Undefined for what is on the Web, as all relative paths may be, or written in the place itself. */
function namedBy(masked: string, isOnWeb: boolean): ImageReference['names'] | undefined {
  const url = cleanUrl(masked);
  if (url === '' || url.startsWith('#') || url.startsWith('//')) return undefined;
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(url) ?? [];
  const rest = scheme === undefined ? url : url.slice(scheme.length + 1);
  switch (scheme?.toLowerCase()) {
    case undefined:
      if (isOnWeb && !url.startsWith(MASK)) return undefined;
      break;
    case 'cid':
      return url.includes(MASK) ? 'liquid' : { cid: decoded(rest) };
    case 'file':
      return { path: decoded(rest.replace(/^\/\/[^/]*/, '')) };
    default:
      return undefined;
  }
  if (url.includes(MASK)) return 'liquid';
  return { path: decoded(url.replace(/[?#].*$/, '')).replaceAll('\\', '/') };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The template with something else in these places. */
export function replaceImages(
  html: string,
  replacements: ReadonlyMap<ImageReference, string>,
): string {
  let replaced = '';
  let from = 0;
  for (const [{ start, end }, text] of replacements) {
    replaced += html.slice(from, start) + text;
    from = end;
  }
  return replaced + html.slice(from);
}

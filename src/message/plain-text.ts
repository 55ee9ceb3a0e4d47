import { compile, type DomNode, type FormatCallback, type HtmlToTextOptions } from 'html-to-text';
import { CampaignError } from '../errors.js';
import { findLiquid, replaceSpans } from './liquid-spans.js';
import { isTooDeep } from './nesting.js';
import { dependsOn, isSpacer, removeHidden } from './visible.js';

/** Liquid that puts markup of its own or of a value into HTML. */
const WRITES_MARKUP = /\|\s*raw\b|^\{%-?\s*tablerow\b/;
/** Private-use characters, which no HTML parser touches. */
const TOKEN_START = '\uE000';
const token = (index: number): string => `${TOKEN_START}${index}\uE001`;
/** An element whose name Liquid writes, which a parser without the values takes for text. */
const NAMED_BY_TOKEN = /<\/?\uE000/;
const TOKEN = /\uE000(\d+)\uE001/g;

const NEXT_CELL = '\uE002';

/** An element around all others, where the tree can be pruned before it is walked. */
const ROOT = 'campaign-root';

const visible: FormatCallback = (root, walk, builder) => {
  removeHidden(root);
  walk(root.children, builder);
};

const altText: FormatCallback = ({ attribs }, _walk, builder) =>
  builder.addInline(attribs?.alt ?? '');

const childrenOf = (node: DomNode): DomNode[] => node.children ?? [];

const hasContent = (node: DomNode): boolean =>
  (node.type === 'text' && /\S/.test(node.data ?? '')) ||
  Boolean(node.attribs?.alt ?? node.attribs?.href) ||
  childrenOf(node).some(hasContent);

const BLOCKS = [
  ...[
    'address',
    'article',
    'aside',
    'blockquote',
    'br',
    'center',
    'dd',
    'div',
    'dl',
    'dt',
    'figure',
  ],
  ...[
    'footer',
    'form',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'header',
    'hr',
    'main',
    'nav',
    'ol',
    'p',
  ],
  ...['pre', 'section', 'table', 'ul'],
];

const hasBlocks = (node: DomNode): boolean =>
  childrenOf(node).some((child) => BLOCKS.includes(child.name ?? '') || hasBlocks(child));

/** Cells of a row stand side by side, or one below the other where one of them has lines of its own. */
const row: FormatCallback = (elem, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 1 });
  const isStacked = hasBlocks(elem);
  let isFirst = true;
  for (const node of childrenOf(elem)) {
    if (node.name !== 'td' && node.name !== 'th') {
      walk([node], builder);
    } else if (isStacked) {
      builder.openBlock({ leadingLineBreaks: 1 });
      walk(childrenOf(node), builder);
      builder.closeBlock({ trailingLineBreaks: 1 });
    } else if (hasContent(node)) {
      if (!isFirst) builder.addInline(` ${NEXT_CELL} `);
      isFirst = false;
      walk(childrenOf(node), builder);
    }
  }
  builder.closeBlock({ trailingLineBreaks: 1 });
};

/**
 * A conversion that is compiled when it is first used: most messages need none, and it takes longer than all else here.
 * It throws TooDeep.
 */
function lazily(options: HtmlToTextOptions): (html: string) => string {
  let convert: ((html: string) => string) | undefined;
  return (html) => {
    if (isTooDeep(html)) throw new TooDeep();
    convert ??= compile(options);
    try {
      return convert(html);
    } catch (error) {
      throw error instanceof RangeError ? new TooDeep(error) : error;
    }
  };
}

/** Elements stand in one another so deep that no reading of them comes to an end. */
export class TooDeep extends CampaignError {
  override readonly remedy = 'end each element where it ends, or give a text part with --text';

  constructor(cause?: RangeError) {
    super(
      'BAD_TEMPLATE',
      'no text part can be made of the HTML: its elements stand in one another too deep',
      undefined,
      { cause },
    );
  }
}

const convert = lazily({
  wordwrap: false,
  baseElements: { selectors: [ROOT] },
  formatters: { visible, altText, row },
  selectors: [
    { selector: ROOT, format: 'visible' },
    ...['head', 'title'].map((selector) => ({ selector, format: 'skip' })),
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
      selector,
      options: { uppercase: false },
    })),
    ...['address', 'caption', 'center', 'dd', 'dl', 'dt', 'figure'].map((selector) => ({
      selector,
      format: 'block',
    })),
    { selector: 'tr', format: 'row' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    { selector: 'img', format: 'altText' },
  ],
});

/** What a reader of the HTML sees, as text: paragraphs, lists, rows of tables, images' alt texts, links with addresses. */
export const htmlToText = (html: string): string =>
  convert(`<${ROOT}>${html}</${ROOT}>`).replaceAll(` ${NEXT_CELL} `, '  ');

/** What a reader of a text in HTML sees of it: characters, blanks between words counted once, and pictures that say something. */
export interface Seen {
  characters: number;
  pictures: number;
}

/** Characters of a text, blanks between words counted once. */
export const countCharacters = (text: string): number => text.replace(/\s+/g, ' ').trim().length;

/** Up to this size, in pixels, a picture is a logo, an icon or a button beside a text. */
const SMALL = { width: 200, height: 100 };
const isUpTo = (most: number, size = ''): boolean =>
  /^\s*\d+(?:px)?\s*$/.test(size) && Number.parseInt(size, 10) <= most;

/** Whether a picture may say what a text should: decoration (`alt=""`), logos and what nobody sees do not. */
function isTelling({ attribs = {} }: DomNode): boolean {
  const { alt, src, id, class: names, width, height } = attribs;
  if (alt?.trim() === '' || isSpacer(new Map(Object.entries(attribs)))) return false;
  if (isUpTo(SMALL.width, width) || isUpTo(SMALL.height, height)) return false;
  return ![alt, src, id, names].some((text) => /(?<!\p{L})logo(?!\p{L})/iu.test(text ?? ''));
}

const NOT_SEEN = new Set(['head', 'title', 'style', 'script', 'template']);

function countSeen(root: DomNode): Seen {
  const seen: Seen = { characters: 0, pictures: 0 };
  const left: DomNode[] = [root];
  for (let node = left.pop(); node; node = left.pop()) {
    if (node.type === 'text') seen.characters += countCharacters(node.data ?? '');
    else if (node.name === 'img' && isTelling(node)) seen.pictures += 1;
    if (!NOT_SEEN.has(node.name ?? '')) for (const child of childrenOf(node)) left.push(child);
  }
  return seen;
}

const convertToCounts = lazily({
  wordwrap: false,
  baseElements: { selectors: [ROOT] },
  formatters: {
    counts: (root, _walk, builder) => {
      removeHidden(root);
      const { characters, pictures } = countSeen(root);
      builder.addInline(`${characters}/${pictures}`);
    },
  },
  selectors: [{ selector: ROOT, format: 'counts' }],
});

/** Counts what a reader sees, hidden elements left out. */
export function seenIn(html: string): Seen {
  const [characters = 0, pictures = 0] = convertToCounts(`<${ROOT}>${html}</${ROOT}>`)
    .split('/')
    .map(Number);
  return { characters, pictures };
}

/** Empty but where a token decides what is seen. */
const findDeciding = lazily({
  baseElements: { selectors: [ROOT] },
  formatters: {
    deciding: (root, _walk, builder) => {
      if (dependsOn(root, TOKEN_START)) builder.addInline(TOKEN_START);
    },
  },
  selectors: [{ selector: ROOT, format: 'deciding' }],
});

const REFERENCES = /(&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);)/i;
/** Two characters, which no one reference stands for. */
const NEXT_REFERENCE = '\uE002\uE003';
const decode = lazily({ wordwrap: false });

/** Text with its character references read, such as `&amp;` and `&eacute;`: all of them at once, as each reading costs. */
export function decodeEntities(text: string): string {
  const pieces = text.split(REFERENCES);
  if (pieces.length === 1) return text;
  const references = pieces.filter((_, index) => index % 2 === 1);
  const decoded = decode(`<pre>${['', ...references, ''].join(NEXT_REFERENCE)}</pre>`).split(
    NEXT_REFERENCE,
  );
  return pieces
    .map((piece, index) => (index % 2 === 1 ? (decoded[(index + 1) / 2] ?? piece) : piece))
    .join('');
}

/** A template's Liquid: outputs that are written alike between the same two tags are one piece, as their text is. */
class Pieces {
  readonly #pieces: { written: string; tagsBefore: number }[] = [];
  readonly #byText = new Map<string, number>();
  #tags = 0;

  /** @returns its index */
  add(written: string): number {
    const isTag = written.startsWith('{%');
    const key = `${this.#tags} ${written}`;
    const known = isTag ? undefined : this.#byText.get(key);
    if (known !== undefined) return known;
    const index = this.#pieces.push({ written, tagsBefore: this.#tags }) - 1;
    if (isTag) this.#tags += 1;
    else this.#byText.set(key, index);
    return index;
  }

  written(index: number): string {
    return this.#pieces[index]?.written ?? '';
  }

  writeMarkup(): boolean {
    return this.#pieces.some(({ written }) => WRITES_MARKUP.test(written));
  }

  /** Whether each tag, and each output between two tags, still stands between the same ones. */
  keepOrder(kept: readonly number[]): boolean {
    let seen = 0;
    for (const index of kept) {
      if (this.#pieces[index]?.tagsBefore !== seen) return false;
      if (this.written(index).startsWith('{%')) seen += 1;
    }
    return seen === this.#tags;
  }
}

/**
 * The text template of an HTML template, made once for all recipients. Null where that cannot be done because a
 * Liquid tag stands where the conversion drops or moves it, or Liquid writes markup or decides what is hidden: each
 * message's HTML must then be converted by itself.
 */
export function deriveTextTemplate(html: string): string | null {
  const pieces = new Pieces();
  const marked = replaceSpans(html, findLiquid(html), (piece) => token(pieces.add(piece)));
  if (pieces.writeMarkup() || NAMED_BY_TOKEN.test(marked)) return null;
  if (findDeciding(`<${ROOT}>${marked}</${ROOT}>`) !== '') return null;
  const text = htmlToText(marked);
  const kept = [...text.matchAll(TOKEN)].map(([, index]) => Number(index));
  const source = text.replace(TOKEN, (_, index) => pieces.written(Number(index)));
  const found = findLiquid(source).length;
  return found === kept.length && pieces.keepOrder(kept) ? source : null;
}

/** Whether no message made of an HTML template can have a text part with anything in it. */
export const hasNoText = (html: string): boolean =>
  !/\S/.test(
    htmlToText(
      replaceSpans(html, findLiquid(html), (piece) => (piece.startsWith('{{') ? 'x' : '')),
    ),
  );

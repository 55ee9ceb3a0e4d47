import { compile, type DomNode, type FormatCallback } from 'html-to-text';
import { removeHidden } from './visible.js';

const LIQUID = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
/** Liquid that puts markup of its own or of a value into HTML. */
const WRITES_MARKUP = /\|\s*raw\b|^\{%-?\s*tablerow\b/;
/** Private-use characters, which no HTML parser touches. */
const token = (index: number): string => `\uE000${index}\uE001`;
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

const convert = compile({
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

const REFERENCES = /(&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);)/i;
/** Two characters, which no one reference stands for. */
const NEXT_REFERENCE = '\uE002\uE003';
const decode = compile({ wordwrap: false });

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

/** Whether no message made of an HTML template can have a text part with anything in it. */
export const hasNoText = (html: string): boolean =>
  !/\S/.test(htmlToText(html.replace(LIQUID, (piece) => (piece.startsWith('{{') ? 'x' : ''))));

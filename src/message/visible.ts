import type { DomNode } from 'html-to-text';

/** A style's declarations by property; the last of a property counts. */
function declarations(style: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const declaration of style.toLowerCase().split(';')) {
    const colon = declaration.indexOf(':');
    if (colon === -1) continue;
    const value = declaration.slice(colon + 1).replace(/!\s*important/, '');
    found.set(declaration.slice(0, colon).trim(), value.trim());
  }
  return found;
}

const isZero = (value: string | undefined): boolean =>
  value !== undefined && /^(?:0+(?:\.0+)?|\.0+)(?:px|em|rem|pt|%)?$/.test(value);

/** No picture for anybody: what tells a sender that a message was opened, keeps a place free, or is hidden. */
export function isSpacer(attributes: ReadonlyMap<string, string>): boolean {
  const style = declarations(attributes.get('style') ?? '');
  const isTiny = ['width', 'height'].some((side) =>
    [attributes.get(side), style.get(side)].some((size) => /^\s*[01](?:px)?\s*$/.test(size ?? '')),
  );
  return isTiny || attributes.has('hidden') || hides(style);
}

/** Whether a style hides what has it, from readers on every screen. */
function hides(style: Map<string, string>): boolean {
  const clipped = style.get('overflow') === 'hidden';
  return (
    style.get('display') === 'none' ||
    style.get('visibility') === 'hidden' ||
    isZero(style.get('opacity')) ||
    isZero(style.get('max-height')) ||
    (clipped && (isZero(style.get('height')) || isZero(style.get('width'))))
  );
}

// No part of either can be read from two places on to one end: a sheet without an end must not hold the worker.
const COMMENTS = /\/\*[\s\S]*?(?:\*\/|$)/g;
const AT_RULES = /@[^{};@]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})/g;

/** Classes and ids that a style sheet hides, as `.name` and `#name`; what it says of some screens only is left out. */
function hiddenBySheet(css: string): Set<string> {
  const hidden = new Set<string>();
  const rules = css.replace(COMMENTS, '').replace(AT_RULES, '').split('}').slice(0, -1);
  for (const rule of rules) {
    const [style, selectors] = rule.split('{').reverse();
    if (style === undefined || selectors === undefined) continue;
    if (!hides(declarations(style))) continue;
    for (const selector of selectors.split(',')) {
      const [, name] = /^\s*[\w*-]*([.#][\w-]+)\s*$/.exec(selector) ?? [];
      if (name !== undefined) hidden.add(name);
    }
  }
  return hidden;
}

const childrenOf = (node: DomNode): DomNode[] => node.children ?? [];

const some = (node: DomNode, test: (node: DomNode) => boolean): boolean =>
  childrenOf(node).some((child) => test(child) || some(child, test));

/** A size of letters that nobody reads. */
const isTiny = (size = ''): boolean =>
  isZero(size) || (size.endsWith('px') && Number.parseFloat(size) <= 1);

/** Letters without size, but for parts that have one of their own, as columns in a cell without gaps do. */
const isWithoutSize = (node: DomNode, style: Map<string, string>): boolean =>
  isTiny(style.get('font-size')) &&
  !some(
    node,
    ({ name, attribs }: DomNode) =>
      name === 'img' || name === 'font' || Boolean(attribs?.style ?? attribs?.class),
  );

/** Hidden in Outlook alone, where a button is drawn otherwise. */
const isOfOtherReaders = (node: DomNode): boolean =>
  node.name === 'a' || some(node, ({ name }: DomNode) => name === 'a');

function isHidden(node: DomNode, bySheet: ReadonlySet<string>): boolean {
  const attribs = node.attribs ?? {};
  if ('hidden' in attribs) return true;
  const style = declarations(attribs.style ?? '');
  const names = [
    ...(attribs.class ?? '').split(/\s+/).map((name: string) => `.${name}`),
    `#${attribs.id ?? ''}`,
  ];
  return (
    hides(style) ||
    isWithoutSize(node, style) ||
    (style.get('mso-hide') === 'all' && !isOfOtherReaders(node)) ||
    names.some((name) => bySheet.has(name))
  );
}

/**
 * What fills up the line that an inbox shows under the subject: at least two characters without width (soft hyphen,
 * grapheme joiner, zero-width space, joiners, word joiner, byte order mark) and blanks. One alone joins or parts letters.
 */
const FILLER =
  /(?<![\s\u00A0\u2000-\u200A])[\s\u00A0\u2000-\u200A]*(?:[\u034F\u00AD\u180E\u200B-\u200F\u2060-\u2064\uFEFF][\s\u00A0\u2000-\u200A]*){2,}/g;

/** What decides whether an element is shown; and, of lists, how they are numbered. */
const SHAPING = ['style', 'class', 'id', 'hidden', 'start', 'type'];

/** Whether what a reader sees depends on something marked: in a style sheet, an element's name or an attribute that decides. */
export const dependsOn = (root: DomNode, mark: string): boolean =>
  some(root, (node) => {
    if (node.name?.includes(mark)) return true;
    if (node.name === 'style')
      return childrenOf(node).some(({ data }) => data?.includes(mark) ?? false);
    return Object.entries(node.attribs ?? {}).some(
      ([name, value]) =>
        name.includes(mark) || (SHAPING.includes(name) && String(value).includes(mark)),
    );
  });

/** Takes out of a tree what a reader of the HTML does not see. */
export function removeHidden(root: DomNode): void {
  let css = '';
  some(root, (node) => {
    if (node.name === 'style')
      css += childrenOf(node)
        .map(({ data }) => data ?? '')
        .join('');
    return false;
  });
  const bySheet = hiddenBySheet(css);
  const remove = (node: DomNode): void => {
    if (node.data !== undefined) node.data = node.data.replace(FILLER, ' ');
    if (!node.children) return;
    node.children = node.children.filter((child) => !isHidden(child, bySheet));
    node.children.forEach(remove);
  };
  remove(root);
}

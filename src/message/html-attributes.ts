/** Where something stands in a text. */
export interface Span {
  start: number;
  end: number;
}

/** An attribute, as HTML's tokenizer finds it (HTML Standard §13.2.5): where its value stands, which may be empty. */
export interface Attribute extends Span {
  /** Of the element, in lower case. */
  tag: string;
  /** In lower case. */
  name: string;
}

/** A start tag. */
export interface Tag extends Span {
  /** In lower case. */
  name: string;
  attributes: readonly Attribute[];
}

/** What the tokenizer gives of a text: attributes, and style sheets. */
export interface Found {
  attributes: Attribute[];
  styles: Span[];
}

/** Told what stands in a text in HTML, in its order. */
export interface HtmlListener {
  tag?(tag: Tag): void;
  endTag?(name: string): void;
  text?(text: Span): void;
  /** What an element holds that is no markup, to the end of the text where the element has no end. */
  raw?(name: string, content: Span): void;
}

/** Elements whose content is no markup. */
const RAW = new Set([
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
]);
const TAG_NAME = /[a-z][^\s/>]*/iy;
const ATTRIBUTE =
  /[\s/]*(?:(>)|([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))?)?)/dy;
/** What Outlook alone reads of a comment. No part of it is looked for beyond its line's end, or the next tag. */
const CONDITIONAL = /<!--\[if[^\]<>\n]{0,200}\]>(?:<!-->)?/iy;

const at = (pattern: RegExp, html: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index;
  return pattern.exec(html);
};

const after = (html: string, what: string, from: number): number => {
  const found = html.indexOf(what, from);
  return found === -1 ? html.length : found + what.length;
};

/** Reads a text in HTML from its beginning to its end; what stands in comments for Outlook too, and no other comment. */
export function readHtml(html: string, told: HtmlListener): void {
  let read = 0;
  for (let index = html.indexOf('<'); index !== -1; index = html.indexOf('<', index)) {
    const end = readMarkup(html, index, read, told);
    if (end === undefined) index += 1;
    else {
      index = end;
      read = end;
    }
  }
  if (read < html.length) told.text?.({ start: read, end: html.length });
}

/** @returns where what begins with this `<` ends; undefined where it is text */
function readMarkup(
  html: string,
  index: number,
  read: number,
  told: HtmlListener,
): number | undefined {
  const beginsWith = html.charAt(index + 1);
  const isEnd = beginsWith === '/';
  const name = at(TAG_NAME, html, index + (isEnd ? 2 : 1))?.[0].toLowerCase();
  if (name === undefined && beginsWith !== '!' && beginsWith !== '?') return undefined;
  if (read < index) told.text?.({ start: read, end: index });
  if (name === undefined) {
    const conditional = at(CONDITIONAL, html, index);
    if (conditional) return index + conditional[0].length;
    return html.startsWith('<!--', index)
      ? after(html, '-->', index + 2)
      : after(html, '>', index + 2);
  }
  if (!isEnd) return readTag(html, name, { start: index, end: TAG_NAME.lastIndex }, told);
  told.endTag?.(name);
  return after(html, '>', TAG_NAME.lastIndex);
}

/** @returns where the tag ends, or its content, where that is no markup */
function readTag(html: string, name: string, begun: Span, told: HtmlListener): number {
  const attributes: Attribute[] = [];
  let index = begun.end;
  for (;;) {
    const match = at(ATTRIBUTE, html, index);
    if (!match) return html.length;
    index = ATTRIBUTE.lastIndex;
    const [, close, attribute = ''] = match;
    if (close !== undefined) break;
    const [start, end] = match.indices?.[3] ??
      match.indices?.[4] ??
      match.indices?.[5] ?? [index, index];
    attributes.push({ tag: name, name: attribute.toLowerCase(), start, end });
  }
  told.tag?.({ name, attributes, start: begun.start, end: index });
  if (!RAW.has(name)) return index;
  const end = html.slice(index).search(new RegExp(`</${name}`, 'i'));
  const content = { start: index, end: end === -1 ? html.length : index + end };
  told.raw?.(name, content);
  return content.end;
}

/** Values of a tag by their names, as they are written; of attributes with one name the first counts. */
export function valuesOf(html: string, { attributes }: Tag): Map<string, string> {
  const values = new Map<string, string>();
  for (const { name, start, end } of attributes) {
    if (!values.has(name)) values.set(name, html.slice(start, end));
  }
  return values;
}

/** Finds the attributes of a text in HTML, those too that stand in comments for Outlook. */
export function findAttributes(html: string): Found {
  const found: Found = { attributes: [], styles: [] };
  readHtml(html, {
    tag: ({ attributes }) => {
      for (const attribute of attributes) found.attributes.push(attribute);
    },
    raw: (name, content) => {
      if (name === 'style') found.styles.push(content);
    },
  });
  return found;
}

/** Where something stands in a text. */
export interface Span {
  start: number;
  end: number;
}

/** An attribute with a value, as HTML's tokenizer finds it (HTML Standard §13.2.5). */
export interface Attribute extends Span {
  /** Of the element, in lower case. */
  tag: string;
  /** In lower case. */
  name: string;
}

/** What the tokenizer gives of a text: values of attributes, and style sheets. */
export interface Found {
  attributes: Attribute[];
  styles: Span[];
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
  /[\s/]*(?:(>)|([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))?)?)/dy;
/** What Outlook alone reads of a comment. */
const CONDITIONAL = /<!--\[if[^\]]*\]>(?:<!-->)?/iy;

const at = (pattern: RegExp, html: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index;
  return pattern.exec(html);
};

const after = (html: string, what: string, from: number): number => {
  const found = html.indexOf(what, from);
  return found === -1 ? html.length : found + what.length;
};

/** Finds the attributes of a text in HTML, those too that stand in comments for Outlook. */
export function findAttributes(html: string): Found {
  const found: Found = { attributes: [], styles: [] };
  for (let index = html.indexOf('<'); index !== -1; index = html.indexOf('<', index)) {
    const conditional = at(CONDITIONAL, html, index);
    const name = at(TAG_NAME, html, index + 1);
    if (conditional) index += conditional[0].length;
    else if (html.startsWith('<!--', index)) index = after(html, '-->', index + 4);
    else if (name) index = readTag(html, name[0].toLowerCase(), TAG_NAME.lastIndex, found);
    else index += 1;
  }
  return found;
}

/** @returns where the tag ends, or its content, where that is no markup */
function readTag(html: string, tag: string, from: number, found: Found): number {
  let index = from;
  for (;;) {
    const match = at(ATTRIBUTE, html, index);
    if (!match) return html.length;
    index = ATTRIBUTE.lastIndex;
    const [, close, name = ''] = match;
    if (close !== undefined) break;
    const place = match.indices?.[3] ?? match.indices?.[4] ?? match.indices?.[5];
    if (!place) continue;
    const [start, end] = place;
    found.attributes.push({ tag, name: name.toLowerCase(), start, end });
  }
  if (!RAW.has(tag)) return index;
  const end = html.slice(index).search(new RegExp(`</${tag}`, 'i'));
  const span = { start: index, end: end === -1 ? html.length : index + end };
  if (tag === 'style') found.styles.push(span);
  return span.end;
}

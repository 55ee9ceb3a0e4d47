/**
 * How text is written where a template is used. While Liquid renders, the template's own markup is *marked*: each
 * character that means something there is another one, which no value has. So filters may do with a value what they
 * like: what is not marked is a value, or made of one, and is encoded at the end, once.
 */
export interface Encoding {
  /** A value alone. */
  encode(value: string): string;
  /** Marks text that is to stand as it is. */
  mark(text: string): string;
  /** What was rendered so far, as the template's author sees it. */
  unmark(text: string): string;
  /** A value without marks, which it must not bring. */
  clean(value: string): string;
  /** What was rendered, with its values encoded and its marks taken for what they stand for. */
  finish(rendered: string): string;
  /** What `newline_to_br` puts before each line break. */
  lineBreak: string;
  /** Whether the static text between tags has to be marked. */
  marksStatic: boolean;
}

const HTML_ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};
const HTML_SPECIAL = /[&<>"']/;
const HTML_SPECIALS = /[&<>"']/g;
/** Noncharacters, which Unicode keeps free for a program's own use (§23.7). */
const HTML_MARKS: Record<string, string> = {
  '&': '\uFDD0',
  '<': '\uFDD1',
  '>': '\uFDD2',
  '"': '\uFDD3',
  "'": '\uFDD4',
};
const MARKED_HTML = Object.fromEntries(Object.entries(HTML_MARKS).map(([c, mark]) => [mark, c]));
const HTML_MARK = /[\uFDD0-\uFDD4]/g;
const HTML_MARK_OR_SPECIAL = /[\uFDD0-\uFDD4&<>"']/g;

const markHtml = (text: string): string =>
  text.replace(HTML_SPECIALS, (character) => HTML_MARKS[character] ?? '');
const unmarkHtml = (text: string): string =>
  text.search(HTML_MARK) === -1 ? text : text.replace(HTML_MARK, (mark) => MARKED_HTML[mark] ?? '');
const MARKED_TAG = /\uFDD1[^\uFDD1\uFDD2]*\uFDD2/g;
const LINE_BREAK = markHtml('<br />');

/** HTML content and quoted attributes, escaped as Liquid's `escape` does. */
export const FOR_HTML: Encoding = {
  encode: (value) =>
    HTML_SPECIAL.test(value)
      ? value.replace(HTML_SPECIALS, (character) => HTML_ESCAPES[character] ?? '')
      : value,
  mark: markHtml,
  unmark: unmarkHtml,
  clean: (value) => value.replace(HTML_MARK, '\uFFFD'),
  finish: (rendered) =>
    rendered.replace(
      HTML_MARK_OR_SPECIAL,
      (character) => HTML_ESCAPES[character] ?? MARKED_HTML[character] ?? '',
    ),
  lineBreak: LINE_BREAK,
  marksStatic: true,
};

/** Text without markup, such as a subject: nothing is encoded, and what a filter puts in as markup is left out. */
export const FOR_TEXT: Encoding = {
  encode: (value) => value,
  mark: markHtml,
  unmark: unmarkHtml,
  clean: FOR_HTML.clean,
  finish: (rendered) => unmarkHtml(rendered.replace(MARKED_TAG, '')),
  lineBreak: LINE_BREAK,
  marksStatic: false,
};

/** The private use plane 15, in which a mark is found by its code. */
const URL_MARK = /[\u{F0000}-\u{FFFFF}]/gu;
const URL_MARKS = /([\u{F0000}-\u{FFFFF}]+)/u;
const PLANE_15 = 0xf0000;

const unmarkUrl = (text: string): string =>
  text.replace(URL_MARK, (mark) => String.fromCharCode((mark.codePointAt(0) ?? 0) - PLANE_15));

/** Text without halves of characters, such as filters cut, which no percent-encoding has (RFC 3629 §3). */
export const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, '\uFFFD');

function encodeUrl(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    return encodeURIComponent(wellFormed(value));
  }
}

/** A part of a URL, percent-encoded. */
export const FOR_URL: Encoding = {
  encode: encodeUrl,
  mark: (text) =>
    text.replace(/[^A-Za-z0-9\-_.!~*'()]/g, (unit) =>
      String.fromCodePoint(PLANE_15 + unit.charCodeAt(0)),
    ),
  unmark: unmarkUrl,
  clean: (value) => value.replace(URL_MARK, '\uFFFD'),
  finish: (rendered) =>
    rendered
      .split(URL_MARKS)
      .map((part, index) => (index % 2 === 1 ? unmarkUrl(part) : encodeUrl(part)))
      .join(''),
  lineBreak: '<br />',
  marksStatic: true,
};

import { describe, expect, test } from 'vitest';
import { readHtml } from '../../../src/message/html-attributes.ts';
import { lint } from '../../support/linted.ts';

const MB = 1024 * 1024;
const filled = (piece: string, bytes = 4 * MB): string =>
  piece.repeat(Math.ceil(bytes / piece.length));

const inLiquid = (piece: string, before = '', behind = ''): string =>
  `{% if true %}${before}${filled(piece, 0.6 * MB)}${behind}{% endif %}`;

/** What makes a reader of markup look back, or far ahead, time and again. Each would take minutes if it were not linear. */
const PIECES = [
  '<',
  '<!--',
  '<!--[if ',
  '<!--[if -->',
  '<!--[if mso]>',
  '<a ',
  '<a href=',
  '<a href="',
  "<a x='",
  '<a =',
  '</a',
  '<style>',
  '<style',
  '<textarea>',
  '<script>',
  '<!',
  '&',
  '&#',
  '<img src="#" style="url(',
  'url(',
  '<a href=#>',
  '<img srcset=",,,,',
  '<img>',
  '{ { ',
  '<p>',
  '[[',
  '*|',
];

describe('hostile HTML is read once', () => {
  test.each(PIECES)('%j, again and again', (piece) => {
    let pieces = 0;
    const count = (): void => {
      pieces += 1;
    };
    readHtml(filled(piece, 10 * MB), { tag: count, endTag: count, text: count, raw: count });
    expect(pieces).toBeGreaterThanOrEqual(0);
    expect(lint({ html: filled(piece) })).toEqual(expect.any(Array));
  });

  /** Whole, and by what they are called: they are too long for a title. */
  const WHOLE: Record<string, string> = {
    'attributes of a tag that ends': `<p ${'a="b" '.repeat(300_000)}>`,
    'links of a tag that ends': `<link ${'href="b" '.repeat(300_000)}>`,
    'links inside one Liquid block': inLiquid('<a href="x1">y</a>'),
    'links inside one Liquid block that Liquid writes': inLiquid(
      `<a href="{{ link }}{{ name }}">y</a>${'x'.repeat(2000)}`,
    ),
    'pictures of one srcset inside one Liquid block': inLiquid('http://x ', '<img srcset="', '">'),
    'what nobody ends, as the text of a link': `<a href="https://example.org">${'-'.repeat(MB)}a</a>`,
    'texts of links': filled(`<a href="https://example.org">a${'-'.repeat(1900)}b c</a>`),
  };

  test.each(Object.keys(WHOLE))('%s', (name) => {
    const rows = Array.from({ length: 20 }, (_, row) => ({ name: `${row}`, link: '#' }));
    expect(lint({ html: WHOLE[name] ?? '', rows })).toEqual(expect.any(Array));
  });

  test('elements in one another without an end are no end', () => {
    const found = lint({ html: '<div>'.repeat(100_000) });
    expect(found).toEqual(expect.any(Array));
  });

  test('values of the list are read like the rest', () => {
    const html = '<a href="{{ link }}">{{ name }}</a> <p style="{{ city }}">unsubscribe</p>';
    const value = `url(${' '.repeat(200_000)}`;
    expect(
      lint({ html, rows: [{ link: '('.repeat(200_000), name: '.'.repeat(200_000), city: value }] }),
    ).toEqual(expect.any(Array));
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findEncodedTag } from '../../src/message/encoded-tags.ts';
import { findForeignTags } from '../../src/message/foreign-tags.ts';
import { HeldLiquid } from '../../src/message/hold-liquid.ts';
import { findAttributes } from '../../src/message/html-attributes.ts';
import { findImages } from '../../src/message/image-references.ts';
import { findLiquid } from '../../src/message/liquid-spans.ts';
import { deriveTextTemplate } from '../../src/message/plain-text.ts';
import { findStyleElements } from '../../src/message/style-elements.ts';

const MEGABYTE = 1_000_000;
const filled = (piece: string): string =>
  piece.repeat(Math.ceil(MEGABYTE / piece.length)).slice(0, MEGABYTE);

/** Each is read within a test's time if every place is looked at a few times, and not if it is for every other place. */
const LEFT_OPEN = [
  ...['{', '{{', '{%', '{{{', '{{#', '{{"', "{{'", '{{"}}"', `{{'"}}"'`, `{{"'}}'"x`, '{%"%}"'],
  ...['{% raw %}', '{% comment %}', '{%raw%}{%comment%}', '{% endraw %}', '{% ', '{%-'],
  ...['<style', '<style ', '<style>', '<script>', '<style></script>', '</style', '<link '],
  ...['<!--[if ', '<!--[if -->', '<!--', '<a b="', "<a b='", '<a b', '<', '<a '],
  ...['url(', 'url("', '[', '[[', '${', '<%', '%%', '%7B%7B', '&#123;', '*|', '=?a?q?'],
];

describe('a megabyte of what is begun and never ended', () => {
  test.each(LEFT_OPEN)('%j is read in time', (piece) => {
    const source = filled(piece);
    findForeignTags(source, ['name']);
    findEncodedTag(source, ['name']);
    findImages(source);
    findAttributes(source);
    findStyleElements(source);
    const held = new HeldLiquid(source);
    expect(held.restore(held.text)).toBe(source);
  });

  test.each([
    `<p style="background:url(${' '.repeat(MEGABYTE)}"`,
    `<style>url(${' '.repeat(MEGABYTE)}</style>`,
    `{{${' '.repeat(MEGABYTE)}`,
    `{%${' '.repeat(MEGABYTE)}`,
    `liquid${'q'.repeat(MEGABYTE)}{{ a }}`,
    `${'liquidq'.repeat(MEGABYTE / 10)}${'{{ a }}'.repeat(MEGABYTE / 20)}`,
  ])('as one long piece is read in time (%#)', (source) => {
    findForeignTags(source, ['name']);
    findEncodedTag(source, ['name']);
    findImages(source);
    const held = new HeldLiquid(source);
    expect(held.restore(held.text)).toBe(source);
    expect(held.text.length).toBeLessThan(4 * MEGABYTE);
  });

  test.each(['{{', '{%', '{{"'])('%j makes a text in time', (piece) => {
    expect(deriveTextTemplate(filled(piece))).toEqual(expect.any(String));
  });
});

/** As one pattern has them, which is short, and slow. */
const byPattern = (source: string, pattern: RegExp) =>
  [...source.matchAll(pattern)].map(({ index, 0: { length } }) => ({
    start: index,
    end: index + length,
  }));

const PIECES = fc
  .array(
    fc.constantFrom(
      ...['{{', '}}', '{%', '%}', '{', '}', '%', '"', "'", '-', ' ', 'x', 'raw', 'comment'],
      ...['{% raw %}', '{%- endraw -%}', '{% comment %}', '{% endcomment %}', '\n'],
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

test('Liquid is found as a pattern finds it that tries everything', () => {
  const plain = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
  const unread =
    /\{%-?\s*(raw|comment)\s*-?%\}[\s\S]*?\{%-?\s*end\1\s*-?%\}|\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
  const quoted =
    /\{%-?\s*comment\s*-?%\}[\s\S]*?\{%-?\s*endcomment\s*-?%\}|\{\{(?:"[^"]*"|'[^']*'|[^"'}]|\}(?!\}))*\}\}|\{\{[\s\S]*?\}\}|\{%(?:"[^"]*"|'[^']*'|[^"'%]|%(?!\}))*%\}|\{%[\s\S]*?%\}/g;
  fc.assert(
    fc.property(PIECES, (source) => {
      expect(findLiquid(source)).toEqual(byPattern(source, plain));
      expect(findLiquid(source, { unread: ['raw', 'comment'] })).toEqual(byPattern(source, unread));
      expect(findLiquid(source, { unread: ['comment'], heedsQuotes: true })).toEqual(
        byPattern(source, quoted),
      );
    }),
    { numRuns: 2_000 },
  );
});

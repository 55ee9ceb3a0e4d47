import { describe, expect, test } from 'vitest';
import { FOOTER, lint, placesOf, TEXT } from '../../support/linted.ts';

describe('merge tags of another tool', () => {
  test('that can be nothing else are errors, those that may be text warnings, each with its line', () => {
    const html = `<p>Hi *|FNAME|*</p>\n<p>[[see here]] {{ name }}</p>\n<p>%%City%%</p>${FOOTER}`;
    const found = lint({ html, subject: 'News <<Name>>' });
    expect(found.map(({ severity, where }) => `${severity} ${where}`)).toEqual(
      [
        'error the header Subject',
        'error news.html line 1',
        'error news.html line 3',
        'warning news.html line 2',
      ].sort(
        (a, b) =>
          found.findIndex(({ severity, where }) => a === `${severity} ${where}`) -
          found.findIndex(({ severity, where }) => b === `${severity} ${where}`),
      ),
    );
    expect(found.every(({ rule }) => rule === 'foreign-merge-tag')).toBe(true);
    expect(found.find(({ where }) => where === 'news.html line 3')?.remedy).toContain('{{ city }}');
  });
});

describe('values of the list', () => {
  test('with a tag in them are told of with field and row; braces that the author means are not', () => {
    const html = `<p>{{ name }} {% raw %}{{ name }}{% endraw %} {a} }} {{ city }}</p>${FOOTER}`;
    const rows = [
      { name: 'Ada' },
      { name: '{{ first_name }}' },
      { name: '{{ first_name }}', city: '{% if %}' },
    ];
    expect(placesOf(lint({ html, rows }))).toEqual([
      'tag-in-value at news.html, row 2',
      'tag-in-value at news.html, row 3',
    ]);
    expect(lint({ html, rows: [{ name: '{Ada}', city: '100 %}' }] })).toEqual([]);
  });

  test('that no message can be made with are told of by their row, and the others looked at', () => {
    const listUnsubscribe = 'https://example.org/{{ name | raw }}';
    const rows = [{ name: 'a' }, { name: 'x y' }, { name: 'http' }];
    const found = lint({ listUnsubscribe, rows });
    expect(found).toMatchObject([{ rule: 'failing-row', severity: 'error', where: 'row 2' }]);
    expect(found[0]?.message).toContain('ada@example.net');
  });

  test('bring no line break, and no more of themselves than a line shows', () => {
    const html = `<a href="{{ link }}">x</a>${FOOTER}`;
    const [found] = lint({ html, rows: [{ link: `http://example.org/${'x'.repeat(5000)}` }] });
    expect(found?.message.length).toBeLessThan(200);
  });
});

describe('a text part', () => {
  test('that is empty is told of: made of pictures, or from a template that prints nothing', () => {
    const html = '<img src="https://example.com/a.png" alt="">';
    expect(
      placesOf(lint({ html, listUnsubscribe: null })).filter((place) => /text/.test(place)),
    ).toEqual(['empty-text at news.html']);
    const given = { html: TEXT + FOOTER, text: '{{ name }}' };
    expect(placesOf(lint({ ...given, rows: [{ name: 'Ada' }, {}] }))).toEqual([
      'empty-text at news.txt, row 2',
    ]);
    expect(lint({ ...given, rows: [{ name: 'Ada' }] })).toEqual([]);
  });

  test('alone is a message like any other', () => {
    expect(lint({})).toEqual([]);
  });
});

describe('files', () => {
  test('that Gmail refuses are told of by their names, those of rows too', () => {
    const file = (name: string) => ({ name, cid: null });
    expect(
      placesOf(
        lint({ files: [file('setup.EXE'), file('a.pdf'), file('exe'), file('notes.exe.txt')] }),
      ),
    ).toEqual(['blocked-attachment at the file setup.EXE']);
    expect(placesOf(lint({ rowFile: 'bill.js' }))).toEqual(['blocked-attachment at row 1']);
    expect(lint({ rowFile: 'bill.pdf' })).toEqual([]);
  });
});

describe('many findings of a rule', () => {
  test('are told one by one up to fifty, and that there is more', () => {
    const html = `${TEXT}${FOOTER}\n${'<a href="#">x</a>\n'.repeat(500)}`;
    const found = lint({ html, rows: [{}, {}, {}] });
    expect(found).toHaveLength(51);
    expect(found.at(-1)?.message).toContain('and there is more');
  });
});

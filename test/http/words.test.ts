import { describe, expect, test } from 'vitest';
import { PageWriter } from '../../src/http/page.ts';
import { DEFAULT_WORDS, PARTS, readWords } from '../../src/http/words.ts';

const read = (text: string) => readWords('page.txt', text);
const all = (language: string): string =>
  [
    `language: ${language}`,
    ...Object.entries(PARTS).map(([name, { text }]) => `${name}: ${text}`),
  ].join('\n');

describe('words for the page', () => {
  test('replace the English ones, over several lines, with comments', () => {
    const words = read(
      '\ufeff# ours\r\n\r\nask_heading: Leave {{sender}}?\r\nask_topic : No more\r\n   about {{ topic }}: none\r\n',
    );
    expect(words).toMatchObject({ language: 'en', direction: 'ltr' });
    expect(words.parts.ask_heading).toBe('Leave {{sender}}?');
    expect(words.parts.ask_topic).toBe('No more about {{ topic }}: none');
    expect(words.parts.done_heading).toBe(DEFAULT_WORDS.parts.done_heading);
  });

  test('are of one language, in its direction', () => {
    expect(read(all('de'))).toMatchObject({ language: 'de', direction: 'ltr' });
    expect(read(all('ar-EG'))).toMatchObject({ language: 'ar-EG', direction: 'rtl' });
    expect(read('language: en-GB\nask_button: Leave').language).toBe('en-GB');
  });

  test.each([
    ['nothing at all\n', 'page.txt, line 1: is neither "name: text" nor a comment'],
    ['\nask_headin: x', 'page.txt, line 2: there is no part "ask_headin"'],
    ['ask_button: a\nask_button: b', 'page.txt, line 2: "ask_button" is there twice'],
    ['ask_button:\n', 'page.txt, line 1: "ask_button" is empty'],
    ['ask_button: {{ sender }}', '"ask_button" has no value {{ sender }}'],
    ['ask_heading: {{ sendr }}', '"ask_heading" has no value {{ sendr }}'],
    ['ask_heading: {{ sender | raw }}', 'has no value {{ sender | raw }}'],
    ['ask_heading: {{ sender', 'has braces that name no value'],
    ['language: klingon!', '"klingon!" is no language'],
    [
      'language: de\nask_button: Abmelden',
      'its language is de, and these parts would be English: ask_heading',
    ],
    [`ask_button: ${'x'.repeat(1001)}`, '"ask_button" has 1001 characters'],
  ])('are refused: %j', (text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'BAD_TEMPLATE', message: expect.stringContaining(message) }),
    );
  });

  test('and what they name are text, and never markup', () => {
    const words = read('ask_heading: <b>{{ sender }}</b> & {{ address }}');
    const html = new PageWriter(words, '<i>me</i>').write({
      heading: 'ask_heading',
      texts: ['ask_topic', 'contact'],
      values: { sender: '<script>alert(1)</script>', address: '"a"@x', topic: '{{ sender }}$&' },
    });
    expect(html).toContain(
      '<h1>&lt;b&gt;<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>&lt;/b&gt; &amp; <bdi>&quot;a&quot;@x</bdi></h1>',
    );
    expect(html).toContain('“<bdi>{{ sender }}$&amp;</bdi>”');
    expect(html).toContain('write to <bdi>&lt;i&gt;me&lt;/i&gt;</bdi>.');
    expect(html).toContain('<title>&lt;b&gt;&lt;script&gt;');
  });
});

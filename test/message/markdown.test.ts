import { describe, expect, test } from 'vitest';
import { HeldLiquid } from '../../src/message/hold-liquid.ts';
import { inlineCss } from '../../src/message/inline-css.ts';
import { markdownToHtml } from '../../src/message/markdown.ts';

const bodyOf = async (source: string): Promise<string> => {
  const html = await markdownToHtml({ name: 'news.md', source });
  return html
    .slice(html.indexOf('>', html.indexOf('<body')) + 1, html.indexOf('</body>'))
    .replace(/\n/g, '');
};

describe('Markdown', () => {
  test.each([
    ['# Hello {{ name | default: "friend" }}', '<h1>Hello {{ name | default: "friend" }}</h1>'],
    [
      '**{{ a }}** _{{ b }}_ `{{ c }}`',
      '<p><strong>{{ a }}</strong> <em>{{ b }}</em> <code>{{ c }}</code></p>',
    ],
    [
      '[x](https://example.org/?e={{ email }}&b=1 "T")',
      '<p><a href="https://example.org/?e={{ email }}&amp;b=1" title="T">x</a></p>',
    ],
    ['<{{ unsubscribe_url }}>', '<p><a href="{{ unsubscribe_url }}">{{ unsubscribe_url }}</a></p>'],
    [
      'https://example.org/{{ id }}.',
      '<p><a href="https://example.org/{{ id }}">https://example.org/{{ id }}</a>.</p>',
    ],
    [
      '{% if vip %}\n- a\n- b\n{% else %}\nNo.\n{% endif %}',
      '{% if vip %}<ul><li>a</li><li>b</li></ul>{% else %}<p>No.</p>{% endif %}',
    ],
    [
      '{% for i in (1..3) %}* item {{ i }}\n{% endfor %}',
      '{% for i in (1..3) %}<ul><li>item {{ i }}</li></ul>{% endfor %}',
    ],
    [
      '{% if vip %}Hi\n\nyou{% endif %}\n\nBye',
      '{% if vip %}<p>Hi</p><p>you</p>{% endif %}<p>Bye</p>',
    ],
    [
      'Dear you,\n{% if vip %}thank you\nso much.{% endif %} Bye',
      '<p>Dear you,{% if vip %}thank youso much.{% endif %} Bye</p>',
    ],
    ['Hi{% if vip %} *you*{% endif %}!', '<p>Hi{% if vip %} <em>you</em>{% endif %}!</p>'],
    ['{% comment %}\na\n\nb\n{% endcomment %}', '{% comment %}ab{% endcomment %}'],
    ['    {% if a < b %}', '<pre><code>{% if a < b %}</code></pre>'],
    ['\\{\\{ no field \\}\\}', '<p>{{ "{" }}{ no field }}</p>'],
    ['liquid0o {{ a }}', '<p>liquid0o {{ a }}</p>'],
    ['![Logo](logo.png)', '<p><img src="logo.png" alt="Logo"></p>'],
    ['a < b & c', '<p>a &lt; b &amp; c</p>'],
    ['<b>{{ a }}</b>\r\nx', '<p><b>{{ a }}</b>x</p>'],
    ['{{ "}}" }} {{ \'{{\' }}', '<p>{{ "}}" }} {{ \'{{\' }}</p>'],
  ])('%s becomes %s', async (source, html) => {
    expect(await bodyOf(source)).toBe(html);
  });

  test('with a page of its own stays that', async () => {
    const page = '<html><body>\n\n# Hi\n\n</body></html>';
    expect(await markdownToHtml({ name: 'news.md', source: page })).not.toContain('DOCTYPE');
  });

  test('with front matter is refused, and a rule at its begin is not', async () => {
    await expect(
      markdownToHtml({ name: 'news.md', source: '---\r\ntitle: News\n---\n# Hi' }),
    ).rejects.toMatchObject({
      code: 'BAD_TEMPLATE',
      message: 'news.md, line 1, column 1: begins with front matter, which would be sent as text',
    });
    expect(await bodyOf('---\n\nHi\n\n---\n')).toBe('<hr><p>Hi</p><hr>');
  });
});

describe('CSS that is inlined', () => {
  const inlined = async (source: string): Promise<string> =>
    (await inlineCss({ name: 'm.html', source })).html;

  test('goes into the elements, and what cannot stand there stays', async () => {
    expect(
      await inlined(
        '<style>p { color: {{ color }} } a:hover { color: red } @media (max-width: 9px) { p { margin: 0 } }</style><p title="{{ t | default: "x" }}">é&nbsp;&copy;</p>',
      ),
    ).toMatch(
      /^<style>\s*a:hover \{\s*color: red;\s*\}\s*@media \(max-width: 9px\) \{[^<]*<\/style><p title="\{\{ t \| default: "x" \}\}" style="color: \{\{ color \}\};">é&nbsp;&copy;<\/p>$/,
    );
  });

  test('leaves tags of Liquid where they stand: in tables, attributes and comments', async () => {
    const html =
      '<table>{% for x in xs %}<tr><td {% if a %}class="b"{% endif %}>{{ x }}</td></tr>{% endfor %}</table><!--[if mso]>{{ y }}<![endif]-->';
    expect(await inlined(html)).toBe(html.replace('class="b"{% endif %}', 'class="b" {% endif %}'));
  });

  test('keeps rules that are for no element, for pseudo-elements, and for classes that Liquid decides', async () => {
    const css =
      '<style>#outlook a { padding: 0; } .a::before { content: "x" } .a { color: red }</style>';
    expect(await inlined(`${css}<p class="a">x</p>`)).toMatch(
      /^<style>#outlook a \{[^}]*\}\s*\.a::before \{[^}]*\}<\/style><p class="a" style="color: red;">x<\/p>$/,
    );
    const both = '<p class="a">x</p><p {% if y %}class="a"{% endif %}>y</p>';
    expect(await inlined(`${css}${both}`)).toContain(css);
    expect(await inlined(`${css}<p class="a">x</p><p class="{{ y }}">y</p>`)).toContain(css);
  });

  test('is refused where an end tag that HTML leaves out would come into a loop', async () => {
    await expect(
      inlined('<p>a{% for x in xs %}<div>{{ x }}</div>{% endfor %}'),
    ).rejects.toMatchObject({ message: expect.stringContaining('not each <p> of it has') });
    expect(await inlined('<p>a<p>b')).toBe('<p>a</p><p>b</p>');
  });

  test('is refused at once where elements stand in one another without end', async () => {
    await expect(inlined('<div>'.repeat(200_000))).rejects.toMatchObject({
      message: expect.stringContaining('its elements stand in one another too deep'),
    });
  });

  test('leaves a sheet with statements as it is', async () => {
    const html = '<style>{% if dark %}p { color: white }{% endif %}</style><p>x</p>';
    expect(await inlined(html)).toBe(html);
  });

  test('tells of sheets that are only linked to, and fetches nothing', async () => {
    const link = '<link rel="stylesheet" href="http://127.0.0.1:9/x.css">';
    expect((await inlineCss({ name: 'm.html', source: `${link}<p>x</p>` })).sheets).toEqual([link]);
  });

  test.each([
    [
      '<p>\n<a {% if x %} href="a" {% else %} href="b" {% endif %}>x</a>',
      /^m\.html, line 2, column 1: one of the attributes "href" would be lost/,
    ],
    [
      '{% if x %}<table class="a">{% else %}<table class="b">{% endif %}<tr><td>x</table>',
      /^m\.html: not each <table> of it has an end tag in the branch/,
    ],
  ])('is refused where HTML would be lost: %s', async (source, message) => {
    await expect(inlined(source)).rejects.toMatchObject({
      code: 'BAD_TEMPLATE',
      message: expect.stringMatching(message),
    });
  });
});

test('what holds Liquid is no word of the template, and gives back all of it', () => {
  const source = 'liquid liquidq {{ a }}{% b %}{% comment %}{{ c }}{% endcomment %}';
  const held = new HeldLiquid(source);
  expect(held.text).toBe('liquid liquidq liquidqq0oliquidqq1sliquidqq2s');
  expect(held.restore(held.text)).toBe(source);
});

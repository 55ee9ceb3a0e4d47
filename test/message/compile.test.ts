import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FilledMessage, MessageSource } from '../../src/domain/message.ts';
import { unsubscribeTokensOf } from '../../src/domain/unsubscribe-token.ts';
import { CampaignError } from '../../src/errors.ts';
import { compileMessage } from '../../src/message/compile.ts';
import { QuotedWriter, quote } from '../../src/message/quoted-printable.ts';
import { parseSender } from '../../src/message/sender.ts';
import { parseTemplates } from '../../src/message/template.ts';
import type { CompiledMessage } from '../../src/scheduler/ports.ts';
import { createTransport } from '../../src/smtp/transport.ts';
import { dataOf } from '../support/filled.ts';
import { deliver, startSmtpServer } from '../support/smtp.ts';

const NOW = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const SOURCE: MessageSource = {
  sendId: 42,
  topic: '',
  from: 'Example News <news@example.com>',
  replyTo: null,
  listUnsubscribe: null,
  unsubscribeUrl: null,
  unsubscribeMailto: null,
  envelopeFrom: null,
  headers: [],
  timezone: 'UTC',
  subject: 'Hello {{ first_name }}',
  html: '<p>Dear {{ first_name }},</p>\n<p>bye</p>\n',
  text: 'Dear {{ first_name }},\n\nbye\n',
  fieldNames: ['first_name', 'city'],
  secret: Buffer.alloc(32, 1),
  version: 1,
  queuedFrom: null,
  files: [],
  rowFilesBytes: 0,
};

const compile = (own: Partial<MessageSource> = {}): CompiledMessage =>
  compileMessage({ ...SOURCE, ...own });
const fill = (
  own: Partial<MessageSource>,
  fields: Record<string, string> = { first_name: 'Ann', city: 'Bath' },
  email = 'ann@example.org',
  emailNorm = email.toLowerCase(),
): FilledMessage => compile(own).fill({ seq: 7, email, emailNorm, fields, attempts: 0 }, NOW);

/** Quoted-printable back to text, as RFC 2045 §6.7 has it. */
const unquote = (text: string): string =>
  Buffer.from(
    text
      .replace(/[ \t]+(?=\r\n|$)/g, '')
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
    'latin1',
  ).toString('utf8');

interface Parsed {
  headers: Record<string, string>;
  /** Decoded bodies by content type. */
  parts: Record<string, string>;
}

const parseHeaders = (block: string): Record<string, string> =>
  Object.fromEntries(
    block
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
  );

function parse(data: string): Parsed {
  const split = data.indexOf('\r\n\r\n');
  const headers = parseHeaders(data.slice(0, split));
  const body = data.slice(split + 4);
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) {
    return { headers, parts: { [String(headers['content-type'])]: unquote(body) } };
  }
  const parts: Record<string, string> = {};
  for (const part of `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1)) {
    const end = part.indexOf('\r\n\r\n');
    const inner = parseHeaders(part.slice(2, end));
    expect(inner['content-transfer-encoding']).toBe('quoted-printable');
    parts[String(inner['content-type'])] = unquote(part.slice(end + 4));
  }
  return { headers, parts };
}
const htmlOf = (message: FilledMessage): string | undefined =>
  parse(dataOf(message)).parts['text/html; charset=utf-8'];
const textOf = (message: FilledMessage): string | undefined =>
  parse(dataOf(message)).parts['text/plain; charset=utf-8'];

/** RFC 5321 and 2045: what any message must keep to, whatever fills it. */
function expectWireSafe(message: FilledMessage): void {
  const { envelope } = message;
  const data = dataOf(message);
  expect(data.endsWith('\r\n')).toBe(true);
  expect(data.replace(/\r\n/g, '')).not.toMatch(/[\r\n]/);
  if (!envelope.utf8) expect(data).toMatch(/^[\t\r\n -~]*$/);
  for (const line of data.split('\r\n')) {
    expect(line.startsWith('.')).toBe(false);
    expect(line.length).toBeLessThanOrEqual(998);
  }
  for (const line of data.slice(data.indexOf('\r\n\r\n')).split('\r\n')) {
    expect(line.length).toBeLessThanOrEqual(76);
    expect(line).not.toMatch(/[ \t]$/);
  }
}

test('a message with both parts is written as this', () => {
  const message = fill({ replyTo: 'desk@example.com' });
  const { envelope } = message;
  const data = dataOf(message);
  expect(envelope).toEqual({ from: 'news@example.com', to: 'ann@example.org', utf8: false });
  const boundary = /boundary="(.*)"/.exec(data)?.[1];
  const id = /^Message-ID: (.*)$/m.exec(data)?.[1];
  expect(boundary).toMatch(/^=_[0-9a-f]{24}$/);
  expect(id).toMatch(/^<16\.7\.[0-9a-f]{16}@example\.com>$/);
  expect(data.split('\r\n')).toEqual([
    'From: Example News <news@example.com>',
    'Reply-To: desk@example.com',
    'To: ann@example.org',
    'Subject: Hello Ann',
    'Date: Fri, 02 Jan 2026 03:04:05 +0000',
    `Message-ID: ${id}`,
    'Auto-Submitted: auto-generated',
    'Precedence: bulk',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative;',
    ` boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Dear=20Ann,',
    '',
    'bye',
    '',
    `--${boundary}`,
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    '<p>Dear=20Ann,</p>',
    '<p>bye</p>',
    '',
    `--${boundary}--`,
    '',
  ]);
});

describe('the links of a recipient', () => {
  const WAYS = {
    unsubscribeUrl: 'https://news.example.org/u',
    unsubscribeMailto: "o'no+x@example.org",
  };
  const token = unsubscribeTokensOf(42, SOURCE.secret)(7);
  const page = `https://news.example.org/u/${token}`;
  const mail = `mailto:o'no%2Bx@example.org?subject=unsubscribe%20${token}`;
  const lines = (own: Partial<MessageSource>): string[] =>
    fill(own)
      .header.split('\r\n')
      .filter((line) => line.startsWith('List-'));

  test('are one line of List-Unsubscribe, the page first, by one click', () => {
    expect(lines(WAYS)).toEqual([
      `List-Unsubscribe: <${page}>, <${mail}>`,
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
    ]);
  });

  test('are taken for one click with https alone (RFC 8058 §3.1)', () => {
    expect(lines({ unsubscribeMailto: WAYS.unsubscribeMailto })).toEqual([
      `List-Unsubscribe: <${mail}>`,
    ]);
    expect(lines({ unsubscribeUrl: 'http://127.0.0.1:8026' })).toEqual([
      `List-Unsubscribe: <http://127.0.0.1:8026/${token}>`,
    ]);
  });

  test('stand in one line of 998 characters, however long they may be', () => {
    const line = lines({
      unsubscribeUrl: `https://${'a'.repeat(392)}`,
      unsubscribeMailto: `${'"ü'.repeat(21)}@${'b'.repeat(190)}`,
    })[0];
    expect(line?.length).toBeLessThanOrEqual(998);
  });

  test('fill {{ unsubscribe_url }}, in HTML, in the text made of it, and over a column of that name', () => {
    const message = fill(
      {
        ...WAYS,
        html: '<p>Dear {{ first_name }}, <a href="{{ unsubscribe_url }}">leave</a></p>',
        text: null,
        fieldNames: ['first_name', 'unsubscribe_url'],
      },
      { first_name: 'Ann', unsubscribe_url: 'https://elsewhere.example' },
    );
    expect(htmlOf(message)).toContain(`<a href="${page}">leave</a>`);
    expect(textOf(message)).toContain(page);
    expect(
      textOf(fill({ unsubscribeMailto: 'leave@example.org', text: '{{ unsubscribe_url }}' })),
    ).toContain(`mailto:leave@example.org?subject=unsubscribe%20${token}`);
  });

  test('are no field where a message has none, unless its list has that column', () => {
    const own = { text: '{{ unsubscribe_url }}' };
    expect(() => compile(own)).toThrow(
      expect.objectContaining({
        code: 'BAD_TEMPLATE',
        remedy: 'give --unsubscribe-url or --unsubscribe-mailto, whose link it is',
      }),
    );
    const fields = { unsubscribe_url: 'https://own.example/1' };
    expect(
      textOf(fill({ ...own, subject: 'x', html: null, fieldNames: ['unsubscribe_url'] }, fields)),
    ).toContain('https://own.example/1');
    expect(lines({})).toEqual([]);
  });
});

describe('List-Unsubscribe', () => {
  const headersOf = (listUnsubscribe: string, fields?: Record<string, string>) =>
    parse(dataOf(fill({ listUnsubscribe }, fields))).headers;

  test('is a URL with the values percent-encoded, by one click', () => {
    const headers = headersOf('https://example.org/u?e={{ email }}&n={{ first_name }}', {
      first_name: 'Zoë & Söhne>\r\nBcc: x@example.org',
    });
    expect(headers).toMatchObject({
      'list-unsubscribe':
        '<https://example.org/u?e=ann%40example.org&n=Zo%C3%AB%20%26%20S%C3%B6hne%3E%0D%0ABcc%3A%20x%40example.org>',
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    });
    expect(headers).not.toHaveProperty('bcc');
  });

  test('encodes what filters put out, and takes a value that is encoded already', () => {
    expect(
      headersOf('https://example.org/{{ city | upcase }}/{{ first_name | raw }}', {
        city: 'a b',
        first_name: 'x%20y',
      })['list-unsubscribe'],
    ).toBe('<https://example.org/A%20B/x%20y>');
  });

  test.each(['url_encode', 'cgi_escape', 'uri_escape'])(
    'encodes no value twice that goes through %s',
    (filter) => {
      expect(
        headersOf(`https://example.org/{{ city | ${filter} }}`, { city: 'a&b c' })[
          'list-unsubscribe'
        ],
      ).toBe('<https://example.org/a%26b%20c>');
    },
  );

  test('by mail has no click', () => {
    const headers = headersOf('mailto:leave@example.org?subject={{ city }}');
    expect(headers['list-unsubscribe']).toBe('<mailto:leave@example.org?subject=Bath>');
    expect(headers).not.toHaveProperty('list-unsubscribe-post');
  });

  test.each(['a b', 'a>b', 'a\r\nBcc: x', 'é', 'x'.repeat(1000)])(
    'made no URL by a value that is not encoded is no message: %j',
    (city) => {
      expect(() => headersOf('https://example.org/{{ city | raw }}', { city })).toThrow(
        /List-Unsubscribe would (have characters that no URL has|be a URL of 1020)/,
      );
    },
  );

  test.each([
    ['http://example.org/u', 'does not begin with https:// or mailto:'],
    ['{{ city }}', 'does not begin with https:// or mailto:'],
    ['https://{{ city }}', 'does not begin with https:// or mailto:'],
    ['https://example.org/a b', 'would have characters that no URL has'],
    ['https://example.org/ü', 'would have characters that no URL has'],
    [
      'https://example.org/{% if city != "" %} {% endif %}',
      'would have characters that no URL has',
    ],
    [
      'https://example.org/{% if city == "" %}ü{% endif %}',
      'would have characters that no URL has',
    ],
    ['https://example.org/{% for i in (1..999) %}x{% endfor %}', 'which is too long'],
    ['https://example.org/{{ town }}', 'there is no merge field "town"'],
  ])('that is %s is refused', (listUnsubscribe, message) => {
    expect(() => compile({ listUnsubscribe })).toThrow(message);
    expect(() => compile({ listUnsubscribe })).toThrow(CampaignError);
  });
});

test('a message with text alone has one part', () => {
  const data = dataOf(fill({ html: null }));
  expect(data.slice(data.indexOf('MIME-Version')).split('\r\n')).toEqual([
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Dear=20Ann,',
    '',
    'bye',
    '',
    '',
  ]);
});

test('a message with neither is refused', () => {
  expect(() => compile({ html: null, text: null })).toThrow(CampaignError);
});

test('every recipient gets the same message but for the values, the same on each attempt', () => {
  const compiled = compile();
  const ann = {
    seq: 1,
    email: 'ann@example.org',
    emailNorm: 'ann@example.org',
    fields: { first_name: 'Ann' },
    attempts: 0,
  };
  const first = compiled.fill(ann, NOW);
  expect(compiled.fill({ ...ann, attempts: 1 }, NOW)).toEqual(first);
  const bob = compiled.fill(
    { ...ann, seq: 2, email: 'bob@example.org', emailNorm: 'bob@example.org' },
    NOW,
  );
  expect(parse(dataOf(bob)).headers['message-id']).not.toBe(
    parse(dataOf(first)).headers['message-id'],
  );
  expect(compiled.fill(ann, new Date(NOW.getTime() + 1000)).header).toContain('03:04:06 +0000');
});

describe('templates', () => {
  test('take fields in any case, spelled as in the list', () => {
    const message = fill({
      text: '{{ First_Name }} {{FIRST_NAME}} {{ first_name }} {{ first-name }} {{ Email }}',
      html: null,
    });
    expect(textOf(message)).toBe('Ann Ann Ann Ann ann@example.org\r\n');
  });

  test('render nothing for an empty cell or a missing one', () => {
    for (const fields of [{ first_name: '' }, {}]) {
      const message = fill(
        { text: '[{{ first_name }}][{{ first_name | upcase }}]', html: null },
        fields as Record<string, string>,
      );
      expect(textOf(message)).toBe('[][]\r\n');
    }
  });

  test('have tags, filters and variables of their own', () => {
    const text =
      "{% assign who = first_name | default: 'friend' %}{% if city == 'Bath' %}In Bath: {% endif %}{{ who }}" +
      '{% for n in (1..3) %} {{ n }}{% endfor %}{% increment k %}{% increment k %}\n{{ who | upcase }}';
    expect(textOf(fill({ text, html: null }))).toBe('In Bath: Ann 1 2 301\r\nANN\r\n');
    expect(textOf(fill({ text, html: null }, { city: '' }))).toBe('friend 1 2 301\r\nFRIEND\r\n');
  });

  test('escape values in HTML, on every path, unless they are raw', () => {
    const html =
      '<p title="{{ city }}">{{ city }} {{ city | upcase }} {{ city | raw }}{% if city %} {{ city }}{% endif %}</p>';
    const evil = `<script>"'&`;
    const escaped = '&lt;script&gt;&#34;&#39;&amp;';
    expect(htmlOf(fill({ html }, { city: evil }))).toBe(
      `<p title="${escaped}">${escaped} ${escaped.replace('script', 'SCRIPT')} ${evil} ${escaped}</p>`,
    );
    expect(textOf(fill({ text: '{{ city }} {{ city | downcase }}' }, { city: evil }))).toBe(
      `${evil} ${evil}`,
    );
    expect(parse(dataOf(fill({ subject: '{{ city }}' }, { city: evil }))).headers.subject).toBe(
      evil,
    );
  });

  test('keep what whitespace control says', () => {
    expect(textOf(fill({ text: 'a   {{- first_name -}}   b', html: null }))).toBe('aAnnb\r\n');
  });

  const check = (own: Partial<Parameters<typeof parseTemplates>[0]>) => () =>
    parseTemplates({
      subject: { name: 'subject', source: 'x' },
      html: null,
      text: null,
      listUnsubscribe: null,
      timezone: 'UTC',
      fieldNames: ['first_name', 'city'],
      ...own,
    });
  const problem = (act: () => unknown): CampaignError => {
    try {
      act();
    } catch (error) {
      if (error instanceof CampaignError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  test.each([
    ['<p>\n  {{ first_name', /^m\.html, line 2, column 3: output "\{\{ first_name" not closed$/],
    ['{% if city %}x', /^m\.html, line 1, column 1: .*not closed/],
    ['a\nb{% foo %}', /^m\.html, line 2, column 2: tag "foo" not found$/],
    ['{{ city | nonsense }}', /^m\.html, line 1, column 1: undefined filter: nonsense$/],
    ['\n\n {% include "/etc/passwd" %}', /^m\.html, line 3, column 2: .*cannot read other files/],
    ['{% render "x" %}', /cannot read other files/],
    ['{% layout "x" %}', /cannot read other files/],
    ['{% block x %}{% endblock %}', /cannot read other files/],
    ['Hi\n{{ fist_name }}', /^m\.html, line 2, column 4: there is no merge field "fist_name"$/],
    ['{% for x in towns %}{{ x }}{% endfor %}', /there is no merge field "towns"/],
  ])('that cannot work are refused with their place: %j', (source, message) => {
    const error = problem(check({ html: { name: 'm.html', source } }));
    expect(error).toMatchObject({ code: 'BAD_TEMPLATE', exitCode: 2 });
    expect(error.message).toMatch(message);
  });

  test('that use an unknown field are told the known ones', () => {
    expect(problem(check({ subject: { name: 'subject', source: '{{ x }}' } })).remedy).toBe(
      'use one of: email, first_name, city',
    );
  });

  test('may use what they set themselves', () => {
    const source =
      '{% assign a = 1 %}{% capture b %}x{% endcapture %}{% for c in (1..2) %}{{ c }}{{ forloop.index }}{% endfor %}{{ a }}{{ b }}';
    expect(check({ html: { name: 'm.html', source } })).not.toThrow();
  });

  test('that never end are stopped', () => {
    expect(() =>
      fill({ text: '{% for a in (1..100000000000) %}x{% endfor %}', html: null }),
    ).toThrow(/limit/);
  });
});

describe('the text of a message that has only HTML', () => {
  const plain = (html: string, fields?: Record<string, string>) =>
    textOf(fill({ html, text: null }, fields));

  test('is made of the HTML, its tags kept, its values not escaped', () => {
    const html =
      '<html><head><style>p{color:red}</style></head><body><h1>News for {{ first_name }}</h1>' +
      '<p>From {{ city | upcase }}{% if city == "Bath" %}, lovely{% endif %}.</p>' +
      '<p>Read <a href="https://example.com/?u={{ email | url_encode }}&amp;x=1">more</a> &amp; enjoy</p></body></html>';
    expect(plain(html, { first_name: 'A & <B>', city: 'Bath' })).toBe(
      'News for A & <B>\r\n\r\nFrom BATH, lovely.\r\n\r\n' +
        'Read more [https://example.com/?u=ann%40example.org&x=1] & enjoy',
    );
  });

  test.each([
    ['a list', '<ul>{% for n in (1..2) %}<li>item {{ n }} {{ city }}</li>{% endfor %}</ul>'],
    [
      'a tag inside a tag',
      '<p {% if city %}class="{{ city }}"{% endif %}>* item 1 {{ city }}</p><p>* item 2 {{ city }}',
    ],
    [
      'a dropped element',
      '<style>{% if city %}x{% endif %}</style>* item 1 {{ city }}<br>* item 2 {{ city }}',
    ],
  ])('follows tags wherever they stand: %s', (_, html) => {
    expect(plain(html, { city: 'Bath & Wells' })?.replace(/\s+/g, ' ').trim()).toBe(
      '* item 1 Bath & Wells * item 2 Bath & Wells',
    );
  });

  test('shows a link after its text, and no image', () => {
    const html =
      '<a href="https://x.example/{{ city }}">{{ first_name }}</a><img src="https://x.example/{{ email }}">';
    expect(plain(html)).toBe('Ann [https://x.example/Bath]');
  });

  test('has plain characters where filters encode, break lines or write markup', () => {
    const html =
      '<p>{{ city | escape }}</p><p>{{ first_name | newline_to_br }}</p><p>{{ city | raw }}</p>' +
      '{% capture x %}<b>{{ city | escape_once }}</b>{% endcapture %}<p>{{ x }}</p>' +
      '<table>{% tablerow i in (1..1) %}{{ city }}{% endtablerow %}</table>';
    expect(plain(html, { city: 'A & <i>B</i>', first_name: 'one\ntwo' })?.split(/[\r\n]+/)).toEqual(
      ['A & <i>B</i>', 'one', 'two', 'A & B', 'A & <i>B</i>', 'A & <i>B</i>'],
    );
  });

  test.each([
    ['<img src="a.png" alt="Sale: 20 % off">', 'Sale: 20 % off'],
    ['<img src="a.png" alt="For {{ first_name }} &amp; all">', 'For Ann & all'],
    ['<a href="https://x.example/"><img src="a.png" alt="Sale"></a>', 'Sale [https://x.example/]'],
    ['<a href="https://x.example/"><img src="a.png" alt=""></a>', 'https://x.example/'],
    ['a<img src="a.png" alt=""><img src="b.png">b', 'ab'],
  ])('has alt texts of images: %s', (html, text) => {
    expect(plain(html)).toBe(text);
  });

  test.each([
    '<div style="display:none;max-height:0">no</div>',
    '<div style="DISPLAY : none ! important">no</div>',
    '<span style="max-height:0px;overflow:hidden">no</span>',
    '<span style="font-size:0;line-height:0">no</span>',
    '<span style="font-size:1px;color:#fff">no</span>',
    '<span style="opacity:0">no</span>',
    '<span style="visibility:hidden">no</span>',
    '<div style="height:0;overflow:hidden">no</div>',
    '<div style="mso-hide:all">no</div>',
    '<p hidden>no</p>',
    '<style>.preheader { color: #fff; display: none !important }</style><span class="x preheader">no</span>',
    '<style>td, #pre {visibility:hidden}</style><span id="pre">no</span>',
    '<div style="display:none">no {{ first_name }}</div>',
    '<div style="display:none">{% if first_name %}no{% endif %}</div>',
    '<div>&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#8203;&shy;&#65279; &#8199;&#847;</div>',
    '<title>no</title>',
  ])('has nothing that readers do not see: %s', (hidden) => {
    expect(plain(`${hidden}<p>Seen</p>`)?.trim()).toBe('Seen');
  });

  test.each([
    ['<td style="font-size:0px"><div style="font-size:13px">Seen</div></td>', 'Seen'],
    ['<td style="font-size:0"><img src="a.png" alt="Seen"></td>', 'Seen'],
    ['<a href="https://x.example/" style="mso-hide:all">Seen</a>', 'Seen [https://x.example/]'],
    [
      '<style>@media (max-width:600px) { .a { display:none } }</style><p class="a">Seen</p>',
      'Seen',
    ],
    ['<p style="opacity:0.9;max-height:100px">Seen</p>', 'Seen'],
    ['<p>می\u200cخواهم 👩‍👩‍👧</p>', 'می\u200cخواهم 👩‍👩‍👧'],
  ])('has what readers see, however it is styled: %s', (html, text) => {
    expect(plain(html)).toBe(text);
  });

  test('has the cells of a row side by side, those with lines of their own one below the other', () => {
    expect(
      plain(
        '<table><tr><th>Item</th><th>Price</th></tr><tr><td>{{ city }}</td><td> 9 </td></tr><tr><td></td><td>x</td></tr></table>',
      ),
    ).toBe('Item  Price\r\nBath  9\r\nx');
    expect(
      plain('<table><tr><td><p>Left</p></td><td>Street<br>Town</td></tr></table>')?.split(
        /[\r\n]+/,
      ),
    ).toEqual(['Left', 'Street', 'Town']);
  });

  test.each([
    ['<p style="display:{{ city }}">no</p>', 'none'],
    ["<p style='color:red;{{ city }}'>no</p>", 'display:none'],
    ['<p style={{city}}>no</p>', 'opacity:0'],
    ['<p style="{% if city %}display:none{% endif %}">no</p>', 'x'],
    ['<p title="a > b" style="{{ city }}:none">no</p>', 'display'],
    ['<style>.gone { display:none }</style><p class="a {{ city }}">no</p>', 'gone'],
    ['<style>#gone { display:none }</style><p id="{{ city }}">no</p>', 'gone'],
    ['<style>.gone { display:{{ city }} }</style><p class="gone">no</p>', 'none'],
    ['<p {{ city }}>no</p>', 'hidden'],
    ['<div><p {{ city }}="">no</p></div>', 'hidden'],
    ['<p {{ city }}dden>no</p>', 'hi'],
    ['<{{ city }}>no</{{ city }}>', 'title'],
  ])('has nothing that a value hides: %s', (hidden, city) => {
    expect(plain(`${hidden}<p>Seen</p>`, { city })?.trim()).toBe('Seen');
  });

  test.each([
    ['<p style="display:{{ city }}">Seen</p>', 'block', 'Seen'],
    ['<p class="{{ city }}">Seen</p>', 'b', 'Seen'],
    ['<p style="color:{{ city }}">{{ first_name }}</p>', 'red', 'Ann'],
    ['<ol start="{{ city }}"><li>Seen</li></ol>', '3', '3. Seen'],
  ])('has what a value shows: %s', (html, city, text) => {
    expect(plain(html, { city, first_name: 'Ann' })?.trim()).toBe(text);
  });

  test.each([
    ['<a href="{{ city }}">{{ city }}</a>', 'https://x.example/'],
    [
      '<a href="https://x.example/{{ first_name }}">https://x.example/{{ first_name }}</a>',
      'https://x.example/Ann',
    ],
    ['<a href="mailto:{{ email }}">{{ email }}</a>', 'ann@example.org'],
    ['{% if city %}<a href="{{ city }}">{{ city }}</a>{% endif %}', 'https://x.example/'],
    ['{% if city %}{{ first_name }}{% endif %} {{ first_name }} {{ first_name }}', 'Ann Ann Ann'],
  ])('shows a link once whose text is its address: %s', (html, text) => {
    const fields = { city: 'https://x.example/', first_name: 'Ann' };
    expect(plain(html, fields)).toBe(text);
    const convertedByMessage = `${html}<i style="{{ first_name }}"></i>`;
    expect(plain(convertedByMessage, fields)).toBe(text);
  });

  const MANY = 200_000;
  test.each([
    ['a number without an end', `<p style="height:${'0'.repeat(MANY)}x">Seen</p>`],
    ['a number that is no number', `<p style="opacity:0.${'0'.repeat(MANY)}x">Seen</p>`],
    ['a sheet without rules', `<style>${'x'.repeat(MANY)}</style><p>Seen</p>`],
    ['comments without an end', `<style>${'/*'.repeat(MANY)}</style><p>Seen</p>`],
    ['at-rules without an end', `<style>${'@'.repeat(MANY)}{</style><p>Seen</p>`],
    [
      'at-rules that do not close',
      `<style>${'@'.repeat(MANY)}{${'a{}'.repeat(MANY)}{ {</style><p>Seen</p>`,
    ],
    ['blanks in a declaration', `<p style="display:!${' '.repeat(MANY)}x">Seen</p>`],
  ])('comes to its end with a style that is large: %s', (_, html) => {
    expect(plain(html)).toBe('Seen');
  });

  test.each(['0', '00', '0px', '.0', '0.0', '0.00em', '0%'])(
    'takes %s for a size of nothing',
    (size) => {
      expect(plain(`<p style="max-height:${size}">no</p><p>Seen</p>`)).toBe('Seen');
    },
  );

  test('knows what a sheet hides behind comments and rules for some screens', () => {
    const sheet =
      '/* .b { */ @import "x"; @media print { .b { display:none } .c { color:red } } p.a, #d { display:none /* ; */ } /* .b';
    expect(
      plain(`<style>${sheet}</style><p class="a">no</p><p id="d">no</p><p class="b">Seen</p>`),
    ).toBe('Seen');
  });

  test('is not fooled by entities that look like Liquid', () => {
    expect(plain('<p>Write &#123;&#123; name }} here, {{ first_name }}</p>')).toBe(
      'Write {{ name }} here, Ann',
    );
  });
});

const HOSTILE: [string, string][] = [
  ['a line break and a header', 'x\r\nBcc: evil@example.net\r\n\r\nbody'],
  ['a bare CR and LF', 'a\rb\nc'],
  ['an end of data', 'x\r\n.\r\nMAIL FROM:<evil@example.net>\r\n'],
  ['a lone dot', '.'],
  ['dots', '..\r\n.x'],
  ['a script', '<script>alert(1)</script>'],
  ['emoji', '👩‍👩‍👧‍👦 żółw 🐢'.repeat(20)],
  ['equal signs', '=3D=0D=0A='.repeat(30)],
  ['NUL', 'a\0b'],
  ['blanks', '  \t '],
  ['a long word', 'x'.repeat(5000)],
  ['an encoded word', '=?utf-8?Q?x?='],
  ['a half surrogate', 'a\ud83d'],
  ['a boundary', '--=_d64abbd929288b2413f829f2--'],
  ['Liquid', '{{ email }}{% if %}'],
  ['line separators', 'a\u2028b\u0085c'],
];

describe('a hostile value', () => {
  test.each(HOSTILE)('(%s) stays a value in the body and one line in the subject', (_, value) => {
    const message = fill(
      {
        text: 'a {{ city }} b\n{{ city }}\n.{{ city }}{{ city | append: "" }}',
        html: '<p>{{ city }}</p>',
      },
      { first_name: value, city: value },
    );
    expectWireSafe(message);
    const lines = value.replace(/\p{Cs}/gu, '\uFFFD').replace(/\r\n?|\n/g, '\r\n');
    const { headers, parts } = parse(dataOf(message));
    expect(parts['text/plain; charset=utf-8']).toBe(
      `a ${lines} b\r\n${lines}\r\n.${lines}${lines}`,
    );
    expect(Object.keys(headers)).toEqual([
      'from',
      'to',
      'subject',
      'date',
      'message-id',
      'auto-submitted',
      'precedence',
      'mime-version',
      'content-type',
    ]);
    expect(Object.keys(parts)).toEqual(['text/plain; charset=utf-8', 'text/html; charset=utf-8']);
  });

  test('of a megabyte goes through', () => {
    const value = 'żx=. '.repeat(200_000);
    const message = fill({ text: '{{ city }}', html: null }, { first_name: value, city: value });
    expect(textOf(message)).toBe(`${value}\r\n`);
    expectWireSafe(message);
  });

  test('of each kind reaches a real server whole', async () => {
    const server = await startSmtpServer();
    const transport = createTransport(server.settings, { connections: 1 });
    try {
      for (const [, value] of HOSTILE) {
        const message = fill(
          { html: null, text: '{{ city }}' },
          { first_name: value, city: value },
        );
        expect(await deliver(transport, message, () => true)).toMatchObject({
          stage: 'dot',
          reply: { code: 250 },
        });
        expect(server.messages.at(-1)?.raw).toBe(dataOf(message));
      }
    } finally {
      await transport.close();
      await server.close();
    }
  });

  test('of any kind keeps the message well-formed and comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.string(),
            fc.constantFrom('\r\n', '.', ' ', '=', '\r\n.\r\n', 'word '),
          ),
          { maxLength: 40 },
        ),
        fc.array(
          fc.oneof(fc.string(), fc.constantFrom('.', ' ', '\n', 'ordinary words of some length ')),
          { maxLength: 40 },
        ),
        (values, statics) => {
          const writer = new QuotedWriter();
          let expected = '';
          for (let index = 0; index < Math.max(values.length, statics.length); index++) {
            const fixed = statics[index] ?? '';
            const value = values[index] ?? '';
            writer.piece(quote(fixed));
            writer.value(value);
            expected += fixed.replace(/\r\n?|\n/g, '\r\n') + value.replace(/\r\n?|\n/g, '\r\n');
          }
          for (const line of writer.text.split('\r\n')) {
            expect(line).toMatch(/^(?!\.)(?:[\t -<>-~]|=[0-9A-F]{2}){0,76}=?$/);
            expect(line.length).toBeLessThanOrEqual(76);
            expect(line).not.toMatch(/[ \t]$/);
          }
          expect(unquote(writer.text)).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('headers', () => {
  const subjectOf = (first_name: string): string => {
    const header = /^Subject: (?:.|\r\n[ \t])*/m.exec(
      fill({ subject: '{{ first_name }}' }, { first_name }).header,
    );
    return header?.[0] ?? '';
  };

  test('a subject that is not ASCII becomes encoded words in short lines', () => {
    const subject = subjectOf('Grüße aus Köln, żółw 🐢 '.repeat(6));
    expect(subject).toMatch(/^Subject: =\?UTF-8\?/);
    for (const line of subject.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
  });

  test('a long subject is folded, one without a place to fold encoded', () => {
    expect(subjectOf('word '.repeat(40)).split('\r\n').length).toBeGreaterThan(2);
    const solid = subjectOf('x'.repeat(3000)).split('\r\n');
    expect(Math.max(...solid.map(({ length }) => length))).toBeLessThanOrEqual(998);
  });

  test('a static subject is kept as it is written', () => {
    expect(fill({ subject: 'Sale: 50% off!' }).header).toContain('\r\nSubject: Sale: 50% off!\r\n');
  });

  test('an internationalised domain goes out as A-labels, with the local part as given', () => {
    const { header, envelope } = fill({}, {}, 'Ann@exämple.org', 'ann@xn--exmple-cua.org');
    expect(envelope).toEqual({
      from: 'news@example.com',
      to: 'Ann@xn--exmple-cua.org',
      utf8: false,
    });
    expect(header).toContain('\r\nTo: Ann@xn--exmple-cua.org\r\n');
  });

  test('a local part beyond ASCII needs SMTPUTF8 and stays as it is', () => {
    const message = fill({}, {}, 'żółw@example.org', 'żółw@example.org');
    expect(message.envelope).toEqual({
      from: 'news@example.com',
      to: 'żółw@example.org',
      utf8: true,
    });
    expect(message.header).toContain('\r\nTo: żółw@example.org\r\n');
  });

  test('a quoted local part and a long address stay one address', () => {
    expect(fill({}, {}, '"a,b"@example.org').header).toContain('\r\nTo: <"a,b"@example.org>\r\n');
    const long = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.example.org`;
    expect(parse(dataOf(fill({}, {}, long))).headers.to).toBe(long);
  });
});

describe('a sender', () => {
  test.each([
    [
      'news@example.com',
      {
        name: '',
        address: 'news@example.com',
        envelope: 'news@example.com',
        domain: 'example.com',
      },
    ],
    [
      'Example News <News@example.com>',
      {
        name: 'Example News',
        address: 'News@example.com',
        envelope: 'News@example.com',
        domain: 'example.com',
      },
    ],
    ['"News, Inc." <news@example.com>', { name: 'News, Inc.', envelope: 'news@example.com' }],
    [
      'Żółw <news@exämple.com>',
      { name: 'Żółw', envelope: 'news@xn--exmple-cua.com', domain: 'xn--exmple-cua.com' },
    ],
  ])('%s is read', (text, sender) => {
    expect(parseSender(text)).toMatchObject(sender);
  });

  test.each([
    '',
    'news',
    'news@localhost',
    'a@example.com, b@example.com',
    'A <a@example.com>, B <b@example.com>',
    'Group: a@example.com;',
    'A <a@example.com> b@example.com',
    'A <a@example.com>\r\nBcc: <b@example.com>',
    'A\0 <a@example.com>',
    'A <a@example.com',
    '<a@example.com> <b@example.com>',
  ])('%j is refused', (text) => {
    expect(() => parseSender(text)).toThrow(expect.objectContaining({ code: 'BAD_ADDRESS' }));
  });

  test('with a name that needs it is quoted or encoded', () => {
    expect(fill({ from: '"News, Inc." <news@example.com>' }).header).toContain(
      'From: "News, Inc." <news@example.com>\r\n',
    );
    expect(fill({ from: 'Żółw <news@example.com>' }).header).toMatch(
      /^From: =\?UTF-8\?.*\?= <news@example\.com>\r\n/,
    );
  });
});

import fc from 'fast-check';
import { filters } from 'liquidjs';
import { afterEach, describe, expect, test } from 'vitest';
import { CampaignError } from '../../src/errors.ts';
import { parseTemplates, renderTemplate } from '../../src/message/template.ts';

const NOW = new Date('2026-11-30T23:30:00Z');
const FIELD_NAMES = ['company', 'note', 'bio', 'first_name', 'orders', 'renewal'];

const parse = (kind: 'html' | 'text' | 'listUnsubscribe', source: string, timezone = 'UTC') => {
  const parsed = parseTemplates({
    subject: { name: 'subject', source: '' },
    html: null,
    text: null,
    listUnsubscribe: null,
    fieldNames: FIELD_NAMES,
    timezone,
    [kind]: { name: 'm', source },
  })[kind];
  if (!parsed) throw new Error('nothing was parsed');
  return parsed;
};
type Fields = Record<string, string>;
const render = (
  kind: 'html' | 'text' | 'listUnsubscribe',
  source: string,
  fields: Fields,
  timezone?: string,
): string => renderTemplate(parse(kind, source, timezone), (field) => fields[field] ?? '', NOW);

describe('a value in HTML', () => {
  const FIELDS = {
    company: 'Tom & Jerry <Ltd>',
    note: 'line one\nline "two" & three',
    bio: '<b>bold</b>',
  };
  const html = (source: string): string => render('html', source, FIELDS);

  test.each([
    '{{ company }}',
    '{{ company | escape }}',
    '{{company|escape}}',
    '{{ company | escape | escape }}',
    '{{ company | escape_once }}',
    '{{ company | xml_escape }}',
    '{{ company | h }}',
    '{{ company | escape | strip }}',
    '{{ company | escape | append: "" | prepend: "" }}',
    '{{ company | escape | truncate: 17 }}',
    '{{ company | escape | slice: 0, 99 }}',
    '{{ company | escape | split: " " | join: " " }}',
    '{{ company | escape | split: "&" | join: "&" }}',
    '{{ company | escape | replace: "&lt;", "<" }}',
    '{{ company | url_encode | url_decode }}',
    '{{ company | base64_encode | base64_decode }}',
    '{{ nothing_at_all | default: company }}'.replace('nothing_at_all', 'first_name'),
    '{% assign x = company | escape %}{{ x }}',
    '{% assign x = company %}{{ x | escape }}',
    '{% capture x %}{{ company }}{% endcapture %}{{ x }}',
    '{% capture x %}{{ company | escape }}{% endcapture %}{{ x | escape }}',
    '{% if company %}{{ company | escape }}{% endif %}',
    '{% for i in (1..1) %}{{ company | escape }}{% endfor %}',
    '{% echo company | escape %}',
    '{% cycle company, "x" %}',
    '{% liquid assign x = company | escape\necho x %}',
  ])('is escaped once by %s', (source) => {
    expect(html(source)).toBe('Tom &amp; Jerry &lt;Ltd&gt;');
  });

  test.each([
    ['{{ company | escape | upcase }}', 'TOM &amp; JERRY &lt;LTD&gt;'],
    ['{{ company | escape | slice: 0, 7 }}', 'Tom &amp; J'],
    ['{{ company | escape | append: " & Co" }}', 'Tom &amp; Jerry &lt;Ltd&gt; &amp; Co'],
    ['{{ note | newline_to_br }}', 'line one<br />\nline &#34;two&#34; &amp; three'],
    ['{{ note | escape | newline_to_br }}', 'line one<br />\nline &#34;two&#34; &amp; three'],
    ['{{ note | newline_to_br | escape }}', 'line one<br />\nline &#34;two&#34; &amp; three'],
    ['{{ bio | newline_to_br }}', '&lt;b&gt;bold&lt;/b&gt;'],
    ['{{ bio | strip_html }}', 'bold'],
    ['{{ bio | raw }}', '<b>bold</b>'],
    [
      '{{ note | newline_to_br | strip_html | strip_newlines }}',
      'line oneline &#34;two&#34; &amp; three',
    ],
    [
      '{{ note | newline_to_br | replace: "<br />", "<br>" | truncate: 16, "" }}',
      'line one<br>\nlin',
    ],
    [
      '{% assign lines = note | newline_to_br | split: "<br />" %}{% for l in lines %}[{{ l | strip }}]{% endfor %}',
      '[line one][line &#34;two&#34; &amp; three]',
    ],
    ['{{ "&amp;lt; &eacute; &#x41;" | escape_once }}', '&amp;lt; é A'],
  ])('keeps one level, and breaks that are real, in %s', (source, expected) => {
    expect(html(source)).toBe(expected);
  });

  test.each([
    [
      '{% capture x %}<b title="{{ bio }}">{{ company }}</b>{% endcapture %}{{ x }}',
      '<b title="&lt;b&gt;bold&lt;/b&gt;">Tom &amp; Jerry &lt;Ltd&gt;</b>',
    ],
    ['{% capture x %}<i>{{ bio | raw }}</i>{% endcapture %}{{ x }}', '<i><b>bold</b></i>'],
    ['{% capture x %}<i>a</i> &amp; b{% endcapture %}{{ x | strip_html }}', 'a &amp; b'],
    ['{% capture x %}<i>a</i>{% endcapture %}{% if x == "<i>a</i>" %}same{% endif %}', 'same'],
    [
      '{% if bio %}<a href="x?a=1&amp;b=2">{{ bio | size }}</a>{% endif %}',
      '<a href="x?a=1&amp;b=2">11</a>',
    ],
    ['{% raw %}<b>{{ x }}</b>{% endraw %}', '<b>{{ x }}</b>'],
    [
      '{% tablerow i in (1..1) %}<i>{{ bio }}</i>{% endtablerow %}',
      '<tr class="row1"><td class="col1"><i>&lt;b&gt;bold&lt;/b&gt;</i></td></tr>',
    ],
  ])('leaves the markup around it as it is: %s', (source, expected) => {
    expect(html(source)).toBe(expected);
  });

  test('never becomes markup, whatever filters it goes through', () => {
    // Those that take the expression of a filter, and those that only count or say yes or no, are left out.
    const names = Object.keys(filters).filter((name) => !/_exp$|^raw$/.test(name));
    const argument = fc.constantFrom(
      '',
      ': "<br />"',
      ': "&lt;", "<"',
      ': company',
      ': bio, company',
      ': 3',
      ': 3, bio',
      ': "", company',
    );
    const step = fc.tuple(fc.constantFrom(...names, 'newline_to_br', 'escape'), argument);
    const value = fc.array(
      fc.constantFrom(
        ...[
          '<q>',
          '&',
          '"',
          "'",
          '\n',
          'a',
          ' ',
          '&lt;q&gt;',
          '&amp;lt;q&amp;gt;',
          '%3Cq%3E',
          '<br />',
        ],
        ...['%EF%B7%91q%EF%B7%92', '&#64977;q', '\uFDD1q\uFDD2', '77eRcQ==', 'PHE+', '<', '>'],
      ),
      { maxLength: 8 },
    );
    let rendered = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('company', 'captured', 'assigned'),
        value,
        value,
        (steps, start, company, bio) => {
          const chain = steps.map(([name, given]) => ` | ${name}${given}`).join('');
          const source = `{% capture captured %}<u>{{ company }}</u>{{ bio }}{% endcapture %}{% assign assigned = bio | newline_to_br %}{{ ${start}${chain} }}`;
          let out: string;
          try {
            out = render('html', source, { company: company.join(''), bio: bio.join('') });
          } catch {
            return;
          }
          rendered += 1;
          const text = out.replace(/<\/?[uU]>|<(?:br|BR) ?\/>|<Br \/>/g, '');
          // A filter may cut the template's own markup, but `q` is a value's, and so are quotes.
          expect(text).not.toMatch(/<\/?q|"|'/i);
        },
      ),
      { numRuns: 3000 },
    );
    expect(rendered).toBeGreaterThan(500);
  });
});

describe('a value with character references', () => {
  test('has each of them read once by escape_once', () => {
    const company =
      '&amp; &lt; &eacute;&eacute; &#233;&#xE9; &#128; &#0; &#xD800; &#x1F600; &amp;amp; &nosuch; & &amp';
    expect(render('text', '{{ company | escape_once }}', { company })).toBe(
      '& < éé éé € \uFFFD \uFFFD 😀 &amp; &nosuch; & &amp',
    );
    const marks = '&#xE002;&#xE003;&amp;&#xE002;&#xE003;&lt;';
    expect(render('text', '{{ company | escape_once }}', { company: marks })).toBe(
      '\uE002\uE003&\uE002\uE003<',
    );
    expect(render('html', '{{ company | escape_once }}', { company: 'Tom &amp; &#60;b>' })).toBe(
      'Tom &amp; &lt;b&gt;',
    );
  });

  test('comes to its end in escape_once, however many there are', () => {
    const codes = Array.from({ length: 100_000 }, (_, index) => 0x4e00 + (index % 20_000));
    const written = (read: (code: number) => string): string =>
      codes.map((code, index) => `${read(code)}&x${index};`).join('');
    const company = written((code) => `&#${code};`);
    const decoded = render('text', '{{ company | escape_once }}', { company });
    expect(decoded === written((code) => String.fromCodePoint(code))).toBe(true);
  });
});

describe('a value in text', () => {
  test.each([
    ['{{ company | escape }}', 'Tom & Jerry <Ltd>'],
    ['{{ note | newline_to_br }}', 'one\ntwo'],
    ['{{ note | newline_to_br | escape }}', 'one\ntwo'],
    ['{% assign x = note | newline_to_br | split: "<br />" %}{{ x | size }}', '2'],
    ['{% capture x %}<{{ company | escape }}>{% endcapture %}{{ x }}', '<Tom & Jerry <Ltd>>'],
  ])('has plain characters: %s', (source, expected) => {
    expect(render('text', source, { company: 'Tom & Jerry <Ltd>', note: 'one\ntwo' })).toBe(
      expected,
    );
  });
});

describe('a value in a URL', () => {
  test.each([
    ['{{ company | url_encode | append: "x" }}', 'a%26b%20cx'],
    ['{% capture x %}n={{ company }}&z{% endcapture %}{{ x }}', 'n=a%26b%20c&z'],
    ['{% if company %}n={{ company | url_encode }}{% endif %}', 'n=a%26b%20c'],
  ])('is percent-encoded once by %s', (source, expected) => {
    expect(render('listUnsubscribe', `https://example.org/?${source}`, { company: 'a&b c' })).toBe(
      `https://example.org/?${expected}`,
    );
  });

  test.each([
    ['{{ company | split: "" | first }}', '%EF%BF%BD'],
    ['{{ company | split: "" | last }}{{ company | split: "" | slice: 1 }}', '%25%EF%BF%BD'],
    ['{% assign x = company | split: "" | first %}{{ x }}{{ x | upcase }}', '%EF%BF%BD%EF%BF%BD'],
    ['{{ company | split: "" | first | url_encode }}', '%EF%BF%BD'],
    ['{{ company | url_decode }}', '%F0%9F%98%80%20Ann%20100%25'],
  ])('is one whatever is cut off: %s', (source, expected) => {
    expect(
      render('listUnsubscribe', `https://example.org/?${source}`, { company: '😀 Ann 100%' }),
    ).toBe(`https://example.org/?${expected}`);
  });

  test.each(['url_encode', 'cgi_escape', 'uri_escape'])(
    'has no half of a character after %s in a body, either',
    (filter) => {
      for (const kind of ['html', 'text'] as const) {
        expect(
          render(kind, `{{ company | split: "" | first | ${filter} }}`, { company: '😀' }),
        ).toBe('%EF%BF%BD');
      }
    },
  );

  test('is tried when the template is parsed, with what looks least like one', () => {
    const source =
      'https://example.org/?{% if company contains "<" %}{{ "now" | date: "%d", "x/y" }}{% endif %}';
    expect(() => parse('listUnsubscribe', source)).toThrow(CampaignError);
    expect(() => parse('listUnsubscribe', 'https://example.org/{{ company | raw }}')).not.toThrow();
  });
});

const isTrue = (condition: string, fields: Fields): boolean =>
  render('text', `{% if ${condition} %}yes{% else %}no{% endif %}`, fields) === 'yes';

describe('a cell without anything but blanks', () => {
  const BLANK = ['', ' ', '\u00a0\t'];

  test.each([
    'not first_name',
    'first_name == ""',
    '"" == first_name',
    'first_name == nil',
    'nil == first_name',
    'first_name == blank',
    'blank == first_name',
    'first_name == empty',
    'empty == first_name',
    'first_name == bio',
    'first_name == false',
  ])('makes %s true', (condition) => {
    for (const first_name of BLANK) expect(isTrue(condition, { first_name })).toBe(true);
    expect(isTrue(condition, { first_name: 'Ann' })).toBe(false);
  });

  test.each([
    'first_name',
    'first_name != ""',
    'first_name != blank',
    'first_name and company',
    'first_name > 0',
    'first_name < 5',
    'first_name >= ""',
    '"abc" contains first_name',
  ])('makes %s false', (condition) => {
    for (const first_name of BLANK) {
      expect(isTrue(condition, { first_name, company: 'Example' })).toBe(false);
    }
  });

  test.each([
    ['{% unless first_name %}none{% endunless %}', 'none'],
    ['{{ first_name | default: "friend" }}', 'friend'],
    ['{{ first_name | strip | default: "friend" }}', 'friend'],
    ['{% case first_name %}{% when "" %}none{% else %}some{% endcase %}', 'none'],
    ['{% case first_name %}{% when nil %}none{% else %}some{% endcase %}', 'none'],
    ['{% assign x = first_name | upcase %}{% if x %}some{% else %}none{% endif %}', 'none'],
    [
      '{% capture x %}{{ first_name }}{% endcapture %}{% if x %}some{% else %}none{% endif %}',
      'none',
    ],
  ])('is empty in %s', (source, expected) => {
    for (const first_name of BLANK) expect(render('text', source, { first_name })).toBe(expected);
  });

  test('prints as it stands', () => {
    expect(render('text', '[{% if true %}{{ first_name }}{% endif %}]', { first_name: ' ' })).toBe(
      '[ ]',
    );
  });
});

describe('a cell with a number', () => {
  test.each([
    [
      '007',
      [
        'orders == 7',
        '7 == orders',
        'orders == "007"',
        'orders > 5',
        '5 < orders',
        'orders <= 7.0',
      ],
    ],
    ['1.50', ['orders == 1.5', 'orders == "1.50"', 'orders > 1', 'orders < "9"']],
    ['-3', ['orders == -3', 'orders < 0']],
    [' 12 ', ['orders == 12', 'orders > "5"']],
    ['12345678901234567891', ['orders == "12345678901234567891"', 'orders > 5', 'orders > bio']],
  ])('%j compares as one', (orders, conditions) => {
    const bio = '12345678901234567890';
    for (const condition of conditions) {
      expect([condition, isTrue(condition, { orders, bio })]).toEqual([condition, true]);
    }
  });

  test.each([
    ['007', 'orders == "7"'],
    ['12345678901234567891', 'orders == 12345678901234567890'],
    ['12345678901234567891', 'orders == bio'],
    ['1e2', 'orders == 100'],
    ['+49', 'orders == 49'],
    ['0x10', 'orders == 16'],
    ['7,5', 'orders == 7.5'],
    ['seven', 'orders > 5'],
    ['007', 'orders != 7'],
  ])('%j does not make %s true', (orders, condition) => {
    expect(isTrue(condition, { orders, bio: '12345678901234567890' })).toBe(false);
  });

  test.each([
    ['{{ orders }}', '007'],
    ['{% if true %}{{ orders }}{% endif %}', '007'],
    ['{{ orders | append: "x" }}', '007x'],
    ['{{ orders | plus: 1 }}', '8'],
    ['{{ orders | times: 1.5 }}', '10.5'],
    ['{% assign n = orders | strip %}{% if n == 7 %}{{ n }}{% endif %}', '007'],
    ['{% case orders %}{% when 7 %}seven{% else %}other{% endcase %}', 'seven'],
    ['{% case orders %}{% when "007" %}seven{% endcase %}', 'seven'],
    ['{% for i in (5..orders) %}{{ i }}{% endfor %}', '567'],
    ['{{ "10,9,1" | split: "," | sort | join: " " }}', '1 10 9'],
    ['{{ orders.size }}{{ orders | size }}', '33'],
  ])('prints as it stands and counts as a number: %s', (source, expected) => {
    expect(render('text', source, { orders: '007' })).toBe(expected);
  });
});

describe('a property', () => {
  const problem = (source: string): string => {
    try {
      parse('text', source);
    } catch (error) {
      if (error instanceof CampaignError && error.code === 'BAD_TEMPLATE') return error.message;
      throw error;
    }
    return '';
  };

  test.each([
    ['Hi {{ company.constructor }}', 'the merge field "company" has no property "constructor"'],
    ['Hi {{ company.__proto__ }}', 'the merge field "company" has no property "__proto__"'],
    ['Hi {{ company["plain"] }}', 'the merge field "company" has no property "plain"'],
    ['Hi {{ company[0] }}', 'the merge field "company" has no property "0"'],
    ['Hi {{ company[note] }}', 'the merge field "company" has no property "note"'],
    ['Hi {{ company.size.toString }}', 'the merge field "company" has no property "toString"'],
    ['Hi {% if company.equals %}x{% endif %}', '"company" has no property "equals"'],
    ['Hi {% for i in (1..company.valueOf) %}x{% endfor %}', 'has no property "valueOf"'],
    ['Hi {{ note | default: company.isEmpty }}', '"company" has no property "isEmpty"'],
    ['Hi {% case company.gt %}{% when company.lt %}{% endcase %}', '"company" has no property'],
    ['{% assign x = company %} {{ x.constructor }}', '"x" has no property "constructor"'],
    ['{% capture x %}y{% endcapture %} {{ x.plain }}', '"x" has no property "plain"'],
    ['{% for x in company %} {{ x.hasOwnProperty }}{% endfor %}', 'no property "hasOwnProperty"'],
    ['{% for x in company %} {{ forloop.indx }}{% endfor %}', '"forloop" has no property "indx"'],
  ])('that no value has is refused with its place: %s', (source, message) => {
    expect(problem(source)).toMatch(/^m, line 1, column \d+: /);
    expect(problem(source)).toContain(message);
  });

  test.each([
    ['{{ company.size }}{{ company.first }}{{ company.last }}', '5'],
    [
      '{% assign x = company | split: "," %}{{ x.first }}{{ x[1] }}{{ x.last }}{{ x.size }}',
      'abc3',
    ],
    ['{% assign x = company | split: "," %}{% assign n = 1 %}{{ x[n] }}{{ x[orders] }}', 'bc'],
    [
      '{% for i in (1..2) %}{{ forloop.index }}{{ forloop.rindex0 }}{{ forloop.last }}{% endfor %}',
      '11false20true',
    ],
    ['{% assign x = company %}{{ x.size }}', '5'],
    // Whose name a cell brings.
    ['{% assign x = company %}[{{ x[note] }}{{ x[bio] }}]', '[]'],
  ])('of a cell, a list and a loop is read: %s', (source, expected) => {
    const fields = { company: 'a,b,c', orders: '2', note: 'constructor', bio: 'plain' };
    expect(render('text', source, fields)).toBe(expected);
  });
});

describe('a date', () => {
  const hostZone = process.env.TZ;
  afterEach(() => {
    if (hostZone === undefined) delete process.env.TZ;
    else process.env.TZ = hostZone;
  });
  const HOSTS = ['UTC', 'America/Los_Angeles', 'Pacific/Kiritimati', 'Europe/Berlin'];
  const onEveryHost = (source: string, fields: Fields, timezone: string): string => {
    const results = HOSTS.map((host) => {
      process.env.TZ = host;
      return render('text', source, fields, timezone);
    });
    expect(new Set(results).size).toBe(1);
    return results[0] as string;
  };
  const ALL =
    '{{ renewal | date: "%d.%m.%Y %H:%M" }}|{{ renewal | date_to_string }}|{{ renewal | date_to_long_string }}|{{ renewal | date_to_xmlschema }}|{{ renewal | date_to_rfc822 }}';

  test('the host of this test can be moved', () => {
    const hours = HOSTS.map((host) => {
      process.env.TZ = host;
      return new Date(0).getHours();
    });
    expect(new Set(hours).size).toBeGreaterThan(2);
  });

  test.each([
    '2026-12-01',
    ' 2026-12-01 ',
    '20261201',
    '2026/12/01',
    '12/01/2026',
    '01.12.2026',
    '1 Dec 2026',
    '1-Dec-2026',
    'December 1, 2026',
    'Tue, 01 Dec 2026',
    '2026-12-01Z',
    '2026-12-01+02:00',
  ])('without a time is that day everywhere: %s', (renewal) => {
    for (const zone of ['UTC', 'America/New_York', 'Pacific/Auckland']) {
      expect(onEveryHost(ALL, { renewal }, zone)).toMatch(
        /^01\.12\.2026 00:00\|01 Dec 2026\|01 December 2026\|2026-12-01T00:00:00[+-]..:00\|Tue, 01 Dec 2026 00:00:00 [+-]..00$/,
      );
    }
  });

  test.each([
    ['2026-12-01T00:30', '01.12.2026 00:30'],
    ['2026-12-01 00:30:15', '01.12.2026 00:30'],
    ['12/1/2026 12:30 AM', '01.12.2026 00:30'],
    ['20261201003000', '01.12.2026 00:30'],
    ['Tues 1 Dec 2026 00:30', '01.12.2026 00:30'],
    // No such time on clocks of Berlin.
    ['2026-03-29 02:30', '29.03.2026 02:30'],
  ])('with a time and no offset prints as it stands: %s', (renewal, expected) => {
    for (const zone of ['UTC', 'America/New_York', 'Europe/Berlin']) {
      expect(onEveryHost('{{ renewal | date: "%d.%m.%Y %H:%M" }}', { renewal }, zone)).toBe(
        expected,
      );
    }
  });

  test.each([
    ['2026-12-01T23:30:00Z', '02.12.2026 00:30 +0100'],
    ['2026-07-01T23:30:00Z', '02.07.2026 01:30 +0200'],
    ['2026-12-01T00:30:00+05:30', '30.11.2026 20:00 +0100'],
    ['2026-12-01 23:30:00 UTC', '02.12.2026 00:30 +0100'],
    ['2026-12-01 23:30:00+00', '02.12.2026 00:30 +0100'],
    ['Tue, 01 Dec 2026 23:30:00 +0000', '02.12.2026 00:30 +0100'],
    ['Tue Dec 01 2026 23:30:00 GMT+0000 (Coordinated Universal Time)', '02.12.2026 00:30 +0100'],
    ['1796167800', '02.12.2026 00:30 +0100'],
    ['1796167800000', '02.12.2026 00:30 +0100'],
    ['1796167800999', '02.12.2026 00:30 +0100'],
    ['946681200000', '01.01.2000 00:00 +0100'],
    ['now', '01.12.2026 00:30 +0100'],
    ['today', '01.12.2026 00:30 +0100'],
  ])('that is an instant is shown in the zone of the send: %s', (renewal, expected) => {
    const source = '{{ renewal | date: "%d.%m.%Y %H:%M %z" }}';
    expect(onEveryHost(source, { renewal }, 'Europe/Berlin')).toBe(expected);
    expect(onEveryHost('{{ renewal | date_to_xmlschema }}', { renewal }, 'Europe/Berlin')).toBe(
      expected.replace(/(..)\.(..)\.(....) (.....) (...)(..)/, '$3-$2-$1T$4:00$5:$6'),
    );
  });

  test('takes a zone of its own', () => {
    const source =
      '{{ "now" | date: "%H:%M %Z", "Asia/Tokyo" }} {{ "now" | date: "%H:%M %Z", 300 }}';
    expect(onEveryHost(source, {}, 'Europe/Berlin')).toBe('08:30 Asia/Tokyo 18:30 -0500');
  });

  test('counts milliseconds of a number, too, and takes a month without a year', () => {
    const source = '{{ renewal | plus: 0 | date: "%d.%m.%Y" }}';
    expect(render('text', source, { renewal: '1796167800000' })).toBe('01.12.2026');
    expect(render('text', source, { renewal: '1796167800' })).toBe('01.12.2026');
    expect(render('text', '{{ renewal | date: "%d.%m." }}', { renewal: 'Dec 1' })).toBe('01.12.');
  });

  test.each([
    ...['soon', '0000-00-00', '30/11/2026', '', 'Room 12', 'Room May 12', 'Route 2026', 'Mayor 7'],
    ...['12.5', '1999.5', '1999,5', '-5', '+2026', '.5', '12/31/26', '03-04-05', '12:30 PM'],
    ...['Tue 5', 'Dez 2026', 'PO 2026/7', 'order 12345', '1711850400000000', '1711850400000000000'],
    ...['v1.2', 'Zürich 8001', '１２'],
  ])('that is none stays as it is: %j', (renewal) => {
    expect(render('text', '{{ renewal | date: "%Y" }}', { renewal })).toBe(renewal);
  });

  test('is not looked for in a long text', () => {
    const renewal = `Dec 1 2026 ${'1:00Z('.repeat(50_000)}`;
    expect(render('text', '{{ renewal | date: "%Y" }}', { renewal }) === renewal).toBe(true);
  });

  test('is written with all that strftime has, in English', () => {
    const format =
      '%a %A %b %B %h %C %d %e %H %I %j %k %l %L %m %M %N %3N %p %P %q %s %S %u %U %w %W %y %Y %z %:z %Z %% %-d %_m %^a %#p %06Y %F %c %x %X';
    expect(
      onEveryHost(
        `{{ renewal | date: "${format}" }}`,
        { renewal: '2027-01-03T07:05:09.250Z' },
        'UTC',
      ),
    ).toBe(
      'Sun Sunday Jan January Jan 20 03  3 07 07 003  7  7 250 01 05 250000000 250 AM am rd 1798959909 09 7 01 0 00 27 2027 +0000 +00:00 UTC % 3  1 SUN am 002027 %F 1/3/2027, 7:05:09 AM 1/3/2027 7:05:09 AM',
    );
    expect(onEveryHost('{{ renewal | date }}', { renewal: '2026-12-31' }, 'Europe/Berlin')).toBe(
      'Thursday, December 31, 2026 at 12:00 am +0100',
    );
    expect(onEveryHost('{{ renewal | date: "%j %U %W" }}', { renewal: '2028-12-31' }, 'UTC')).toBe(
      '366 53 52',
    );
    expect(
      onEveryHost(
        '{{ renewal | date_to_string: "ordinal", "US" }}',
        { renewal: '2026-12-02' },
        'UTC',
      ),
    ).toBe('Dec 2nd, 2026');
  });
});

describe('a tag that was encoded', () => {
  const problem = (kind: 'html' | 'text' | 'listUnsubscribe', source: string): CampaignError => {
    try {
      parse(kind, source);
    } catch (error) {
      if (error instanceof CampaignError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  test.each([
    '<a href="https://x.example/?e=%7B%7B%20email%20%7D%7D">',
    '<a href="https://x.example/?e=%7b%7bemail%7d%7d">',
    '<a href="https://x.example/?e=%7B%7B+email+%7D%7D">',
    '<a href="https://x.example/?e=%257B%257Bemail%257D%257D">',
    '<a href="https://x.example/?e=%7B%7Bunsubscribe_url%7D%7D">',
    '&#123;&#123; email &#125;&#125;',
    '&#x7B;&#x7b;email&#x7D;&#x7d;',
    '&lbrace;&lbrace; email &rbrace;&rbrace;',
    '&lcub;&lcub;first&#95;name&rcub;&rcub;',
    '&amp;#123;&amp;#123; email &amp;#125;&amp;#125;',
    '&#123;&#123; email }}',
    '{{ email &#125;&#125;',
    '&#123;&#123;&nbsp;<b>email</b>&nbsp;&#125;&#125;',
    '&#123;&#123; company | default: &quot;x&quot; &#125;&#125;',
    '{<b>{ email }</b>}',
    '{\u200b{email}\u200b}',
    '｛｛ email ｝｝',
    '\\u007b\\u007bemail\\u007d\\u007d',
    '%7B%25%20if%20email%20%25%7D',
    '&#123;% if email %&#125;',
    '{% if email %}%7B%7Bemail%7D%7D{% endif %}',
    '{{%20email%20}}',
    '{{&nbsp;email }}',
    '{{ <b>email</b> }}',
    '{{ “email” }}',
    '{{ company | default: “x” }}',
    '{{ company | default: &quot;x&quot; }}',
    '{% if orders &gt; 5 %}x{% endif %}',
    '{% if company == ‘x’ %}x{% endif %}',
    '{% if email %}a{%&nbsp;endif %}',
  ])('or torn is refused with its place: %s', (tag) => {
    const error = problem('html', `<p>\n  ${tag}`);
    expect(error).toMatchObject({ code: 'BAD_TEMPLATE', exitCode: 2 });
    expect(error.message).toMatch(/^m, line 2, column \d+: /);
  });

  test('is shown as it was meant', () => {
    const error = problem('html', '<p>Hi</p>\n<a href="?e=%7B%7B%20email%20%7D%7D">x</a>');
    expect(error.message).toBe(
      'm, line 2, column 13: "%7B%7B%20email%20%7D%7D" is a tag that was encoded, and would be sent as it stands',
    );
    expect(error.remedy).toContain('write {{ email }} instead');
    expect(problem('html', '{{&nbsp;email }}').remedy).toContain('no &nbsp;');
  });

  test('is refused in text and in a URL, too', () => {
    expect(problem('text', 'Hi &#123;&#123; email &#125;&#125;').message).toContain(
      'line 1, column 4',
    );
    expect(problem('listUnsubscribe', 'https://x.example/?e=%7B%7Bemail%7D%7D').message).toContain(
      'column 22',
    );
  });

  test.each([
    '<a href="https://x.example/?q=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D">',
    '<a href="https://x.example/%7Bid%7D">',
    '<style>a{b:c}@media x{d{e:f}}</style>',
    '&#123; a &#125;',
    '<script>var a = {"b": {"c": 1}};</script>',
    'Write &#123;&#123; name }} there',
    '<code>{% raw %}%7B%7Bemail%7D%7D{% endraw %}</code>',
    '{% comment %}&#123;&#123;email&#125;&#125;{% endcomment %}',
  ])('is none in %s', (source) => {
    expect(() => parse('html', source)).not.toThrow();
  });
});

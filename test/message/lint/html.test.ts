import { describe, expect, test } from 'vitest';
import { lint, placesIn, placesOf, TEXT } from '../../support/linted.ts';

/** As newsletter builders write them: tables, Outlook's comments, a hidden line for the inbox, entities, capitals. */
const NEWSLETTER = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml" lang="de">
<head>
<meta charset="utf-8"><title>http://title.example is no link</title>
<!-- <img src="http://old.example/a.png"> <a href="#">gone</a> -->
<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->
<style type="text/css">
  v\\:* { behavior: url(#default#VML); }
  @media only screen and (max-width: 600px) { .wide { width: 100% !important } }
  .hero { background: url('https://cdn.example.org/hero.jpg') }
</style>
<script type="application/ld+json">{"@context":"http://schema.org","@type":"EmailMessage"}</script>
</head>
<BODY STYLE="margin:0">
<div style="display:none;max-height:0;overflow:hidden">Der Frühling ist da &#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;</div>
<TABLE ROLE=presentation CELLPADDING=0 BACKGROUND="https://cdn.example.org/bg.png"><TR><TD>
<!--[if (gte mso 9)|(IE)]><table width="600"><tr><td><![endif]-->
<A HREF=https://www.example.org/?utm_source=news&amp;utm_medium=mail><IMG SRC=https://cdn.example.org/logo.png ALT=Example></A>
<p>Liebe Leserin, lieber Leser {{ name }}, die Gärten blühen. Schreiben Sie <a href="mailto:hallo@example.org">hallo@example.org</a>,
rufen Sie <a href="tel:+49301234">030 / 1234</a> an, oder springen Sie <a href="#termine">zu den Terminen</a>.</p>
<p>Alles steht auf <a href="https://shop.example.org/neu">www.example.org</a>, auf <a href="https://example.org">Example.org</a> und
<a href='https://xn--grten-gra.example/x'>gärten.example</a>; wer src="http://x" oder href=# liest, liest Text. Nichts ist &lt;img src=x&gt;.</p>
<a name="termine"></a><h2>Termine</h2>
<!--[if mso]><v:roundrect href="https://example.org/termine"><center>Alle Termine</center></v:roundrect><![endif]-->
<!--[if !mso]><!--><a href="https://example.org/termine" class="button">Alle Termine</a><!--<![endif]-->
<img src="https://cdn.example.org/pixel.gif" width="1" height="1" alt="">
<img srcset="https://cdn.example.org/a.png 1x, https://cdn.example.org/b.png 2x" src="https://cdn.example.org/a.png" alt="Ein Garten">
<!--[if (gte mso 9)|(IE)]></td></tr></table><![endif]-->
<p style="font-size:11px"><a href="https://example.org/abmelden?e={{ email }}">Newsletter abbestellen</a></p>
</TD></TR></TABLE></BODY></html>`;

describe('a newsletter as builders write it', () => {
  test('is clean, comments for Outlook, hidden lines, capitals and values without quotes included', () => {
    expect(lint({ html: NEWSLETTER, rows: [{ name: 'Zoë' }, { name: 'Jürgen' }] })).toEqual([]);
  });

  test('in Markdown is clean, and its findings are on the lines of the Markdown', () => {
    const markdown =
      '# News\n\n[shop](http://example.com/a?b=1&c=2)\n\nplain text, [unsubscribe](https://example.org/u)\n';
    const html =
      '<h1>News</h1>\n<p><a href="http://example.com/a?b=1&amp;c=2">shop</a></p>\n<p>plain text, <a href="https://example.org/u">unsubscribe</a></p>';
    expect(placesOf(lint({ html, markdown }))).toEqual(['insecure-url at news.html line 3']);
  });
});

describe('what a value of the list brings into Markdown', () => {
  test('is one finding for all rows, on the line of its tag', () => {
    const markdown = '# Hi\n\n[yours]({{ link }})\n';
    const html = `<h1>Hi</h1>\n${TEXT}<p><a href="{{ link }}">yours</a> unsubscribe</p>`;
    const rows = [{ link: 'http://a.example' }, { link: 'http://b.example' }];
    expect(placesOf(lint({ html, markdown, rows }))).toEqual(['insecure-url at news.html line 3']);
    const made = '# Hi\n\n[yours][1]\n';
    expect(placesOf(lint({ html, markdown: made, rows }))).toEqual([
      'insecure-url at news.html, row 1',
    ]);
  });
});

describe('insecure-url', () => {
  test.each([
    '<a href="http://example.com/">x</a>',
    "<A HREF = 'HTTP://example.com'>x</A>",
    '<a href=http://example.com>x</a>',
    '<a href="&#104;ttp://example.com">x</a>',
    '<a href=" http://example.com ">x</a>',
    '<img alt="" src="http://example.com/a.png">',
    '<img alt="" src="https://example.com/a.png" srcset="https://example.com/a.png, http://example.com/b.png 2x">',
    '<table background="http://example.com/bg.png"></table>',
    '<td style="background-image: url(&quot;http://example.com/bg.png&quot;)"></td>',
    '<style>td { background: url( http://example.com/bg.png ) }</style>',
    '<form action="http://example.com/"></form>',
    '<link rel="stylesheet" href="http://fonts.example.com/css">',
    '<!--[if mso]><v:rect href="http://example.com/"></v:rect><![endif]-->',
    '<!--[if gte mso 9]><v:fill src="http://example.com/bg.png" /><![endif]-->',
  ])('is found: %s', (html) => {
    expect(placesIn('insecure-url', html)).toEqual(['news.html line 1']);
  });

  test.each([
    '<a href="https://example.com/?next=http://example.com">x</a>',
    '<p>see http://example.com</p>',
    '<!-- <a href="http://example.com/">x</a> -->',
    '<a title="http://example.com" href="https://example.com">x</a>',
    '<link itemprop="url" href="http://schema.org/Yes">',
    '<div itemtype="http://schema.org/Event" itemscope></div>',
    '<textarea><a href="http://example.com">x</a></textarea>',
    '<style>/* @namespace */ a { color: red }</style>',
  ])('is not found: %s', (html) => {
    expect(placesIn('insecure-url', html)).toEqual([]);
  });

  test('is found once a line, however many rows and links are on it, and by its line where Liquid chooses', () => {
    const html = [
      '<p>{{ name }}</p>',
      '{%- if city == "Bath" -%}',
      '<a href="http://a.example">a</a> <a href="http://b.example">b</a>',
      '{%- else -%}',
      '<a href="{{ link }}">c</a>',
      '{%- endif -%}',
    ].join('\n');
    const rows = [
      { city: 'Bath' },
      { link: 'http://c.example' },
      { city: 'Bath' },
      { link: 'http://d.example' },
      { link: 'https://e.example' },
    ];
    const found = lint({ html: `${html}${TEXT}<a href="https://x.example">unsubscribe</a>`, rows });
    expect(placesOf(found)).toEqual([
      'insecure-url at news.html line 3',
      'insecure-url at news.html line 5',
    ]);
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringContaining('(and 1 more there)'),
      expect.stringContaining('(and 1 more there)'),
    ]);
  });
});

describe('unreachable-url', () => {
  test.each([
    ['<a href="/news">x</a>', 'a place beside the message'],
    ['<a href="www.example.com">x</a>', 'without https:// before it'],
    ['<img alt="" src="images/logo.png">', 'a place beside the message'],
    ['<img alt="" src="">', 'is empty'],
    ['<img alt="" src="file:///C:/Users/me/logo.png">', 'a file of this machine'],
    ['<img alt="" src="C:\\Users\\me\\logo.png">', 'a file of this machine'],
    ['<img alt="" src="cid:gone@example.org">', 'does not go with the message'],
    ['<a href="http://localhost:3000/x">x</a>', 'a private network'],
    ['<a href="https://127.0.0.1/">x</a>', 'a private network'],
    ['<a href="https://192.168.1.20/">x</a>', 'a private network'],
    ['<a href="http://[::1]/">x</a>', 'a private network'],
    ['<a href="https://[::ffff:10.0.0.1]/">x</a>', 'a private network'],
    ['<a href="http://0x7f.1/">x</a>', 'a private network'],
    ['<a href="http://2130706433/">x</a>', 'a private network'],
    ['<a href="http://0300.0250.1/">x</a>', 'a private network'],
    ['<base href="/x/"><a href="news">x</a>', 'a place beside the message'],
    ['<a href="https://intranet/">x</a>', 'a private network'],
    ['<a href="//shop.local/">x</a>', 'a private network'],
    ['<a href="https://">x</a>', 'what is no URL'],
    ['<a href="https://exa mple.org/">x</a>', 'what is no URL'],
    ['<a href="data:text/html,hello">x</a>', 'do not open'],
  ])('is found: %s', (html, why) => {
    const [found] = lint({ html: `${html}${TEXT}<p>unsubscribe</p>` });
    expect(found).toMatchObject({ rule: 'unreachable-url', severity: 'error' });
    expect(found?.message).toContain(why);
  });

  test.each([
    '<a href="https://8.8.8.8/">x</a>',
    '<a href="https://172.32.0.1/">x</a>',
    '<a href="//cdn.example.com/x">x</a>',
    '<a href="sms:+4930">x</a> <a href="webcal://example.com/c.ics">x</a>',
    '<a href="#below">x</a>',
    '<a>x</a> <a name="x">x</a>',
    '<a href="*|UNSUB|*">x</a>',
    '<img alt="" src="cid:logo@example.org">',
    '<td background=""></td> <form action=""></form>',
    '<base href="https://example.com/"><a href="news">x</a>',
    '<!-- <a href="/news">x</a> -->',
  ])('is not found: %s', (html) => {
    const files = [{ name: 'logo.png', cid: 'logo@example.org' }];
    expect(placesIn('unreachable-url', html, { files })).toEqual([]);
  });
});

describe('empty-link', () => {
  test.each([
    '<a href="">x</a>',
    '<a href>x</a>',
    '<a href="#">x</a>',
    '<a href=" # ">x</a>',
    '<a href="javascript:void(0)">x</a>',
    '<a href="mailto:">x</a>',
    '<a href="tel:{{ city }}">x</a>',
  ])('is found: %s', (html) => {
    expect(placesIn('empty-link', html)).toEqual(['news.html line 1']);
  });

  test('is not found where a link leads somewhere, or a mail has no recipient yet', () => {
    const html = '<a href="#top">x</a> <a href="mailto:?subject=Look">share</a> <a id="x">x</a>';
    expect(placesIn('empty-link', html)).toEqual([]);
  });

  test('names the row whose value is empty', () => {
    const html = '<p>a</p>\n<a href="{{ link }}">x</a>';
    const rows = [{ link: 'https://example.com' }, { link: '' }];
    expect(placesIn('empty-link', html, { rows })).toEqual(['news.html line 2']);
  });
});

describe('image-without-alt', () => {
  test.each([
    '<img src="https://example.com/a.png">',
    '<IMG SRC=https://example.com/a.png>',
    '<img src="https://example.com/a.png" title="a" role="presentation">',
    '<img src="https://example.com/a.png" aria-hidden="true" width="10" height="10">',
    '<input type="image" src="https://example.com/a.png">',
    "<img data-alt='x' src='https://example.com/a.png' />",
    '<img src="https://example.com/a.png?x=alt=">',
  ])('is found: %s', (html) => {
    expect(placesIn('image-without-alt', html)).toEqual(['news.html line 1']);
  });

  test.each([
    '<img src="https://example.com/a.png" alt="">',
    '<img alt src="https://example.com/a.png">',
    '<img src="https://example.com/p.gif" width="1" height="1">',
    '<IMG SRC=https://example.com/p.gif WIDTH=1 HEIGHT=1px>',
    '<img src="https://example.com/p.gif" style="width:1px; height: 0">',
    '<img src="https://example.com/p.gif" style="Display: none !important">',
    '<img src="https://example.com/p.gif" hidden>',
    "<img\n  src='https://example.com/a.png'\n  ALT='A > B'\n>",
    '<img src=https://example.com/a.png alt=x/>',
    '<input type="text">',
    '<p>&lt;img src="a.png"&gt;</p>',
    '<!-- <img src="https://example.com/a.png"> -->',
    '<v:image src="https://example.com/a.png"></v:image>',
  ])('is not found: %s', (html) => {
    expect(placesIn('image-without-alt', html)).toEqual([]);
  });
});

describe('misleading-link', () => {
  test.each([
    ['<a href="https://evil.example/">paypal.com</a>', 'paypal.com', 'evil.example'],
    [
      '<a href="https://evil.example/"> <b>https://www.paypal.com/login</b></a>',
      'www.paypal.com',
      'evil.example',
    ],
    [
      '<a href="https://paypal.com@evil.example/">www.paypal.com</a>',
      'www.paypal.com',
      'evil.example',
    ],
    [
      '<a href="https://paypal.com.evil.example/">paypal.com</a>',
      'paypal.com',
      'paypal.com.evil.example',
    ],
    ['<a href="https://evil.example/">&#112;aypal&#46;com</a>', 'paypal.com', 'evil.example'],
    ['<a href="https://b.co.uk/">a.co.uk</a>', 'a.co.uk', 'b.co.uk'],
    ['<a href="mailto:x@evil.example">service@paypal.com</a>', 'paypal.com', 'evil.example'],
    ['<a href="https://evil.example/">→ paypal.com</a>', 'paypal.com', 'evil.example'],
    ['<a href="https://paypal.com/">p\u0430ypal.com</a>', 'xn--pypal-4ve.com', 'paypal.com'],
    ['<a href="{{ link }}">example.org</a>', 'example.org', 'evil.example'],
    ['<a href="https://evil.example/">bank.&#8203;example</a>', 'bank.example', 'evil.example'],
    ['<a href="https://evil.example/">pay&shy;pal.com</a>', 'paypal.com', 'evil.example'],
    [
      '<a href="https://evil.example/">\u2060pay<b>pal</b>\uFEFF.com\u200D</a>',
      'paypal.com',
      'evil.example',
    ],
    ['<a href="https://evil.example/">PayPal.com/login</a>', 'paypal.com', 'evil.example'],
    ['<a href="https://evil.example/">WWW.PAYPAL.COM</a>', 'www.paypal.com', 'evil.example'],
    ['<a href="https://evil.example/">allegro.pl/oferta</a>', 'allegro.pl', 'evil.example'],
    ['<a href="https://paypal.xyz/">paypal.com</a>', 'paypal.com', 'paypal.xyz'],
    ['<a href="https://t.me/x">whatsapp.com</a>', 'whatsapp.com', 't.me'],
    ['<a href="https://goo.gl.evil.example/">google.com</a>', 'google.com', 'goo.gl.evil.example'],
  ])('is found: %s', (html, shown, real) => {
    const rows = [{ link: 'https://example.org' }, { link: 'https://evil.example/x' }];
    const [found] = lint({ html: `${html}${TEXT}<p>unsubscribe</p>`, rows });
    expect(found).toMatchObject({
      rule: 'misleading-link',
      message: `the text of a link names ${shown}, and the link leads to ${real}`,
      where: 'news.html line 1',
    });
  });

  test.each([
    '<a href="https://www.example.org/news?x=1&amp;y=2">example.org</a>',
    '<a href="https://example.org/">http://www.example.org</a>',
    '<a href="https://shop.example.co.uk/">www.example.co.uk</a>',
    '<a href="https://xn--mller-kva.example/">Müller.example</a>',
    '<a href="https://r.example.com/">Shopping, also at Amazon.com, helps us</a>',
    '<a href="https://r.example.com/">Node.js</a>',
    '<a href="https://r.example.com/">report.pdf</a>',
    '<a href="https://r.example.com/">README.md</a>',
    '<a href="https://r.example.com/">12.5</a>',
    '<a href="https://r.example.com/">z.B.</a>',
    '<a href="https://r.example.com/">news@example.org</a>',
    '<a href="mailto:news@example.org">www.example.com</a>',
    '<a href="mailto:ann%40example.org?subject=x">ann@example.org</a>',
    '<a href="tel:+49301234">030.1234</a>',
    '<a href="https://r.example.com/"><img src="https://example.com/a.png" alt="paypal.com"></a>',
    '<a href="https://r.example.com/"><!-- paypal.com -->here</a>',
    '<a href="#x">paypal.com</a>',
    '<p>paypal.com</p><a href="https://evil.example/">here</a>',
    '<a href="https://dotnet.microsoft.com/">ASP.NET</a>',
    '<a href="https://dotnet.microsoft.com/">ASP.NET/Core</a>',
    '<a href="https://dotnet.microsoft.com/">ML.NET</a>',
    '<a href="https://github.com/socketio">Socket.IO</a>',
    '<a href="https://r.example.com/">build.pl</a>',
    '<a href="https://r.example.com/">10.30.am</a>',
    '<a href="https://r.example.com/">10.30.am/pm</a>',
    '<a href="https://youtu.be/x">youtube.com</a>',
    '<a href="https://maps.app.goo.gl/x">maps.google.com</a>',
    '<a href="https://t.me/x">telegram.org</a>',
    '<a href="https://www.bbc.co.uk/">bbc.com</a>',
    '<a href="https://amzn.to/x">amazon.de</a>',
    '<a href="https://x.com/a">twitter.com/a</a>',
    '<a href="mailto:ann@example.de">ann@example.com</a>',
    `<a href="https://r.example.com/">www.example.org/${'x'.repeat(250)}</a>`,
  ])('is not found: %s', (html) => {
    expect(placesIn('misleading-link', html)).toEqual([]);
  });
});

describe('other markup', () => {
  test('data: in place of a picture is told of, in styles too, and a font or a script of data is not', () => {
    expect(placesIn('data-image', '<img alt="" src="data:image/png;base64,AAAA">')).toHaveLength(1);
    expect(
      placesIn('data-image', '<td style="background:url(data:image/gif;base64,AAAA)">'),
    ).toHaveLength(1);
    expect(
      placesIn('data-image', '<style>@font-face{src:url(data:font/woff2;base64,AAAA)}</style>'),
    ).toEqual([]);
  });

  test('what is active is told of, and data for mail programs is not', () => {
    for (const html of [
      '<script>x()</script>',
      '<script src="https://x.example/a.js"></script>',
      '<iframe src="https://x.example"></iframe>',
      '<OBJECT></OBJECT>',
      '<embed src="https://x.example/a.swf">',
      '<meta http-equiv="refresh" content="0;url=https://x.example">',
      '<META content=0 HTTP-EQUIV=Refresh>',
      "<meta http-equiv=' &#114;efresh' content='0'>",
    ]) {
      expect(placesIn('active-content', html)).toEqual(['news.html line 1']);
    }
    expect(
      placesIn('active-content', '<script type="application/ld+json">{"a":1}</script>'),
    ).toEqual([]);
    expect(
      placesIn('active-content', '<meta http-equiv="Content-Type" content="refresh">'),
    ).toEqual([]);
    expect(placesIn('active-content', '<!-- <script>x()</script> -->&lt;script&gt;')).toEqual([]);
  });

  test('pictures beside little text are told of by what is seen, not by what is hidden', () => {
    const html = (text: string, more = ''): string =>
      `<img src="https://example.com/a.png" alt="${'long words '.repeat(40)}"><p>${text}</p>${more}<a href="https://example.org/u">unsubscribe</a>`;
    const rules = (source: string) => lint({ html: source }).map(({ rule }) => rule);
    expect(rules(html('Sale!'))).toEqual(['image-only']);
    expect(rules(html('Sale!', `<div style="display:none">${TEXT}</div>`))).toEqual(['image-only']);
    expect(rules(html('Sale!', `<!-- ${TEXT} --><style>/* ${TEXT} */</style>`))).toEqual([
      'image-only',
    ]);
    expect(rules(html(TEXT))).toEqual([]);
    expect(
      rules(
        '<p>Code 1234. Unsubscribe?</p><img alt="" width=1 height=1 src="https://example.com/p.gif">',
      ),
    ).toEqual([]);
    expect(rules('<p>Code 1234. Unsubscribe?</p>')).toEqual([]);
  });

  test.each([
    '<img src="https://example.com/a.png" alt="">',
    '<img src="https://example.com/a.png" alt="Example" width="160" height="48">',
    '<img src="https://example.com/a.png" alt="Example" height="40">',
    '<img src="https://example.com/logo.png" alt="Example">',
    '<img src="https://example.com/a.png" alt="Logo of Example">',
  ])('a short note beside a logo or decoration is no picture alone: %s', (picture) => {
    expect(lint({ html: `${picture}<p>Your order is on its way. Unsubscribe?</p>` })).toEqual([]);
  });

  test('pictures alone are told of beside a logo, and for information where a file goes with each row', () => {
    const html =
      '<img src="https://example.com/logo.png" alt="Logo"><img src="https://example.com/logos-2026.png" alt="Sale" width="600"><p>Unsubscribe?</p>';
    expect(lint({ html })).toMatchObject([{ rule: 'image-only', severity: 'warning' }]);
    expect(lint({ html, rowFile: 'bill.pdf' })).toMatchObject([
      { rule: 'image-only', severity: 'info' },
    ]);
  });

  test('HTML is measured with its values, in bytes, and the longest row is named', () => {
    const html = `<p>unsubscribe {{ name }}</p>${'ü'.repeat(51 * 1024)}`;
    const short = lint({ html, rows: [{ name: '' }] });
    expect(short.map(({ rule }) => rule)).toEqual(['clipped-html']);
    const fits = `<p>unsubscribe {{ name }}</p>${'ü'.repeat(51 * 1024 - 20)}`;
    expect(lint({ html: fits, rows: [{ name: '' }] })).toEqual([]);
    const rows = [{ name: 'Ada' }, { name: 'x'.repeat(500) }, { name: 'Bob' }];
    expect(placesOf(lint({ html: fits, rows }))).toEqual(['clipped-html at news.html, row 2']);
  });
});

import { randomBytes } from 'node:crypto';
import iconv from 'iconv-lite';
import MailComposer from 'nodemailer/lib/mail-composer';
import { describe, expect, test } from 'vitest';
import { CampaignError } from '../../src/errors.ts';
import { readEml } from '../../src/message/eml/read-eml.ts';

const read = (mail: string | Buffer) =>
  readEml(typeof mail === 'string' ? Buffer.from(mail) : mail, 'news.eml');

/** Lines as mail has them. */
const lines = (...text: string[]): string => `${text.join('\r\n')}\r\n`;

const HEAD = ['From: News <news@example.org>', 'Subject: Hi {{ name }}'];

function refusal(mail: string | Buffer): CampaignError {
  try {
    read(mail);
  } catch (error) {
    if (error instanceof CampaignError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

const compose = (mail: ConstructorParameters<typeof MailComposer>[0]): Promise<Buffer> =>
  new MailComposer(mail).compile().build();

describe('a message that was saved', () => {
  test('gives back bodies, files and pictures byte for byte, names with umlauts too', async () => {
    const [pdf, png] = [randomBytes(100_001), randomBytes(3_000)];
    const csv = iconv.encode('Größe;5\r\n', 'windows-1252');
    const eml = read(
      await compose({
        from: '"Müller, Jörg" <news@example.org>',
        replyTo: 'Büro <office@example.org>',
        to: 'ann@example.net',
        subject: 'Grüße, {{ name }} — '.repeat(8),
        text: 'Dear {{ name }},\n\nGrüße\n',
        html: '<p>Dear {{ name }}, <img src="cid:logo@x">Grüße</p>',
        headers: { 'X-Segment': 'Ä {{ name }}', Organization: 'Büro', 'X-Mailer': 'Old' },
        attachments: [
          { filename: 'Übersicht März.pdf', content: pdf },
          { filename: 'logo.png', content: png, cid: 'logo@x' },
          { filename: 'größen.csv', content: csv, contentType: 'text/csv; charset=windows-1252' },
        ],
      }),
    );
    expect(eml).toMatchObject({
      from: '"Müller, Jörg" <news@example.org>',
      replyTo: '"Büro" <office@example.org>',
      subject: 'Grüße, {{ name }} — '.repeat(8).trim(),
      text: 'Dear {{ name }},\n\nGrüße\n',
      html: '<p>Dear {{ name }}, <img src="cid:logo@x">Grüße</p>',
      headers: expect.arrayContaining([
        { name: 'X-Segment', value: 'Ä {{ name }}' },
        { name: 'Organization', value: 'Büro' },
      ]),
    });
    expect(eml.leftOut).toEqual(expect.arrayContaining(['To', 'Message-ID', 'Date', 'X-Mailer']));
    expect(eml.attachments.map(({ name, type }) => [name, type])).toEqual([
      ['Übersicht März.pdf', 'application/pdf'],
      ['größen.csv', 'text/csv; charset=windows-1252'],
    ]);
    expect(eml.attachments.map(({ content }) => content)).toEqual([pdf, csv]);
    expect(eml.inline).toMatchObject([{ name: 'logo.png', type: 'image/png', cid: 'logo@x' }]);
    expect(eml.inline[0]?.content).toEqual(png);
  });

  test.each([
    ['iso-8859-1', 'Grüße “€”', 'windows-1252'],
    ['windows-1252', 'Grüße “€”', 'windows-1252'],
    ['windows-1251', 'Привет', 'windows-1251'],
    ['koi8-r', 'Привет', 'koi8-r'],
    ['gb2312', '你好', 'gbk'],
    ['shift_jis', 'こんにちは', 'shift_jis'],
    ['UTF-8', 'Grüße 😀', 'utf8'],
    ['utf-16le', 'Grüße', 'utf16le'],
    ['', 'Grüße', 'utf8'],
  ])('in %s is read as that', (charset, text, encoding) => {
    const head = lines(
      ...HEAD,
      `Content-Type: text/plain${charset === '' ? '' : `; charset="${charset}"`}`,
      'Content-Transfer-Encoding: base64',
      '',
      iconv.encode(text, encoding).toString('base64'),
    );
    expect(read(head).text).toBe(text);
  });

  test('in ISO-2022-JP, which only the platform knows, is read too', () => {
    const mail = Buffer.concat([
      Buffer.from(lines(...HEAD, 'Content-Type: text/plain; charset=ISO-2022-JP', '')),
      Buffer.from('1b2442244b2448245b1b2842', 'hex'),
    ]);
    expect(read(mail).text).toMatch(/^[ぁ-ん]{3}$/);
  });

  test('keeps what a part of plain bytes has: CRLF, LF, blanks, and no line break of the boundary', () => {
    const content = 'a \r\nb\nc\r\n\r\n';
    const mail = `${lines(
      ...HEAD,
      'Content-Type: multipart/mixed; boundary="=_x y"',
      '',
      'preamble',
      '--=_x y',
      '',
      'Hi',
      '--=_x y \t',
      'Content-Type: application/x-any; name=a.bin',
      'Content-Disposition: attachment',
      '',
    )}${content}\r\n--=_x y--\r\nepilogue\r\n`;
    const eml = read(mail);
    expect(eml.text).toBe('Hi');
    expect(eml.attachments.map((file) => file.content.toString())).toEqual([content]);
    expect(read(mail.replaceAll('\r\n', '\n')).text).toBe('Hi');
  });

  test('has names of files in every way that mail programs write them', () => {
    const named = (...headers: string[]): string | undefined =>
      read(
        lines(
          ...HEAD,
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b',
          '',
          'Hi',
          '--b',
          ...headers,
          'Content-Transfer-Encoding: base64',
          '',
          'QUJD',
          '--b--',
        ),
      ).attachments[0]?.name;
    expect(
      named(
        'Content-Type: application/pdf;',
        ' name="=?UTF-8?Q?=C3=9Cbersicht.pdf?="',
        'Content-Disposition: attachment;',
        " filename*0*=UTF-8''%C3%9Cbersicht%20;",
        ' filename*1="2026 (1)";',
        ' filename*2*=%20M%C3%A4rz.pdf',
      ),
    ).toBe('Übersicht 2026 (1) März.pdf');
    expect(named("Content-Disposition: attachment; filename*=iso-8859-1'de'%DCber.txt")).toBe(
      'Über.txt',
    );
    expect(named('Content-Disposition: attachment; filename="a \\"b\\".txt"')).toBe('a "b".txt');
    expect(named('Content-Type: image/png; name="=?iso-8859-1?B?3GJlci5wbmc=?="')).toBe('Über.png');
    expect(named('Content-Disposition: attachment; filename="../../etc/passwd"')).toBe('passwd');
    expect(named('Content-Disposition: attachment; filename="C:\\\\a\\\\b.txt"')).toBe('b.txt');
    expect(named('Content-Type: image/png', 'Content-Disposition: attachment')).toBe(
      'attachment-1.png',
    );
    expect(named('Content-Type: message/rfc822')).toBe('message-1.eml');
  });

  test('has words of headers that were cut in the middle of a character, and From with commas', () => {
    const eml = read(
      lines(
        'From: =?utf-8?Q?M=C3=BCller=2C_J=22?= <news@example.org>',
        'Subject: =?utf-8?B?R3LDvMM=?=',
        ' =?utf-8?B?n2U=?= {{ name }}',
        '',
        'Hi',
      ),
    );
    expect([eml.from, eml.subject]).toEqual([
      '"Müller, J\\"" <news@example.org>',
      'Grüße {{ name }}',
    ]);
  });

  test('that is flowed has its paragraphs, not its lines', () => {
    const eml = read(
      lines(...HEAD, 'Content-Type: text/plain; format=flowed', '', 'a ', 'b', ' >c', '-- ', 'sig'),
    );
    expect(eml.text).toBe('a b\n>c\n-- \nsig\n');
  });

  test('of an mbox, or with a byte order mark or empty lines above, is read', () => {
    for (const above of ['From a@b Mon Jan  1 00:00:00 2026\n', '\ufeff', '\r\n\n']) {
      expect(read(`${above}${lines(...HEAD, '', 'Hi')}`).text).toBe('Hi\n');
    }
  });

  test('says charset utf-8 in its HTML, as it is sent', () => {
    const html =
      '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><meta charset="windows-1252">';
    expect(read(lines(...HEAD, 'Content-Type: text/html; charset=iso-8859-1', '', html)).html).toBe(
      `${html.replace('iso-8859-1', 'utf-8').replace('windows-1252', 'utf-8')}\n`,
    );
  });

  test('leaves out what tells of its way, and what stands twice', () => {
    const eml = read(
      lines(
        'Received: from x',
        'Received: from y',
        'DKIM-Signature: v=1',
        'Return-Path: <a@b>',
        'X-Received: by z',
        'X-Spam-Score: 9',
        'X-Two: 1',
        'x-two: 2',
        'X-MC-BccAddress: spy@example.net',
        'X-SMTPAPI: {"to":["spy@example.net"]}',
        'X-Priority: 1',
        'List-Unsubscribe: <https://example.org/old>',
        ...HEAD,
        '',
        'Hi',
      ),
    );
    expect(eml.headers).toEqual([{ name: 'X-Priority', value: '1' }]);
    expect(eml.leftOut).toEqual([
      'Received',
      'DKIM-Signature',
      'Return-Path',
      'X-Received',
      'X-Spam-Score',
      'X-Two',
      'x-two',
      'X-MC-BccAddress',
      'X-SMTPAPI',
      'List-Unsubscribe',
    ]);
  });

  const multipart = (type: string, ...parts: string[]): string =>
    lines(
      ...HEAD,
      `Content-Type: multipart/${type}; boundary=b`,
      '',
      ...parts.flatMap((part) => ['--b', part]),
      '--b--',
    );

  test.each([
    ['Bcc', lines(...HEAD, 'Bcc: eve@example.net', '', 'x'), /^news\.eml, line 3: has Bcc/],
    ['Cc', lines('cC: eve@example.net', ...HEAD, '', 'x'), /^news\.eml, line 1: has cC/],
    ['Resent-To', lines(...HEAD, 'Resent-To: e@example.net', '', 'x'), /line 3: has Resent-To/],
    ['two From', lines(...HEAD, 'From: b@example.org', '', 'x'), /line 3: has From a second time/],
    ['S/MIME', multipart('signed', '\r\nHi'), /line 1: is signed \(multipart\/signed\)/],
    ['encryption', multipart('encrypted', '\r\nHi'), /is encrypted/],
    [
      'S/MIME in one part',
      lines(...HEAD, 'Content-Type: application/pkcs7-mime', '', 'x'),
      /is signed or encrypted/,
    ],
    [
      'PGP in its text',
      lines(...HEAD, '', '-----BEGIN PGP SIGNED MESSAGE-----', 'x'),
      /signed or encrypted by PGP/,
    ],
    ['a report', multipart('report', '\r\nHi'), /is a report of a mail server/],
    [
      'a cut file',
      multipart('mixed', '\r\nHi').replace('--b--\r\n', ''),
      /line 5: begins a multipart that has no end \(--b--\): the file is cut short/,
    ],
    [
      'no base64',
      multipart('mixed', 'Content-Transfer-Encoding: base64\r\n\r\nQUJD*'),
      /line 8: is no base64/,
    ],
    [
      'an unknown encoding',
      lines(...HEAD, 'Content-Transfer-Encoding: x-uuencode', '', 'x'),
      /is encoded as x-uuencode/,
    ],
    [
      'an unknown charset',
      lines(...HEAD, 'Content-Type: text/plain; charset=klingon', '', 'x'),
      /line 1: is text that is in the charset klingon, which is not known/,
    ],
    [
      'text of another charset',
      Buffer.from(
        lines(...HEAD, 'Content-Type: text/plain; charset=utf-8', '', 'Gr\xfc'),
        'latin1',
      ),
      /is text that is not in utf-8/,
    ],
    [
      'two HTML parts',
      multipart('mixed', 'Content-Type: text/html\r\n\r\na', 'Content-Type: text/html\r\n\r\nb'),
      /a second HTML part/,
    ],
    [
      'nothing but a file',
      lines(...HEAD, 'Content-Type: image/png', '', 'x'),
      /neither HTML nor text/,
    ],
    ['no message', 'Hello, this is a text\n', /^news\.eml, line 1: is no header/],
    ['nothing', ' \r\n', /^news\.eml is empty/],
    ['a .msg', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /is a \.msg of Outlook/],
    ['an .emlx', '1234      \nFrom: a@b\n\nx', /is an \.emlx of Apple Mail/],
  ])('with %s is refused', (_, mail, message) => {
    expect(refusal(mail)).toMatchObject({
      code: 'BAD_FILE',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  test('with parts in parts without end comes to its end', () => {
    let mail = 'Hi';
    for (let i = 0; i < 40; i++) {
      mail = `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n${mail}\r\n--b${i}--`;
    }
    expect(refusal(`${HEAD.join('\r\n')}\r\n${mail}`).message).toMatch(/parts in parts/);
    const many = '--b\r\n\r\nx\r\n'.repeat(5_000);
    expect(
      refusal(lines(...HEAD, 'Content-Type: multipart/mixed; boundary=b', '', `${many}--b--`))
        .message,
    ).toMatch(/more than 1000 parts/);
  });
});

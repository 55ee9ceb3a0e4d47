import { expect, test } from 'vitest';
import { received, takeApart } from '../../src/message/read-mime.ts';

const lines = (...all: string[]): string => all.join('\r\n');

test('a message of parts in parts is taken apart: bodies, files by any name, images of the HTML', () => {
  const message = lines(
    'Subject: =?UTF-8?Q?Gr=C3=BC?= =?UTF-8?B?w59l?= =?UTF-8?Q?_an?=',
    ' =?UTF-8?Q?_alle?=',
    'Content-Type: multipart/mixed; boundary="=_a"',
    '',
    'before',
    '--=_a',
    'Content-Type: multipart/alternative; boundary="=_a1"',
    '',
    '--=_a1',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Gr=C3=BC=',
    '=C3=9Fe=20',
    '.',
    '--=_a1',
    'Content-Type: multipart/related; boundary="=_a2"',
    '',
    '--=_a2',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    '<img src=3D"cid:logo">',
    '--=_a2',
    'Content-Type: image/png; name="logo.png"',
    'Content-Disposition: inline; filename="logo.png"',
    'Content-ID: <logo>',
    'Content-Transfer-Encoding: base64',
    '',
    'iVBO',
    'Rw==',
    '--=_a2--',
    '--=_a1--',
    '--=_a',
    'Content-Type: text/plain',
    "Content-Disposition: attachment; filename*0*=utf-8''%C3%9Cber;",
    ' filename*1="sicht.txt"',
    'Content-Transfer-Encoding: base64',
    '',
    'QQ==',
    '--=_a--',
    '',
  );
  const { headers, text, html, files } = takeApart(Buffer.from(message));
  expect(headers[0]).toEqual({ name: 'Subject', value: 'Grüße an alle' });
  expect(text).toBe('Grüße \n.');
  expect(html).toBe('<img src="cid:logo">');
  expect(
    files.map(({ name, type, cid, content }) => [name, type, cid, content.toString('hex')]),
  ).toEqual([
    ['logo.png', 'image/png', 'logo', '89504e47'],
    ['Übersicht.txt', 'text/plain', null, '41'],
  ]);
});

test('dots that the wire needs are taken away, over the borders of pieces', () => {
  const filled = {
    envelope: { from: 'a@example.com', to: 'b@example.org', utf8: false },
    header: 'Subject: x\r\n\r\n',
    body: ['..\r\n', '...a\r\nb.\r\n', Buffer.from('..c\r\n')],
  };
  expect(received(filled).toString()).toBe('Subject: x\r\n\r\n.\r\n..a\r\nb.\r\n.c\r\n');
});

import { describe, expect, it } from 'vitest';
import { parseSmtpUrl } from '../../src/smtp/url.ts';

describe('an SMTP URL', () => {
  it.each([
    ['smtp://localhost', { port: 25, secure: false, startTls: 'never', verifyCertificate: false }],
    ['smtp://u:p@127.0.0.1:587', { startTls: 'never', verifyCertificate: false }],
    ['smtp://localhost?tls=verify', { startTls: 'required', verifyCertificate: true }],
    ['smtp://localhost?tls=unverified', { startTls: 'required', verifyCertificate: false }],
    ['smtp://mail.example.org', { startTls: 'offered', verifyCertificate: true }],
    ['smtp://u:p@127.999.1.1', { startTls: 'required', verifyCertificate: true }],
    ['smtp://u:p@127.mail.example.org', { startTls: 'required', verifyCertificate: true }],
    ['smtp://u:p@mail.example.org:587', { startTls: 'required', verifyCertificate: true }],
    [
      'smtps://mail.example.org',
      { port: 465, secure: true, startTls: 'never', verifyCertificate: true },
    ],
    ['smtp://mail.example.org?tls=off', { startTls: 'never' }],
    ['smtp://mail.example.org?requireTLS=true', { startTls: 'required', verifyCertificate: true }],
    [
      'smtp://mail.example.org?tls.rejectUnauthorized=false',
      { startTls: 'required', verifyCertificate: false },
    ],
    ['smtp://me%40x.org:p%3Aw@mail.example.org', { user: 'me@x.org', password: 'p:w' }],
    ['smtp://[::1]:25?name=ehlo.example.org', { host: '::1', clientName: 'ehlo.example.org' }],
    [
      'smtp://mail.example.org?socketTimeout=5000&tls-ca=/ca.pem',
      { options: { socketTimeout: 5000 }, ca: '/ca.pem' },
    ],
  ])('%s', (url, expected) => {
    expect(parseSmtpUrl(url)).toMatchObject(expected);
  });

  it.each([
    'smtp://',
    'mail.example.org',
    'smtp://h?frob=1',
    'smtp://h?tls=maybe',
    'smtp://h/x',
    'smtp://h:0',
    'smtp://h?localAddress=secret',
    'smtp://h?authMethod=secret',
  ])('refuses %s', (url) => {
    expect(() => parseSmtpUrl(url)).toThrow(expect.objectContaining({ code: 'BAD_SETTING' }));
  });
});

import { describe, expect, test } from 'vitest';
import {
  checkUnsubscribeMailto,
  checkUnsubscribeUrl,
  mailLink,
  webLink,
} from '../../src/domain/unsubscribe-link.ts';

const check = (url: string): string => checkUnsubscribeUrl('--unsubscribe-url', url, 'USAGE');

describe('the URL of links', () => {
  test.each([
    ['https://news.example.org/u', 'https://news.example.org/u'],
    ['https://news.example.org/u//', 'https://news.example.org/u'],
    ['HTTPS://News.Example.org', 'https://news.example.org'],
    ['https://news.example.org:8443/a/b', 'https://news.example.org:8443/a/b'],
    ['https://bücher.example/ü', 'https://xn--bcher-kva.example/%C3%BC'],
    ['https://news.example.org/a>,<b', 'https://news.example.org/a%3E,%3Cb'],
    ['http://127.0.0.1:8026', 'http://127.0.0.1:8026'],
    ['http://localhost:8026/u', 'http://localhost:8026/u'],
    ['http://[::1]:8026/u', 'http://[::1]:8026/u'],
  ])('%s is taken as %s', (given, taken) => {
    expect(check(given)).toBe(taken);
  });

  test.each([
    ['http://news.example.org/u', 'begins with http:'],
    ['http://127.example.org/u', 'begins with http:'],
    ['ftp://news.example.org/u', 'does not begin with https://'],
    ['javascript:alert(1)', 'does not begin with https://'],
    ['mailto:leave@example.org', 'does not begin with https://'],
    ['news.example.org/u', 'is no URL'],
    ['https://', 'is no URL'],
    ['https://news.example.org/u?t=', 'has a ? or a # in it'],
    ['https://news.example.org/u?', 'has a ? or a # in it'],
    ['https://news.example.org/u#', 'has a ? or a # in it'],
    ['https://news.example.org/a b', 'has a space'],
    ['https://news.example.org/u\r\nBcc: x@example.org', 'has a space or a control character'],
    [`https://news.example.org/${'u'.repeat(400)}`, 'has 425 characters; 400 are allowed'],
  ])('%j is refused: it %s', (given, why) => {
    expect(() => check(given)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining(`--unsubscribe-url ${why}`),
      }),
    );
  });

  test('a password in it is refused, and not repeated', () => {
    expect(() => check('https://ann:secret@news.example.org/u')).toThrow(
      expect.objectContaining({ message: '--unsubscribe-url has a user or a password in it' }),
    );
  });
});

describe('the address of mails', () => {
  test('has its domain as A-labels, and stands in a mailto: percent-encoded (RFC 6068)', () => {
    expect(checkUnsubscribeMailto('x', ' leave@Bücher.example')).toBe(
      'leave@xn--bcher-kva.example',
    );
    expect(mailLink('leave%&?"ü@example.org', 'TOKEN')).toBe(
      'mailto:leave%25%26%3F%22%C3%BC@example.org?subject=unsubscribe%20TOKEN',
    );
    expect(webLink('https://news.example.org/u', 'TOKEN')).toBe('https://news.example.org/u/TOKEN');
  });

  test.each([
    'leave',
    'Leave <leave@example.org>',
    'a@example.org, b@example.org',
    'mailto:a@example.org\n',
  ])('%j is refused', (given) => {
    expect(() => checkUnsubscribeMailto('--unsubscribe-mailto', given)).toThrow(
      expect.objectContaining({ code: 'BAD_ADDRESS' }),
    );
  });
});

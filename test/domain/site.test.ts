import { describe, expect, test } from 'vitest';
import { isPrivateHost, siteOf } from '../../src/domain/site.ts';

describe('the site of a host', () => {
  test.each([
    ['www.example.org', 'example.org'],
    ['example.org.', 'example.org'],
    ['a.b.c.Example.ORG', 'example.org'],
    ['shop.example.co.uk', 'example.co.uk'],
    ['example.com.br', 'example.com.br'],
    ['smtp.web.de', 'web.de'],
    ['localhost', 'localhost'],
    ['192.0.2.1', '192.0.2.1'],
    ['[2001:db8::1]', '[2001:db8::1]'],
  ])('of %s is %s', (host, site) => {
    expect(siteOf(host)).toBe(site);
  });
});

describe('a host that nobody reaches from elsewhere', () => {
  test.each([
    'localhost',
    'LOCALHOST.',
    'app.localhost',
    '127.0.0.1',
    '[::1]',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '[fd00::1]',
    '[fe80::1]',
    '[::ffff:a00:1]',
    '[::ffff:7f00:1]',
    '[::FFFF:C0A8:101]',
    '[::a00:1]',
    '[64:ff9b::a00:1]',
    'intranet',
    'printer.local',
    'shop.test',
    'x.internal',
    'nas.home.arpa',
  ])('%s is one', (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  test.each([
    'example.org',
    'localhost.example.org',
    'local.example',
    '8.8.8.8',
    '172.32.0.1',
    '11.0.0.1',
    '192.169.0.1',
    '[2001:db8::1]',
    '[::ffff:808:808]',
    '[64:ff9b::808:808]',
    'test.de',
  ])('%s is none', (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });
});

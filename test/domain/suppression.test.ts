import { describe, expect, it } from 'vitest';
import {
  checkSuppressed,
  domainEntry,
  readTopic,
  topicsThatStop,
} from '../../src/domain/suppression.ts';

describe('what is to be suppressed', () => {
  it.each([
    [' Ann@Example.ORG ', 'ann@example.org'],
    ['@Example.org', '@example.org'],
    ['@münchen.example', '@xn--mnchen-3ya.example'],
    ['jörg@MÜNCHEN.example', 'jörg@xn--mnchen-3ya.example'],
    ['x@ example.org', undefined],
    ['@ example.org', undefined],
    ['@', undefined],
    ['@localhost', undefined],
    ['@@example.org', undefined],
    ['@a@example.org', undefined],
    ['example.org', undefined],
    ['@*.example.org', undefined],
    ['@192.0.2.1', undefined],
    ['', undefined],
  ])('%j is %j', (text, norm) => {
    const check = checkSuppressed(text);
    expect(check.ok ? check.norm : undefined).toBe(norm);
  });
});

describe('a topic', () => {
  it.each([
    ['News', 'news'],
    ['2026.spring-sale', '2026.spring-sale'],
    ['a'.repeat(63), 'a'.repeat(63)],
    ['a'.repeat(64), undefined],
    ['-a', undefined],
    ['', undefined],
    ['a b', undefined],
    ['größe', undefined],
    ['\u212a', undefined],
  ])('%j is %j', (text, topic) => {
    expect(readTopic(text)).toBe(topic);
  });

  it('is stopped by its own entries and those for everything', () => {
    expect(topicsThatStop('news')).toEqual(['', 'news']);
    expect(topicsThatStop('')).toEqual(['']);
  });
});

it('the domain of an address is an entry of its own', () => {
  expect(domainEntry('a@example.org')).toBe('@example.org');
  expect(domainEntry('"a@b"@example.org')).toBe('@example.org');
  expect(domainEntry('@example.org')).toBe('@example.org');
});

import { expect, test } from 'vitest';
import { readOptIn, readOptOut, readReason, readStatus } from '../../src/domain/consent-words.ts';

test.each([
  ['no', 'no'],
  ['No', 'no'],
  ['FALSE', 'no'],
  ['0', 'no'],
  ['0.0', 'no'],
  ['Nein', 'no'],
  ['FAŁSZ', 'no'],
  ['нет', 'no'],
  ['☐', 'no'],
  ['UNSUBSCRIBED', 'no'],
  ['NEVER_SUBSCRIBED', 'no'],
  ['not subscribed', 'no'],
  ['Revoked', 'no'],
  ['pending', 'no'],
  ['yes', 'yes'],
  ['TRUE', 'yes'],
  ['1', 'yes'],
  ['1.0', 'yes'],
  ['✓', 'yes'],
  ['SUBSCRIBED', 'yes'],
  ['2024-01-02 10:11:12', 'yes'],
  ['ISTINA', 'unread'],
  ['perhaps', 'unread'],
  ['', 'none'],
  ['  ', 'none'],
  ['NULL', 'none'],
  ['\\N', 'none'],
  ['N/A', 'none'],
  ['-', 'none'],
  ['[]', 'none'],
])('an opt-in of %j says %s', (cell, says) => {
  expect(readOptIn(cell)).toBe(says);
});

test.each([
  ['yes', 'no'],
  ['TRUE', 'no'],
  ['1', 'no'],
  ['x', 'no'],
  ['WAHR', 'no'],
  ['2024-01-02 10:11:12', 'no'],
  ["['USER_SUPPRESSED']", 'no'],
  ['Do Not Allow', 'no'],
  ['Not allowed', 'no'],
  ['not subscribed', 'no'],
  ['never', 'none'],
  ['not unsubscribed', 'yes'],
  ['Not opted out', 'yes'],
  ['Not interested', 'no'],
  ['Notifications too frequent', 'no'],
  ['Subscribed by mistake', 'no'],
  ['Spam', 'no'],
  ['asked by telephone', 'no'],
  ['no', 'none'],
  ['False', 'none'],
  ['0', 'none'],
  ['0000-00-00 00:00:00', 'none'],
  ['', 'none'],
  ['[]', 'none'],
  ['{}', 'none'],
  ['null', 'none'],
  ['Allow', 'yes'],
  ['subscribed', 'yes'],
])('an opt-out of %j says %s', (cell, says) => {
  expect(readOptOut(cell)).toBe(says);
});

test.each([
  ['subscribed', 'yes', true],
  ['Active', 'yes', false],
  ['UNSUBSCRIBED', 'no', true],
  ['never subscribed', 'no', true],
  ['Blocklisted', 'no', true],
  ['Hard Bounce', 'no', true],
  ['pending', 'no', false],
  ['Abgemeldet', 'no', true],
  ['Désabonné', 'no', true],
  ['Unsubscribed (admin)', 'no', true],
  ['Bounced: hard', 'no', true],
  ['Subscribed - imported', 'yes', true],
])('a status %j says %s', (cell, says, strong) => {
  expect(readStatus(cell)).toEqual({ says, strong });
});

test('a status that no mailing list has is foreign, and an empty one is nothing', () => {
  for (const cell of [
    'shipped',
    'refunded',
    'CA',
    '7',
    'unsubscribedx',
    'active until May',
    'unsubscribed2',
  ]) {
    expect(readStatus(cell)).toBeUndefined();
  }
  for (const cell of ['', ' ', 'NULL']) expect(readStatus(cell)).toBeNull();
});

test.each([
  ['Not interested', 'no'],
  ['Not relevant to me', 'no'],
  ['Notifications too frequent', 'no'],
  ['Subscribed by mistake', 'no'],
  ['Never signed up', 'no'],
  ['never', 'no'],
  ['Other', 'no'],
  ['unknown', 'no'],
  ['NORMAL', 'no'],
  ['5.1.1 no such user', 'no'],
  ['', 'none'],
  ['NULL', 'none'],
  ['-', 'none'],
])('a reason of %j says %s', (cell, says) => {
  expect(readReason(cell)).toBe(says);
});

import { describe, expect, it } from 'vitest';
import { progressOf } from '../../src/domain/progress.ts';
import { plainTable, sendsTable } from '../../src/view/tables.ts';
import { cut, width } from '../../src/view/width.ts';

const FAMILY = '👨‍👩‍👧‍👦';
const NAMES = [
  'Ann',
  'علی\u200cرضا',
  '王小明',
  `${FAMILY} Müller`,
  'Zoe\u0308',
  'อนุชา',
  '🇩🇪🇫🇷',
  'नमस्ते',
];

describe('cut', () => {
  it.each([
    ['short', 10, 'short'],
    ['exactly10.', 10, 'exactly10.'],
    ['more than ten', 10, 'more than…'],
    ['王小明王小明', 6, '王小…'],
    [FAMILY.repeat(3), 5, `${FAMILY}${FAMILY}…`],
    [FAMILY.repeat(3), 6, FAMILY.repeat(3)],
    ['Zoe\u0308Zoe\u0308', 4, 'Zoe\u0308…'],
    ['علی\u200cرضا', 6, 'علی\u200cرضا'],
  ])('%j at %i columns is %j', (text, columns, expected) => {
    const short = cut(text, columns);
    expect(short).toBe(expected);
    expect(width(short)).toBeLessThanOrEqual(columns);
  });

  it('looks at no more of a text than it may show', () => {
    expect(cut('\u0301'.repeat(5_000_000), 80).length).toBeLessThan(5000);
  });
});

describe('tables', () => {
  it('stand in straight columns whatever script a cell is in', () => {
    const table = plainTable(
      ['name', 'status'],
      NAMES.map((name) => [name, 'sent']),
      { color: true },
    );
    const rows = table.trimEnd().split('\n').slice(1);
    expect(rows.map((row) => width(row.slice(0, row.indexOf('sent'))))).toEqual(
      NAMES.map(() => Math.max(...NAMES.map(width)) + 2),
    );
    for (const name of NAMES) expect(table).toContain(name);
  });

  it('of sends have figures flush right, and cut a name that would push them off the screen', () => {
    const now = new Date('2026-11-28T12:00:00Z');
    const send = (id: number, name: string, sent: number) =>
      progressOf({
        now,
        send: {
          id,
          name,
          key: null,
          topic: '',
          dkim: 'auto',
          fromDomain: 'example.org',
          status: 'paused',
          reason: null,
          batchSize: 100,
          delayMs: 0,
          cooldownSeconds: 5,
          maxAttempts: 5,
          total: sent,
          sent,
          failed: 0,
          unknown: 0,
          skipped: 0,
          sending: 0,
          lastBatchAt: null,
          startAt: null,
          claimedBy: null,
          claimedAt: null,
          createdAt: now,
          startedAt: null,
          finishedAt: null,
          cursorSeq: 0,
          lastSeq: sent,
          rejected: 0,
          duplicates: 0,
          blank: 0,
          filtered: 0,
          declined: 0,
          missing: 0,
          missingSkipped: 0,
          version: 1,
          testOf: null,
        },
        recent: { count: 0, since: null },
        nextRetryAt: null,
        relay: null,
        underWay: [],
        workers: [],
        holderSeenAt: null,
      });
    const table = sendsTable([send(9, FAMILY.repeat(60), 1), send(10, '王', 12_345)], {
      color: false,
      now,
    });
    const [, first = '', second = ''] = table.split('\n');
    expect(first).toContain(`${FAMILY.repeat(19)}…`);
    expect(width(first.slice(0, first.indexOf(' 1 ') + 2))).toBe(
      width(second.slice(0, second.indexOf('12,345') + 6)),
    );
  });
});

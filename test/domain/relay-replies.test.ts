import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judge } from '../../src/domain/judge.ts';
import { deferralKey, refusalKey } from '../../src/domain/likeness.ts';
import type { Stage } from '../../src/domain/reply.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { reply } from '../support/reply.ts';

const IN_MESSAGE = ['rcpt', 'data', 'dot'] as const;
const BEFORE = ['connect', 'auth', 'mail'] as const;

/** What real servers say, by what a careful operator wants of it: `means`, the reply, who says so. */
const ROWS = readFileSync(new URL('relay-replies.tsv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [means: string, line: string, source: string]);

const that = (...means: string[]) => ROWS.filter(([means_]) => means.includes(means_));

/** Multiline replies stand on one line, `450-4.2.1 …`. */
const at = (stage: Stage, line: string): Verdict =>
  judge({ kind: 'reply', stage, reply: reply(line.replace(/^(\d{3})-/, '$1 ')) });

test('each has a meaning and a source', () => {
  expect(ROWS.filter((row) => row.length !== 3 || row.some((cell) => cell.trim() === ''))).toEqual(
    [],
  );
});

test.each(that('quota', 'rate'))(
  'of a limit (%s) holds everybody, wherever it comes: %s [%s]',
  (limit, line) => {
    for (const stage of [...BEFORE, ...IN_MESSAGE]) {
      expect(at(stage, line)).toMatchObject({ kind: 'limited', limit, stage });
    }
  },
);

test.each(that('connections'))(
  'of %s means fewer of them, and nobody fails: %s [%s]',
  (_, line) => {
    for (const stage of ['connect', 'mail', ...IN_MESSAGE] as const) {
      expect(at(stage, line)).toMatchObject({ kind: 'server', pause: false, crowded: true });
    }
  },
);

test.each(that('session'))('of one %s means another, and nobody fails: %s [%s]', (_, line) => {
  for (const stage of ['mail', ...IN_MESSAGE] as const) {
    const verdict = at(stage, line);
    expect(verdict).toMatchObject({ kind: 'server', pause: false, broke: stage !== 'mail' });
    expect(verdict).not.toHaveProperty('crowded');
  }
});

describe('of one recipient', () => {
  test.each(that('mailbox', 'recipient'))(
    '(%s) is tried again, holds nobody and is no block: %s [%s]',
    (_, line) => {
      for (const stage of IN_MESSAGE) {
        const verdict = at(stage, line);
        if (verdict.kind !== 'deferred') throw new Error(`${stage}: ${JSON.stringify(verdict)}`);
        expect(refusalKey(verdict)).toBeNull();
        expect(deferralKey(verdict, 0)).toBeNull();
      }
    },
  );

  test.each(that('deferred'))('or nobody (%s) is tried again: %s [%s]', (kind, line) => {
    for (const stage of IN_MESSAGE) expect(at(stage, line)).toMatchObject({ kind });
  });

  test.each(that('greylisting'))('at first (%s) is tried again: %s [%s]', (_, line) => {
    for (const stage of IN_MESSAGE) {
      expect(at(stage, line)).toMatchObject({ kind: 'deferred', greylisted: true });
    }
  });

  test.each(that('failed'))('for good (%s) is no limit: %s [%s]', (kind, line) => {
    for (const stage of IN_MESSAGE) expect(at(stage, line)).toMatchObject({ kind });
  });
});

test.each(that('block'))(
  'of what is thought of us (%s) pauses, and is waited for by nobody: %s [%s]',
  (_, line) => {
    for (const stage of IN_MESSAGE) {
      const verdict = at(stage, line);
      if (verdict.kind === 'server') {
        // A 421 that comes again and again pauses the send, too.
        expect(verdict.crowded).toBeUndefined();
      } else if (verdict.kind === 'failed' || verdict.kind === 'deferred') {
        expect(refusalKey(verdict)).not.toBeNull();
      } else {
        throw new Error(`${stage}: ${JSON.stringify(verdict)}`);
      }
    }
  },
);

test.each(that('server'))('of the server (%s) is nobody’s fault: %s [%s]', (_, line) => {
  for (const stage of IN_MESSAGE) {
    expect(at(stage, line)).toMatchObject({ kind: 'server', pause: false });
    expect(at(stage, line)).not.toHaveProperty('crowded');
  }
});

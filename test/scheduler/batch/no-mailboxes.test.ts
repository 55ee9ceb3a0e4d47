import { expect, test } from 'vitest';
import type { Recipient } from '../../../src/domain/recipient.ts';
import type { NewSuppression } from '../../../src/domain/suppression.ts';
import type { Verdict } from '../../../src/domain/verdict.ts';
import { NoMailboxes } from '../../../src/scheduler/batch/no-mailboxes.ts';

const row = (seq: number): Recipient => ({
  seq,
  email: `p${seq}@example.org`,
  emailNorm: `p${seq}@example.org`,
  fields: {},
  attempts: 0,
});

const REFUSED: Verdict = {
  kind: 'failed',
  code: 550,
  enhanced: '5.1.1',
  text: 'no such user',
};

function noMailboxes(fails = false) {
  const written: string[] = [];
  const reasons: string[] = [];
  const suppress = async (entries: readonly NewSuppression[]): Promise<void> => {
    if (fails) throw new Error('INSERT command denied');
    written.push(...entries.map(({ emailNorm }) => emailNorm));
  };
  const kept = new NoMailboxes({ suppress }, (reason) => reasons.push(reason));
  for (const seq of [1, 2]) kept.tell(row(seq), REFUSED);
  return { kept, written, reasons };
}

test('of rows that were told of, those recorded as failed alone are suppressed', async () => {
  const { kept, written } = noMailboxes();
  kept.recorded([
    { seq: 1, to: 'failed' },
    { seq: 2, to: 'returned' },
  ]);
  kept.recorded([{ seq: 2, to: 'sent' }]);
  await kept.end();
  expect(written).toEqual(['p1@example.org']);
});

test('a row whose claim was lost before it was recorded is not suppressed when it is sent later', async () => {
  const { kept, written } = noMailboxes();
  kept.lost();
  kept.recorded([{ seq: 1, to: 'failed' }]);
  await kept.end();
  expect(written).toEqual([]);
});

test('a database that never takes them is told of once', async () => {
  const { kept, reasons } = noMailboxes(true);
  kept.recorded([{ seq: 1, to: 'failed' }]);
  await kept.end();
  kept.recorded([{ seq: 2, to: 'failed' }]);
  await kept.end();
  expect(reasons).toEqual(['INSERT command denied']);
});

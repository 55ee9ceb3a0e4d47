import { expect, test } from 'vitest';
import { systemClock } from '../../../src/domain/lease.ts';
import type { NextRows, Recipient } from '../../../src/domain/recipient.ts';
import { InFlight } from '../../../src/scheduler/batch/in-flight.ts';
import type { OpenSend } from '../../../src/scheduler/batch/open-sends.ts';
import { Reader } from '../../../src/scheduler/batch/reader.ts';
import { Suppressions } from '../../../src/scheduler/batch/suppressions.ts';
import type { Question } from '../../../src/scheduler/hold/probe.ts';

const row = (seq: number, more: Partial<Recipient> = {}): Recipient => ({
  seq,
  email: `p${seq}@example.org`,
  emailNorm: `p${seq}@example.org`,
  fields: {},
  attempts: 0,
  ...more,
});
const told = (seq: number): Recipient => row(seq, { dueAt: new Date(0), limited: 1 });
const deferred = (seq: number): Recipient =>
  row(seq, { dueAt: new Date(0), limited: null, attempts: 1 });

/** In which order it has them. */
async function order(rows: NextRows, question: Question | null = null): Promise<number[]> {
  const findSuppressed = () => Promise.reject(new Error('not asked for'));
  const openSend = {
    sendId: 1,
    suppressions: new Suppressions('', null, { findSuppressed }),
    message: { rowFilesBytes: 0 } as OpenSend['message'],
  };
  const ledger = { nextRows: async () => rows };
  const inFlight = new InFlight(0, { acceptances: 0 });
  const reader = new Reader(openSend, inFlight, ledger, systemClock);
  reader.readFor(question);
  return (await reader.next(100, 100)).map(({ seq }) => seq);
}

const untouched = [11, 12, 13, 14].map((seq) => row(seq));

test('what was deferred comes before what was never tried', async () => {
  expect(await order({ untouched, deferred: [deferred(1), deferred(2)] })).toEqual([
    1, 2, 11, 12, 13, 14,
  ]);
});

test('rows that were told of a limit go by turns with all others', async () => {
  const due = [told(1), deferred(2), told(3), told(4)];
  expect(await order({ untouched, deferred: due })).toEqual([1, 2, 3, 11, 4, 12, 13, 14]);
});

test('what asks whether a hold can end is never tried, deferred and told of it by turns, so that some of five can tell', async () => {
  const due = [told(1), told(2), deferred(3), deferred(4)];
  const hold = { id: 1, kind: 'quota', reason: '452 no more' } as const;
  const question = { kind: 'hold', limit: 'quota', by: 'test', hold } as unknown as Question;
  expect(await order({ untouched, deferred: due }, question)).toEqual([11, 3, 1, 12, 4, 2, 13, 14]);
  expect(await order({ untouched: [], deferred: due }, question)).toEqual([3, 1, 4, 2]);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Claim } from '../../../src/domain/claim.ts';
import type { Settlement } from '../../../src/domain/settlement.ts';
import { createLedger } from '../../../src/store/ledger.ts';
import { settleSelected } from '../../../src/store/recipients/settle.ts';
import { release } from '../../../src/store/sends/release.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { ageClaim, balancedBooks, claimBy, ledgerRows } from '../../support/ledger.ts';
import { runCommand } from '../../support/run-command.ts';
import { people, seedQueuedSend } from '../../support/seed.ts';

let db: TestDatabase;
let ledger: ReturnType<typeof createLedger>;
beforeAll(async () => {
  db = await createTestDatabase();
  ledger = createLedger(db.database);
});
afterAll(() => db.drop());

let claims = 0;

const claim = async (sendId: number): Promise<Claim> =>
  (await claimBy(ledger, sendId, `test:${++claims}r`)).claim;

/** Marks fresh rows up to `to`, and records what came of those before. */
const step = (held: Claim, from: number, to: number, settlements: Settlement[] = []) =>
  ledger.step(held, {
    settlements,
    mark: Array.from({ length: to - from }, (_, i) => from + 1 + i),
    skip: [],
    known: 0,
    fromSeq: to,
    cursorSeq: to,
    settledSeq: 0,
  });

async function reclaim(held: Claim): Promise<void> {
  await ageClaim(db.database, held.sendId);
  expect(await ledger.reclaim({ sendId: held.sendId, by: held.by }, 'far')).not.toBeNull();
}

/** The rows of a send, taken from the claim that had marked them; of this one somebody was forgotten then. */
async function forgottenInFlight(
  seq: number,
  rows: number,
): Promise<{ sendId: number; late: Claim }> {
  const emails = people(rows);
  const sendId = await seedQueuedSend(db.database, { emails });
  const late = await claim(sendId);
  await step(late, 0, rows);
  await reclaim(late);
  const { code } = await runCommand(['forget', emails[seq - 1] ?? '', '--yes'], { url: db.url });
  expect(code).toBe(0);
  return { sendId, late };
}

const foundSeqs = async ({ sendId, by }: Claim): Promise<number[] | undefined> =>
  (await ledger.findReclaimed(sendId, by))?.rows.map(({ seq }) => seq);

const wordsOf = async (sendId: number, seq: number): Promise<string> =>
  (await ledgerRows(db.database, sendId))[seq - 1]?.response ?? '';

describe('what a takeover left unknown', () => {
  test('is found by the name of the claim, whatever the words of its event and of its rows are', async () => {
    const sendId = await seedQueuedSend(db.database);
    const held = await claim(sendId);
    await step(held, 0, 3);
    await reclaim(held);
    await db.database.run(
      "UPDATE CAMPAIGN_SEND_EVENTS SET REASON = 'other words', DETAILS = NULL WHERE SEND_ID = ?",
      [sendId],
    );
    await db.database.run(
      "UPDATE CAMPAIGN_SEND_RESULTS SET RESPONSE = 'other words' WHERE SEND_ID = ? AND STATUS = 'unknown'",
      [sendId],
    );
    expect(await ledger.findReclaimed(sendId, held.by)).toMatchObject({
      claim: held,
      rows: [{ seq: 1 }, { seq: 2 }, { seq: 3 }],
    });
    expect(await ledger.findReclaimed(sendId, `${held.by}x`)).toBeNull();
  });

  test('has the number that its claim had at last, after a reply of the database was lost', async () => {
    const sendId = await seedQueuedSend(db.database);
    const held = await claim(sendId);
    await step(held, 0, 2);
    const again = await ledger.reconcile(held);
    await reclaim(held);
    expect(await ledger.findReclaimed(sendId, held.by)).toMatchObject({
      claim: { number: again?.claim.number },
      rows: [{ seq: 1 }, { seq: 2 }],
    });
  });

  test('has no row that its worker recorded as unknown, though the words are the same', async () => {
    const sendId = await seedQueuedSend(db.database);
    const first = await claim(sendId);
    await step(first, 0, 1);
    await reclaim(first);
    const text = await wordsOf(sendId, 1);
    const held = await claim(sendId);
    await step(held, 1, 3);
    await step(held, 3, 4, [{ seq: 2, to: 'unknown', code: null, enhanced: null, text }]);
    await reclaim(held);
    expect(await wordsOf(sendId, 2)).toBe(await wordsOf(sendId, 3));
    expect(await foundSeqs(held)).toEqual([3, 4]);
    expect(await foundSeqs(first)).toEqual([1]);
  });

  test('has no row of an earlier one that was tried again, and is unknown by its own worker since', async () => {
    const sendId = await seedQueuedSend(db.database);
    const first = await claim(sendId);
    await step(first, 0, 1);
    await reclaim(first);
    const text = await wordsOf(sendId, 1);
    const again = { from: 'unknown', to: 'pending', event: 'retried', actor: 'ann@vm' } as const;
    await settleSelected(db.database, sendId, again, { from: 'unknown' });
    const held = await claim(sendId);
    const mark = { skip: [], known: 0, fromSeq: 1, cursorSeq: 1, settledSeq: 0 };
    await ledger.step(held, { ...mark, settlements: [], mark: [1] });
    await step(held, 1, 2, [{ seq: 1, to: 'unknown', code: null, enhanced: null, text }]);
    await reclaim(held);
    expect(await foundSeqs(held)).toEqual([2]);
    expect(await foundSeqs(first)).toEqual([]);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ unknown: 2 });
  });

  test.each([
    [
      'event',
      'UPDATE CAMPAIGN_SEND_EVENTS SET CLAIM = NULL, CLAIM_NUMBER = NULL WHERE SEND_ID = ?',
    ],
    ['rows', 'UPDATE CAMPAIGN_SEND_RESULTS SET TAKEN_FROM = NULL WHERE SEND_ID = ?'],
  ])(
    'stays unknown where a scheduler wrote its %s that knows no columns for it',
    async (_, older) => {
      const sendId = await seedQueuedSend(db.database);
      const held = await claim(sendId);
      await step(held, 0, 3);
      await reclaim(held);
      await db.database.run(older, [sendId]);
      expect((await foundSeqs(held)) ?? []).toEqual([]);
    },
  );

  test('is nothing where an operator released the claim', async () => {
    const sendId = await seedQueuedSend(db.database);
    const held = await claim(sendId);
    await step(held, 0, 3);
    await release(db.database, held, 'ann@vm');
    expect(await ledger.findReclaimed(sendId, held.by)).toBeNull();
  });

  test('has nobody who was forgotten since', async () => {
    const { late } = await forgottenInFlight(2, 3);
    expect(await foundSeqs(late)).toEqual([1, 3]);
  });
});

describe('a late result of somebody who was forgotten since', () => {
  const words = '450 4.2.0 <p1@d.example> later';
  test.each([
    { to: 'deferred', code: 450, enhanced: '4.2.0', text: words, delayMs: 0 },
    { to: 'returned', delayMs: 0 },
    { to: 'limited', delayMs: 0, times: 1 },
  ] as const)('that says $to has them mailed no more', async (result) => {
    const { sendId, late } = await forgottenInFlight(1, 2);
    expect(await ledger.settleLate(late, [{ ...result, seq: 1 }])).toBe(0);
    expect((await ledgerRows(db.database, sendId))[0]).toMatchObject({
      status: 'unknown',
      response: 'forgotten',
    });
    await balancedBooks(db.database, sendId);
  });

  test.each(['sent', 'failed'] as const)(
    'that says %s is recorded, and its words are not',
    async (to) => {
      const { sendId, late } = await forgottenInFlight(1, 2);
      const settlement = { seq: 1, to, code: 250, enhanced: null, text: words };
      expect(await ledger.settleLate(late, [settlement])).toBe(1);
      expect((await ledgerRows(db.database, sendId))[0]).toMatchObject({
        status: to,
        response: 'forgotten',
      });
      await balancedBooks(db.database, sendId);
    },
  );
});

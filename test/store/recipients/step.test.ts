import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClaimedSend } from '../../../src/domain/claim.ts';
import type { CheckedRows, Settlement } from '../../../src/domain/settlement.ts';
import { createLedger } from '../../../src/store/ledger.ts';
import { suppress } from '../../../src/store/suppressions/suppress.ts';
import { RAISE_VERSION } from '../../../src/store/suppressions/version.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { balancedBooks, ledgerRows } from '../../support/ledger.ts';
import { seedQueuedSend } from '../../support/seed.ts';

let db: TestDatabase;
let ledger: ReturnType<typeof createLedger>;
let sendId: number;
let claimed: ClaimedSend;

beforeAll(async () => {
  db = await createTestDatabase();
  ledger = createLedger(db.database);
});
afterAll(() => db.drop());

async function claimSend(recipients: number): Promise<void> {
  sendId = await seedQueuedSend(db.database, { recipients });
  const got = await ledger.claim(sendId, `test:${sendId}`, true);
  if (!got) throw new Error('not claimed');
  claimed = got;
  await db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
  await db.database.run('UPDATE CAMPAIGN_SUPPRESSION_VERSION SET V = 0');
}
beforeEach(() => claimSend(10));

const step = (
  settlements: Settlement[],
  mark: number[],
  cursorSeq = 10,
  settledSeq = 0,
  fromSeq = cursorSeq,
) =>
  ledger.step(claimed.claim, {
    settlements,
    mark,
    skip: [],
    known: claimed.checkedVersion,
    fromSeq,
    cursorSeq,
    settledSeq,
  });

describe('one step', () => {
  test('records every kind of outcome with its words, and marks anew, in one commit', async () => {
    await step([], [1, 2, 3, 4, 5], 5);
    const result = await step(
      [
        { seq: 1, to: 'sent', code: 250, enhanced: '2.0.0', text: "queued as 'A1'" },
        { seq: 2, to: 'failed', code: 550, enhanced: null, text: 'no such user; ? \\ here' },
        { seq: 3, to: 'deferred', code: 451, enhanced: '4.7.1', text: 'later', delayMs: 60_000 },
        { seq: 4, to: 'unknown', code: null, enhanced: null, text: 'line broke' },
        { seq: 5, to: 'returned', delayMs: 5_000 },
      ],
      [6, 7],
      7,
      5,
    );
    expect(result).toEqual({ kind: 'done' });
    const rows = await ledgerRows(db.database, sendId);
    expect(rows.slice(0, 8)).toMatchObject([
      { status: 'sent', attempts: 1, code: 250, enhanced: '2.0.0', response: "queued as 'A1'" },
      {
        status: 'failed',
        attempts: 1,
        code: 550,
        enhanced: null,
        response: 'no such user; ? \\ here',
      },
      { status: 'pending', attempts: 1, code: 451, nextAttemptAt: expect.any(Date) },
      { status: 'unknown', attempts: 1, code: null, nextAttemptAt: null },
      { status: 'pending', attempts: 0, code: null, nextAttemptAt: expect.any(Date) },
      { status: 'sending' },
      { status: 'sending' },
      { status: 'pending', nextAttemptAt: null },
    ]);
    expect(rows[0]?.sentAt).toBeInstanceOf(Date);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      sent: 1,
      failed: 1,
      unknown: 1,
      sending: 2,
      pending: 5,
    });
  });

  test('marks nothing when the send was paused, and still records', async () => {
    await step([], [1]);
    await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'paused' WHERE ID = ?", [sendId]);
    const outcome: Settlement = { seq: 1, to: 'sent', code: 250, enhanced: null, text: 'ok' };
    expect(await step([outcome], [2])).toMatchObject({
      kind: 'not-running',
      state: { status: 'paused' },
    });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sent: 0, sending: 1 });
    expect((await step([outcome], [])).kind).toBe('done');
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sent: 1, sending: 0 });
  });

  test('writes nothing at all when one row is not as it was left', async () => {
    await step([], [1, 2]);
    const twice: Settlement = { seq: 1, to: 'sent', code: 250, enhanced: null, text: 'ok' };
    await step([twice], []);
    expect(await step([twice], [3])).toEqual({ kind: 'mismatch' });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sent: 1, sending: 1 });
    expect((await ledger.reconcile(claimed.claim))?.sending).toEqual(new Set([2]));
  });

  test('writes nothing when it would pass over an untouched row', async () => {
    expect(await step([], [1, 2, 4], 4, 0, 0)).toEqual({ kind: 'mismatch' });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sending: 0, pending: 10 });
    expect((await step([], [1, 2, 3, 4], 4, 0, 0)).kind).toBe('done');
  });

  test('waits for a lock held shortly by somebody else, then commits', async () => {
    const other = db.connect();
    let marked: Promise<{ kind: string }> | undefined;
    await other.transaction(async (tx) => {
      await tx.run('UPDATE CAMPAIGN_SENDS SET NAME = NAME WHERE ID = ?', [sendId]);
      marked = step([], [1]);
      await tx.rows('SELECT SLEEP(0.2)');
    });
    expect((await marked)?.kind).toBe('done');
  });
});

describe('a step while somebody is suppressed', () => {
  const no = { topic: '', reason: 'asked to', source: 'test' };
  const version = async () => (await ledger.state(claimed.claim)).suppressionVersion;

  test('waits for no transaction that suppresses, and knows nothing of it before it has committed', async () => {
    const known = await version();
    const marks = { settlements: [], skip: [], settledSeq: 0 };
    await db.connect().transaction(async (tx) => {
      await tx.run(RAISE_VERSION.sql);
      const first = { ...marks, known, mark: [1], fromSeq: 0, cursorSeq: 1 };
      expect((await ledger.step(claimed.claim, first)).kind).toBe('done');
    });
    const second = { ...marks, known, mark: [2], fromSeq: 1, cursorSeq: 2 };
    expect(await ledger.step(claimed.claim, second)).toEqual({ kind: 'suppressions-changed' });
    expect((await ledger.step(claimed.claim, { ...second, known: known + 1 })).kind).toBe('done');
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sending: 2, pending: 8 });
  });

  test('records what came though the suppressions have changed, where it marks nothing', async () => {
    await step([], [1], 1, 0, 0);
    await suppress(db.database, [{ ...no, emailNorm: 'x@else.example' }]);
    const sent: Settlement = { seq: 1, to: 'sent', code: 250, enhanced: null, text: 'ok' };
    expect(await step([sent], [], 1, 1)).toEqual({ kind: 'done' });
  });

  test('skips and marks in its own transaction what it finds there, in one go with what came', async () => {
    const known = await version();
    await ledger.checkedStep(claimed.claim, { known, topic: '', norms: [] }, () => ({
      ...{ settlements: [], mark: [1], skip: [], known: null },
      ...{ fromSeq: 0, cursorSeq: 1, settledSeq: 0 },
    }));
    await suppress(db.database, [{ ...no, emailNorm: 'p3@example.org' }]);
    const sent: Settlement = { seq: 1, to: 'sent', code: 250, enhanced: null, text: 'ok' };
    let found: CheckedRows | undefined;
    const norms = ['p2@example.org', 'p3@example.org', 'p4@example.org'];
    const result = await ledger.checkedStep(
      claimed.claim,
      { known, topic: '', norms },
      (checked) => {
        found = checked;
        return {
          ...{ settlements: [sent], mark: [2, 4], skip: [{ seq: 3, text: 'suppressed: why' }] },
          ...{ known: null, fromSeq: 1, cursorSeq: 4, settledSeq: 1 },
        };
      },
    );
    expect(result).toEqual({ kind: 'done' });
    expect(found).toEqual({
      changes: { version: known + 1, names: ['p3@example.org'] },
      suppressed: new Map([['p3@example.org', 'suppressed: asked to']]),
    });
    const books = await balancedBooks(db.database, sendId);
    expect(books).toMatchObject({ sent: 1, sending: 2, skipped: 1, pending: 6 });
  });

  test('writes nothing where the send was paused, or the claim is another one', async () => {
    const asked = { known: await version(), topic: '', norms: [] };
    const plan = () => ({
      ...{ settlements: [], mark: [1], skip: [], known: null },
      ...{ fromSeq: 0, cursorSeq: 1, settledSeq: 0 },
    });
    const other = { ...claimed.claim, by: 'another' };
    expect(await ledger.checkedStep(other, asked, plan)).toEqual({ kind: 'lost' });
    await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'paused' WHERE ID = ?", [sendId]);
    expect((await ledger.checkedStep(claimed.claim, asked, plan)).kind).toBe('not-running');
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sending: 0, pending: 10 });
  });
});

test('outcomes fit where their rows are: a ledger of full pages is as large afterwards as before', async () => {
  const rows = 20_000;
  await claimSend(rows);
  const before = await ledgerBytes();
  const text = 'OK  1764100000 d2e1a72fcca58-7c3ee8 (relay took it) - gsmtp';
  let settlements: Settlement[] = [];
  for (let seq = 0; seq <= rows; seq += 500) {
    const mark = Array.from({ length: seq < rows ? 500 : 0 }, (_, n) => seq + n + 1);
    const cursor = seq + mark.length;
    expect(await step(settlements, mark, cursor, seq, seq)).toEqual({ kind: 'done' });
    settlements = mark.map((n) => ({ seq: n, to: 'sent', code: 250, enhanced: '2.0.0', text }));
  }
  expect((await balancedBooks(db.database, sendId)).sent).toBe(rows);
  expect(await ledgerBytes()).toBe(before);
});

/** Of the table itself, without its indexes. */
async function ledgerBytes(): Promise<number> {
  await db.database.rows('ANALYZE TABLE CAMPAIGN_SEND_RESULTS');
  const [table] = await db.database.rows<{ bytes: number }>(
    `SELECT DATA_LENGTH AS bytes FROM INFORMATION_SCHEMA.TABLES
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'CAMPAIGN_SEND_RESULTS'`,
  );
  return table?.bytes ?? 0;
}

describe('a step that the server begins only after its claim was reconciled', () => {
  const reconciled = async () => {
    const found = await ledger.reconcile(claimed.claim);
    if (!found) throw new Error('lost');
    return found.claim;
  };
  const late = (settlements: Settlement[], mark: number[], cursorSeq: number, fromSeq: number) =>
    ledger.step(claimed.claim, {
      settlements,
      mark,
      skip: [],
      known: 0,
      fromSeq,
      cursorSeq,
      settledSeq: 0,
    });

  test('marks nothing', async () => {
    await reconciled();
    expect(await late([], [1, 2], 2, 0)).toEqual({ kind: 'mismatch' });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sending: 0, pending: 10 });
  });

  test('gives no row back that was marked again and is on the wire', async () => {
    await step([], [1], 1, 0, 0);
    const back: Settlement[] = [{ seq: 1, to: 'returned', delayMs: 0 }];
    const claim = await reconciled();
    const again = { skip: [], known: 0, fromSeq: 1, cursorSeq: 1, settledSeq: 0 };
    expect(await ledger.step(claim, { ...again, settlements: back, mark: [] })).toEqual({
      kind: 'done',
    });
    expect(await ledger.step(claim, { ...again, settlements: [], mark: [1] })).toEqual({
      kind: 'done',
    });
    expect(await late(back, [], 1, 1)).toEqual({ kind: 'mismatch' });
    const sent: Settlement = { seq: 1, to: 'sent', code: 250, enhanced: null, text: 'ok' };
    expect(await ledger.step(claim, { ...again, settlements: [sent], mark: [] })).toEqual({
      kind: 'done',
    });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sent: 1, sending: 0 });
  });

  test('is no hindrance when the answer to reconcile itself was lost', async () => {
    await step([], [1, 2], 2, 0, 0);
    await reconciled();
    const found = await ledger.reconcile(claimed.claim);
    expect(found).toEqual({ claim: { ...claimed.claim, number: 3 }, sending: new Set([1, 2]) });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sending: 2 });
  });
});

describe('what is to be tried next', () => {
  test('untouched rows come in order, deferred ones when their time has come, none twice', async () => {
    await step([], [1, 2, 3], 3);
    await step(
      [
        { seq: 1, to: 'returned', delayMs: 0 },
        { seq: 2, to: 'returned', delayMs: 3_600_000 },
        { seq: 3, to: 'sent', code: 250, enhanced: null, text: 'ok' },
      ],
      [],
      3,
      3,
    );
    const next = await ledger.nextRows(sendId, { afterSeq: 0, untouched: 4, deferred: 10 });
    expect(next.untouched.map((row) => row.seq)).toEqual([4, 5, 6, 7]);
    expect(next.deferred.map((row) => row.seq)).toEqual([1]);
  });

  test('a deferred row in flight is found by reconcile wherever it lies', async () => {
    await step([], [1, 2], 2);
    await step([{ seq: 1, to: 'returned', delayMs: 0 }], [], 2, 1);
    await step([{ seq: 2, to: 'sent', code: 250, enhanced: null, text: 'ok' }], [1, 5], 5, 4);
    expect((await ledger.reconcile(claimed.claim))?.sending).toEqual(new Set([1, 5]));
  });

  test('with only deferred rows left, the send is due when the first of them is', async () => {
    await step([], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 10);
    const later = Array.from({ length: 10 }, (_, i) => ({
      seq: i + 1,
      to: 'returned' as const,
      delayMs: 60_000 * (i + 1),
    }));
    await step(later, [], 10, 10);
    await ledger.endBatch(claimed.claim, { worked: true, exhausted: false });
    const work = (await ledger.findWork(100)).find((found) => found.sendId === sendId);
    expect(work?.dueInMs).toBeGreaterThan(50_000);
    expect(work?.dueInMs).toBeLessThanOrEqual(60_000);
    const others = (await ledger.countUnfinished(null)) - 1;
    expect(await ledger.countUnfinished(30)).toBe(others);
    expect(await ledger.countUnfinished(90)).toBe(others + 1);
  });
});

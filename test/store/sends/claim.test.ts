import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClaimedSend } from '../../../src/domain/claim.ts';
import { likeness } from '../../../src/domain/likeness.ts';
import type { Settlement } from '../../../src/domain/settlement.ts';
import { NO_LIFE_SIGN } from '../../../src/domain/worker.ts';
import { createLedger } from '../../../src/store/ledger.ts';
import { pause } from '../../../src/store/sends/lifecycle.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { ageClaim, ageWorkers, balancedBooks, claimBy, ledgerRows } from '../../support/ledger.ts';
import { seedQueuedSend } from '../../support/seed.ts';

let db: TestDatabase;
let ledger: ReturnType<typeof createLedger>;

beforeAll(async () => {
  db = await createTestDatabase();
  ledger = createLedger(db.database);
});
afterAll(() => db.drop());

let claims = 0;
const claimName = () => `test:${++claims}`;

const mustClaim = (sendId: number): Promise<ClaimedSend> => claimBy(ledger, sendId, claimName());

const mark = (claimed: ClaimedSend, seqs: number[]) =>
  ledger.step(claimed.claim, {
    settlements: [],
    mark: seqs,
    skip: [],
    known: 0,
    fromSeq: Math.max(...seqs),
    cursorSeq: Math.max(...seqs),
    settledSeq: Math.min(...seqs) - 1,
  });

const sent = (seq: number) =>
  ({ seq, to: 'sent', code: 250, enhanced: '2.0.0', text: `ok ${seq}` }) as const;

describe('claiming', () => {
  test('of many workers that claim a send at once, exactly one gets it', async () => {
    const sendId = await seedQueuedSend(db.database);
    const taken = await Promise.all(
      Array.from({ length: 8 }, () => ledger.claim(sendId, claimName(), false)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  test('control: without the guard on CLAIMED_BY, several of them would', async () => {
    const sendId = await seedQueuedSend(db.database);
    const taken = await Promise.all(
      Array.from({ length: 8 }, () =>
        db.database.run(
          "UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = ? WHERE ID = ? AND STATUS = 'running'",
          [claimName(), sendId],
        ),
      ),
    );
    expect(taken.filter(({ affectedRows }) => affectedRows > 0).length).toBeGreaterThan(1);
  });

  test.each(['importing', 'paused'] as const)(
    'a send that is %s is not claimed',
    async (status) => {
      const sendId = await seedQueuedSend(db.database, { status });
      expect(await ledger.claim(sendId, claimName(), true)).toBeNull();
    },
  );

  test('a send is due again only when its cooldown has passed since the last batch', async () => {
    const sendId = await seedQueuedSend(db.database, { cooldownSeconds: 3600 });
    const { claim } = await mustClaim(sendId);
    await ledger.endBatch(claim, { worked: true, exhausted: false });
    expect(await ledger.claim(sendId, claimName(), true)).toBeNull();
    const work = (await ledger.findWork(1000)).find((found) => found.sendId === sendId);
    expect(work?.dueInMs).toBeGreaterThan(3_590_000);
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET LAST_BATCH_AT = LAST_BATCH_AT - INTERVAL 1 HOUR WHERE ID = ?',
      [sendId],
    );
    expect(await ledger.claim(sendId, claimName(), true)).not.toBeNull();
  });

  test('a send whose start is ahead is found with its due time and not claimed', async () => {
    const sendId = await seedQueuedSend(db.database);
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET START_AT = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE ID = ?',
      [sendId],
    );
    expect(await ledger.claim(sendId, claimName(), true)).toBeNull();
    const work = (await ledger.findWork(1000)).find((found) => found.sendId === sendId);
    expect(work?.dueInMs).toBeGreaterThan(3_590_000);
  });

  test('a batch that ended ahead of the clock, which went back since, counts as ended now', async () => {
    const sendId = await seedQueuedSend(db.database, { cooldownSeconds: 60 });
    const find = async () =>
      (await ledger.findWork(1000)).find((found) => found.sendId === sendId)?.dueInMs;
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET LAST_BATCH_AT = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE ID = ?',
      [sendId],
    );
    await find();
    expect(await find()).toBeLessThanOrEqual(60_000);
    expect(await find()).toBeGreaterThan(30_000);
    expect(await ledger.claim(sendId, claimName(), true)).toBeNull();
  });

  test('the longest overdue send is found first', async () => {
    const [late, later] = [await seedQueuedSend(db.database), await seedQueuedSend(db.database)];
    await db.database.run(
      `UPDATE CAMPAIGN_SENDS SET LAST_BATCH_AT = UTC_TIMESTAMP(3) - INTERVAL IF(ID = ?, 100, 200) SECOND
        WHERE ID IN (?)`,
      [late, [late, later]],
    );
    const found = (await ledger.findWork(1000)).map(({ sendId }) => sendId);
    expect(found.indexOf(later)).toBeLessThan(found.indexOf(late));
  });

  test('test mails are found before all others, however overdue, and alone where only they are asked for', async () => {
    const [list, tests] = [await seedQueuedSend(db.database), await seedQueuedSend(db.database)];
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET LAST_BATCH_AT = UTC_TIMESTAMP(3) - INTERVAL 300 SECOND WHERE ID = ?',
      [list],
    );
    await db.database.run('UPDATE CAMPAIGN_SENDS SET TEST_OF = ? WHERE ID = ?', [list, tests]);
    const [first, ...others] = await ledger.findWork(1000);
    expect(first).toMatchObject({ sendId: tests, goesFirst: true });
    expect(others.every(({ goesFirst }) => !goesFirst)).toBe(true);
    const alone = createLedger(db.database, undefined, { only: list });
    expect((await alone.findWork(1000)).map(({ sendId }) => sendId)).toEqual([list]);
    expect(await alone.countUnfinished(null)).toBe(1);
    await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE ID = ?", [tests]);
  });

  test('an uncertain claim is let go by its own name only', async () => {
    const sendId = await seedQueuedSend(db.database);
    const { claim } = await mustClaim(sendId);
    await ledger.unclaim(sendId, 'somebody else');
    expect((await balancedBooks(db.database, sendId)).claimedBy).toBe(claim.by);
    await ledger.unclaim(sendId, claim.by);
    expect((await balancedBooks(db.database, sendId)).claimedBy).toBeNull();
  });
});

describe('takeover', () => {
  const stale = async (sendId: number) =>
    (await ledger.findStale()).find((claim) => claim.sendId === sendId);

  test('a claim younger than five minutes stays', async () => {
    const sendId = await seedQueuedSend(db.database);
    const { claim } = await mustClaim(sendId);
    await ageClaim(db.database, sendId, 290);
    expect(await stale(sendId)).toBeUndefined();
    expect(await ledger.reclaim({ sendId, by: claim.by }, 'test')).toBeNull();
  });

  test('a claim that was renewed ahead of the clock, which went back since, is stale five minutes from now', async () => {
    const sendId = await seedQueuedSend(db.database);
    const { claim } = await mustClaim(sendId);
    await ageClaim(db.database, sendId, -3_600);
    expect(await stale(sendId)).toBeUndefined();
    await ageClaim(db.database, sendId, 301);
    expect(await stale(sendId)).toMatchObject({ by: claim.by });
  });

  test('a worker that was seen ahead of the clock is gone once it is not seen again', async () => {
    const beat = (worker: string) =>
      ledger.beat({ worker, host: 'vm', pid: 1, life: NO_LIFE_SIGN }, null);
    const sendId = await seedQueuedSend(db.database);
    await beat('vm:1:dead');
    await ledger.claim(sendId, 'vm:1:dead:1', true);
    await ageWorkers(db.database, -3_600);
    await beat('vm:2:alive');
    await ageWorkers(db.database, 40);
    expect((await ledger.findSilent()).map(({ by }) => by)).toContain('vm:1:dead:1');
  });

  test('a claim whose worker is gone is silent until it is stale; that of one that is alive is not', async () => {
    const silent = async (sendId: number) =>
      (await ledger.findSilent()).find((claim) => claim.sendId === sendId);
    const sendId = await seedQueuedSend(db.database);
    const worker = 'vm:24300:5f3a';
    await ledger.beat({ worker, host: 'vm', pid: 24300, life: NO_LIFE_SIGN }, null);
    await ledger.claim(sendId, `${worker}:1`, true);
    expect(await silent(sendId)).toBeUndefined();
    await ageWorkers(db.database, 40);
    const found = await silent(sendId);
    expect(found).toMatchObject({ by: `${worker}:1` });
    expect(found?.silentMs).toBeGreaterThanOrEqual(40_000);
    const left = Number(found?.takenOverAt) - Number(found?.now);
    expect(left).toBeGreaterThan(290_000);
    expect(left).toBeLessThanOrEqual(300_000);
    await ledger.leave(worker);
    expect((await silent(sendId))?.silentMs).toBeLessThan(40_000);
  });

  test('a stale claim is freed once, and its rows in flight become unknown', async () => {
    const sendId = await seedQueuedSend(db.database);
    const claimed = await mustClaim(sendId);
    await mark(claimed, [1, 2, 3]);
    await ageClaim(db.database, sendId);
    const found = await stale(sendId);
    if (!found) throw new Error('not found stale');
    const freed = await Promise.all([1, 2, 3].map(() => ledger.reclaim(found, 'test')));
    expect(freed.filter(Boolean)).toEqual([{ unknown: 3 }]);
    const books = await balancedBooks(db.database, sendId);
    expect(books).toMatchObject({ unknown: 3, sending: 0, pending: 7, claimedBy: null });
  });

  test.each(['paused', 'cancelled'])('also of a send that is %s meanwhile', async (status) => {
    const sendId = await seedQueuedSend(db.database);
    const claimed = await mustClaim(sendId);
    await mark(claimed, [1, 2]);
    await db.database.run('UPDATE CAMPAIGN_SENDS SET STATUS = ? WHERE ID = ?', [status, sendId]);
    await ageClaim(db.database, sendId);
    expect(await ledger.reclaim({ sendId, by: claimed.claim.by }, 'test')).toEqual({ unknown: 2 });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ status, unknown: 2 });
  });

  test('a holder that is stalled, not dead, can neither mark nor record once it was taken over', async () => {
    const sendId = await seedQueuedSend(db.database);
    const stalled = await mustClaim(sendId);
    await mark(stalled, [1, 2]);
    await ageClaim(db.database, sendId);
    await ledger.reclaim({ sendId, by: stalled.claim.by }, 'test');
    const next = await mustClaim(sendId);
    await mark(next, [3, 4]);
    expect(await mark(stalled, [5])).toEqual({ kind: 'lost' });
    const record = {
      settlements: [sent(1)],
      mark: [],
      skip: [],
      known: 0,
      fromSeq: 2,
      cursorSeq: 2,
      settledSeq: 2,
    };
    expect(await ledger.step(stalled.claim, record)).toEqual({ kind: 'lost' });
    expect(await ledger.reconcile(stalled.claim)).toBeNull();
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ unknown: 2, sending: 2 });
  });

  test('control: without the fence, a stalled holder marks rows under its dead claim', async () => {
    const sendId = await seedQueuedSend(db.database);
    const stalled = await mustClaim(sendId);
    await ageClaim(db.database, sendId);
    await ledger.reclaim({ sendId, by: stalled.claim.by }, 'test');
    const { affectedRows } = await db.database.run(
      "UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = 'sending' WHERE SEND_ID = ? AND SEQ IN (1) AND STATUS = 'pending'",
      [sendId],
    );
    expect(affectedRows).toBe(1);
  });

  test('a mark and a takeover at the same moment never both commit', async () => {
    for (let round = 0; round < 20; round++) {
      const sendId = await seedQueuedSend(db.database, { recipients: 4 });
      const claimed = await mustClaim(sendId);
      await ageClaim(db.database, sendId);
      const [marked, freed] = await Promise.all([
        mark(claimed, [1, 2]),
        ledger.reclaim({ sendId, by: claimed.claim.by }, 'test'),
      ]);
      expect([marked.kind, freed === null]).toBeOneOf([
        ['done', true],
        ['lost', false],
      ]);
      await balancedBooks(db.database, sendId);
    }
  });

  test('late results settle only their own unknown rows', async () => {
    const sendId = await seedQueuedSend(db.database);
    const stalled = await mustClaim(sendId);
    await mark(stalled, [1, 2, 3]);
    await ageClaim(db.database, sendId);
    await ledger.reclaim({ sendId, by: stalled.claim.by }, 'test');
    const next = await mustClaim(sendId);
    await mark(next, [4]);
    const settled = await ledger.settleLate(stalled.claim, [
      sent(1),
      { seq: 2, to: 'returned', delayMs: 0 },
      sent(4),
      sent(9),
    ]);
    expect(settled).toBe(2);
    const status = (await ledgerRows(db.database, sendId)).map((row) => row.status);
    expect(status.slice(0, 4)).toEqual(['sent', 'pending', 'unknown', 'sending']);
    await balancedBooks(db.database, sendId);
  });
});

describe('the end of a batch', () => {
  test('completes a send with nothing left, and says when', async () => {
    const sendId = await seedQueuedSend(db.database, { recipients: 1 });
    const claimed = await mustClaim(sendId);
    await mark(claimed, [1]);
    const record = {
      settlements: [sent(1)],
      mark: [],
      skip: [],
      known: 0,
      fromSeq: 1,
      cursorSeq: 1,
      settledSeq: 1,
    };
    expect((await ledger.step(claimed.claim, record)).kind).toBe('done');
    const end = await ledger.endBatch(claimed.claim, { worked: true, exhausted: false });
    expect(end).toEqual({ kind: 'released', status: 'completed' });
    const books = await balancedBooks(db.database, sendId);
    expect(books).toMatchObject({ status: 'completed', sent: 1, claimedBy: null });
    expect(books.finishedAt).toBeInstanceOf(Date);
    expect(books.lastBatchAt).toBeInstanceOf(Date);
  });

  test('is refused while rows are in flight', async () => {
    const sendId = await seedQueuedSend(db.database);
    const claimed = await mustClaim(sendId);
    await mark(claimed, [1]);
    const end = await ledger.endBatch(claimed.claim, { worked: true, exhausted: false });
    expect(end).toEqual({ kind: 'strays' });
  });

  test('and a pause at the same moment leave a send that is paused and free', async () => {
    for (let round = 0; round < 20; round++) {
      const sendId = await seedQueuedSend(db.database, { recipients: 4 });
      const { claim } = await mustClaim(sendId);
      await Promise.all([
        ledger.endBatch(claim, { worked: true, exhausted: false }),
        db.database.run(
          "UPDATE CAMPAIGN_SENDS SET STATUS = 'paused' WHERE ID = ? AND STATUS = 'running'",
          [sendId],
        ),
      ]);
      expect(await balancedBooks(db.database, sendId)).toMatchObject({
        status: 'paused',
        claimedBy: null,
      });
    }
  });

  test('a claim and a cancel at the same moment: nothing can be marked after the cancel', async () => {
    for (let round = 0; round < 20; round++) {
      const sendId = await seedQueuedSend(db.database, { recipients: 4 });
      const [claimed] = await Promise.all([
        ledger.claim(sendId, claimName(), true),
        db.database.run(
          "UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE ID = ? AND STATUS = 'running'",
          [sendId],
        ),
      ]);
      if (claimed) expect((await mark(claimed, [1])).kind).toBe('not-running');
      expect(await balancedBooks(db.database, sendId)).toMatchObject({
        status: 'cancelled',
        pending: 4,
      });
    }
  });
});

describe('a send that pauses itself', () => {
  test('takes the rows of a block back to pending, with their attempt', async () => {
    const sendId = await seedQueuedSend(db.database, { recipients: 3 });
    const claimed = await mustClaim(sendId);
    await mark(claimed, [1, 2, 3]);
    const refused = (seq: number) =>
      ({ seq, to: 'failed', code: 554, enhanced: '5.7.1', text: 'blocked' }) as const;
    await ledger.step(claimed.claim, {
      settlements: [refused(1), refused(2), sent(3)],
      mark: [],
      skip: [],
      known: 0,
      fromSeq: 3,
      cursorSeq: 3,
      settledSeq: 3,
    });
    const run = {
      key: likeness(refused(1)),
      attempts: new Map([
        [1, 0],
        [2, 0],
        [3, 0],
      ]),
    };
    expect(await ledger.pauseItself(claimed.claim, 'a block', run)).toBe(true);
    const rows = await ledgerRows(db.database, sendId);
    expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['pending', 0],
      ['pending', 0],
      ['sent', 1],
    ]);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'paused',
      reason: 'a block',
      failed: 0,
      pending: 2,
    });
  });

  test('whose reply was lost is known as its own, whatever the words of the reason are by now', async () => {
    const sendId = await seedQueuedSend(db.database);
    const { claim } = await mustClaim(sendId);
    expect(await ledger.pauseItself(claim, 'no <ann@example.org>', null)).toBe(true);
    await db.database.run(
      "UPDATE CAMPAIGN_SENDS SET STATUS_REASON = 'no <forgotten>' WHERE ID = ?",
      [sendId],
    );
    expect(await ledger.pauseItself(claim, 'no <ann@example.org>', null)).toBe(true);
  });

  test('is not what an operator did in the same words', async () => {
    const sendId = await seedQueuedSend(db.database);
    const { claim } = await mustClaim(sendId);
    await pause(db.database, sendId, 'ann@vm', 'a block');
    expect(await ledger.pauseItself(claim, 'a block', null)).toBe(false);
  });

  test('leaves what an operator settled meanwhile as it is', async () => {
    const sendId = await seedQueuedSend(db.database, { recipients: 2 });
    const claimed = await mustClaim(sendId);
    await mark(claimed, [1, 2]);
    const lost = (seq: number) =>
      ({ seq, to: 'unknown', code: null, enhanced: null, text: 'line lost' }) as const;
    await ledger.step(claimed.claim, {
      settlements: [lost(1), { seq: 2, to: 'failed', code: 554, enhanced: '5.7.1', text: 'no' }],
      mark: [],
      skip: [],
      known: 0,
      fromSeq: 2,
      cursorSeq: 2,
      settledSeq: 2,
    });
    await db.database.run(
      `UPDATE CAMPAIGN_SEND_RESULTS
          SET STATUS = 'failed', RESOLVED_AT = UTC_TIMESTAMP(3), SMTP_CODE = 554, ENHANCED_CODE = '5.7.1', RESPONSE = 'no'
        WHERE SEND_ID = ? AND SEQ = 1`,
      [sendId],
    );
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET UNKNOWN_COUNT = 0, FAILED_COUNT = 2 WHERE ID = ?',
      [sendId],
    );
    await ledger.pauseItself(claimed.claim, 'a block', {
      key: likeness({ code: 554, enhanced: '5.7.1', text: 'no' }),
      attempts: new Map([
        [1, 0],
        [2, 0],
      ]),
    });
    const rows = await ledgerRows(db.database, sendId);
    expect(rows.map(({ status }) => status)).toEqual(['failed', 'pending']);
  });

  test('takes deferred rows of the run back as they were, due again at once, and none that is no longer of it', async () => {
    const sendId = await seedQueuedSend(db.database, { recipients: 6 });
    const claimed = await mustClaim(sendId);
    await mark(claimed, [1, 2, 3, 4, 5, 6]);
    const spam = { code: 451, enhanced: '4.7.1', text: 'Sending Spam, see id 0-1' } as const;
    const deferred = (seq: number) =>
      ({ seq, to: 'deferred', delayMs: 3_600_000, ...spam }) as const;
    const step = (settlements: Settlement[]) =>
      ledger.step(claimed.claim, {
        settlements,
        mark: [],
        skip: [],
        known: 0,
        fromSeq: 6,
        cursorSeq: 6,
        settledSeq: 6,
      });
    await step([
      deferred(1),
      { ...deferred(2), text: 'Sending Spam, see id 0-2' },
      // Its last attempt.
      { seq: 3, to: 'failed', ...spam },
      // Refused otherwise since.
      { seq: 4, to: 'failed', code: 550, enhanced: '5.1.1', text: 'User unknown' },
      deferred(5),
      sent(6),
    ]);
    await db.database.run(
      'UPDATE CAMPAIGN_SEND_RESULTS SET ATTEMPTS = 4 WHERE SEND_ID = ? AND SEQ = 5',
      [sendId],
    );
    const attempts = new Map([1, 2, 3, 4, 5, 6].map((seq) => [seq, seq === 5 ? 2 : 0]));
    const run = { key: likeness(spam), attempts };
    expect(await ledger.pauseItself(claimed.claim, 'a block', run)).toBe(true);
    // As when the reply to it was lost.
    expect(await ledger.pauseItself(claimed.claim, 'a block', run)).toBe(true);
    const rows = await ledgerRows(db.database, sendId);
    expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['pending', 0],
      ['pending', 0],
      ['pending', 0],
      ['failed', 1],
      ['pending', 2],
      ['sent', 1],
    ]);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      failed: 1,
      sent: 1,
      pending: 4,
    });
    const [due] = await db.database.rows<{ count: number }>(
      'SELECT COUNT(*) AS count FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND NEXT_ATTEMPT_AT <= UTC_TIMESTAMP(3)',
      [sendId],
    );
    expect(due?.count).toBe(4);
  });
});

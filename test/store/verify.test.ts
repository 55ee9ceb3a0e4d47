import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settleRows } from '../../src/store/recipients/settle.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { verifySend } from '../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const everything = rowsOf({ sent: 3, failed: 2, unknown: 2, skipped: 1, sending: 2, pending: 3 });

describe('verify', () => {
  it('finds nothing in a send whose books balance', async () => {
    const id = await seedSendWithRows(test.database, everything, { claimedBy: 'w' });
    expect(await verifySend(test.database, id)).toEqual([]);
    expect(await verifySend(test.database, 999_999)).toBeUndefined();
  });

  it.each([
    [
      'a counter that is off',
      'UPDATE CAMPAIGN_SENDS SET SENT_COUNT = SENT_COUNT + 1 WHERE ID = ?',
      'count of sent',
    ],
    [
      'a row that is gone',
      'DELETE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ = 13',
      'count of total',
    ],
    [
      'a sent row without a time',
      'UPDATE CAMPAIGN_SEND_RESULTS SET SENT_AT = NULL WHERE SEND_ID = ? AND SEQ = 1',
      'sent rows without a time or a reply that accepted them (the first has SEQ 1)',
    ],
    [
      'a sent row that was refused',
      'UPDATE CAMPAIGN_SEND_RESULTS SET SMTP_CODE = 550 WHERE SEND_ID = ? AND SEQ = 2',
      'sent rows without a time or a reply that accepted them (the first has SEQ 2)',
    ],
    [
      'rows in flight under no claim',
      'UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = NULL WHERE ID = ?',
      'sending rows that no claim holds (the first has SEQ 9)',
    ],
    [
      'a pending row that was passed over',
      'UPDATE CAMPAIGN_SENDS SET CURSOR_SEQ = 11 WHERE ID = ?',
      'pending rows that were passed over (the first has SEQ 11)',
    ],
    [
      'a completed send with work left',
      "UPDATE CAMPAIGN_SENDS SET STATUS = 'completed', FINISHED_AT = UTC_TIMESTAMP(3) WHERE ID = ?",
      'pending or sending rows of a completed send',
    ],
    [
      'an end without a time',
      "UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE ID = ?",
      'time of finishing of a send that is cancelled',
    ],
    [
      'a message that is gone',
      'DELETE FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?',
      'messages of the send',
    ],
  ])('finds %s', async (_, tamper, what) => {
    const id = await seedSendWithRows(test.database, everything, { claimedBy: 'w' });
    await test.database.run(tamper, [id]);
    const found = await verifySend(test.database, id);
    expect(found?.map((contradiction) => contradiction.what)).toContain(what);
  });

  it('takes a row that an operator settled for sent, whatever its words, and one from before there was a column for it', async () => {
    const id = await seedSendWithRows(test.database, [
      { status: 'unknown' },
      { status: 'sent', code: null, enhanced: null, response: 'resolved as sent by ann@host' },
      { status: 'sent', code: null, enhanced: null, response: 'said to be sent' },
    ]);
    const settle = { from: 'unknown', to: 'sent', event: 'resolved', actor: 'ann@host' } as const;
    await settleRows(test.database, id, settle, [{ seq: 1, text: 'she said she had it' }]);
    expect(await verifySend(test.database, id)).toEqual([
      {
        what: 'sent rows without a time or a reply that accepted them (the first has SEQ 3)',
        expected: 0,
        found: 1,
      },
    ]);
  });

  it('reads one snapshot: a transaction that commits meanwhile is seen whole or not at all', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 400 }));
    const writer = (async () => {
      for (let seq = 1; seq <= 400; seq++) {
        await test.database.transaction(async (tx) => {
          await tx.run(
            'UPDATE CAMPAIGN_SENDS SET SENT_COUNT = SENT_COUNT + 1, CURSOR_SEQ = ? WHERE ID = ?',
            [seq, id],
          );
          await tx.run(
            `UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = 'sent', SMTP_CODE = 250, SENT_AT = UTC_TIMESTAMP(3)
              WHERE SEND_ID = ? AND SEQ = ?`,
            [id, seq],
          );
        });
      }
    })();
    let reads = 0;
    let running = true;
    void writer.finally(() => {
      running = false;
    });
    while (running) {
      expect(await verifySend(test.database, id)).toEqual([]);
      reads++;
    }
    await writer;
    expect(reads).toBeGreaterThan(3);
  });
});

describe('campaign verify', () => {
  const run = (...args: (string | number)[]) =>
    runCommand(['verify', ...args.map(String)], { url: test.url });

  it('prints {"id","ok","contradictions"} and exits 1 on any contradiction', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 2 }));
    const good = await run(id, '--json');
    expect(good.code).toBe(0);
    expect(JSON.parse(good.stdout)).toEqual({ id, ok: true, contradictions: [] });
    await test.database.run(
      'UPDATE CAMPAIGN_SENDS SET SENT_COUNT = 1, SKIPPED_COUNT = 1 WHERE ID = ?',
      [id],
    );
    const bad = await run(id, '--json');
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toEqual({
      id,
      ok: false,
      contradictions: [
        { what: 'count of sent', expected: 2, found: 1 },
        { what: 'count of skipped', expected: 0, found: 1 },
      ],
    });
  });

  it('--all goes through every send and exits 1 when one is wrong', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 2 }));
    await test.database.run('UPDATE CAMPAIGN_SENDS SET SENT_COUNT = 1 WHERE ID = ?', [id]);
    const { code, stdout } = await run('--all', '--json');
    expect(code).toBe(1);
    const verdicts = JSON.parse(stdout) as { id: number; ok: boolean }[];
    expect(verdicts.find((verdict) => verdict.id === id)?.ok).toBe(false);
    expect(verdicts.some((verdict) => verdict.ok)).toBe(true);
  });

  it('--all says so where there is no send', async () => {
    const empty = await createTestDatabase();
    try {
      const verifyAll = (...args: string[]) =>
        runCommand(['verify', '--all', ...args], { url: empty.url });
      expect(await verifyAll()).toMatchObject({ code: 0, stdout: '', stderr: 'no sends\n' });
      expect(await verifyAll('--json')).toMatchObject({ code: 0, stdout: '[]\n', stderr: '' });
    } finally {
      await empty.drop();
    }
  });

  it('needs a send or --all, and not both', async () => {
    expect((await run()).code).toBe(2);
    expect((await run(1, '--all')).code).toBe(2);
    expect((await run(999_999)).code).toBe(3);
  });
});

it('finds a sent row that was suppressed before its send began; what was suppressed later proves nothing', async () => {
  const no = { topic: '', reason: 'asked to', source: 'test' };
  const sendId = await seedSendWithRows(test.database, rowsOf({ sent: 4 }), {
    status: 'completed',
  });
  const checked = `UPDATE CAMPAIGN_SENDS SET CHECKED_VERSION = (SELECT V FROM CAMPAIGN_SUPPRESSION_VERSION) WHERE ID = ?`;
  await test.database.run(checked, [sendId]);
  await suppress(test.database, [{ ...no, emailNorm: 'r2@example.org' }]);
  expect(await verifySend(test.database, sendId)).toEqual([]);
  await test.database.run(checked, [sendId]);
  await suppress(test.database, [{ ...no, emailNorm: '@example.org' }]);
  await suppress(test.database, [{ ...no, emailNorm: 'r3@example.org', topic: 'news' }]);
  expect(await verifySend(test.database, sendId)).toEqual([
    {
      what: 'sent rows that were suppressed before the send began (the first has SEQ 2)',
      expected: 0,
      found: 1,
    },
  ]);
  await test.database.run(checked, [sendId]);
  expect(await verifySend(test.database, sendId)).toMatchObject([{ found: 4 }]);
  await test.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
});

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { beat } from '../../src/store/workers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ageClaim, ageWorkers } from '../support/ledger.ts';
import { runCommand, startCommand } from '../support/run-command.ts';
import { rowsOf, type SeedRow, type SendSeed, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const KEYS = [
  'id',
  'name',
  'status',
  'reason',
  'total',
  'sent',
  'failed',
  'unknown',
  'skipped',
  'pending',
  'sending',
  'batchSize',
  'delayMs',
  'cooldownSeconds',
  'lastBatchAt',
  'claimedBy',
  'claimedAt',
  'ratePerSecond',
  'etaSeconds',
  'waiting',
];

async function progress(rows: SeedRow[], send: SendSeed = {}) {
  const id = await seedSendWithRows(test.database, rows, send);
  const { code, stdout } = await runCommand(['progress', String(id), '--json'], { url: test.url });
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('progress --json', () => {
  it('has the documented keys first, and counts that add up', async () => {
    const rows = rowsOf({ sent: 3, failed: 2, unknown: 1, skipped: 1, sending: 1, pending: 4 });
    const json = await progress(rows, { claimedBy: 'host:1:a', name: 'May' });
    expect(Object.keys(json).slice(0, KEYS.length)).toEqual(KEYS);
    expect(json).toMatchObject({
      name: 'May',
      status: 'running',
      total: 12,
      sent: 3,
      failed: 2,
      unknown: 1,
      skipped: 1,
      sending: 1,
      pending: 4,
      claimedBy: 'host:1:a',
    });
    expect(json.claimedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(json.lastBatchAt).toBeNull();
  });

  it('says that no scheduler is alive, and then why the send waits in spite of one', async () => {
    await test.database.run('DELETE FROM CAMPAIGN_WORKERS');
    const alone = await progress(rowsOf({ pending: 2 }));
    expect(alone.waiting).toMatchObject({ for: 'scheduler', until: null });
    const held = await progress(rowsOf({ sending: 1, pending: 2 }), { claimedBy: 'vm:7:a:1' });
    expect(held.waiting).toMatchObject({
      for: 'scheduler',
      text: expect.stringMatching(/no scheduler is running.*; held by vm:7.*taken over in/),
    });

    await beat(test.database, { worker: 'w', host: 'h', pid: 1 });
    expect((await progress(rowsOf({ pending: 2 }))).waiting).toBeNull();

    const cooling = await progress(rowsOf({ sent: 1, pending: 2 }), {
      lastBatchSecondsAgo: 1,
      cooldownSeconds: 60,
    });
    expect(cooling.waiting).toMatchObject({ for: 'cooldown', text: 'cooling down 59 s' });

    const scheduled = await progress(rowsOf({ pending: 2 }), { startInSeconds: 600 });
    expect(scheduled).toMatchObject({ status: 'scheduled', waiting: { for: 'start' } });

    await beat(test.database, {
      worker: 'w',
      host: 'h',
      pid: 1,
      backingOffMs: 20_000,
      backingOffReason: '421 4.7.0 try later',
    });
    const server = await progress(rowsOf({ pending: 2 }));
    expect(server.waiting.for).toBe('server');
    expect(server.waiting.text).toMatch(/^server backing off (19|20) s: 421 4\.7\.0 try later$/);
  });

  it('of a send whose holder is gone says who holds it and when it is taken over, without an ETA', async () => {
    await test.database.run('DELETE FROM CAMPAIGN_WORKERS');
    await beat(test.database, { worker: 'vm:24300:5f3a', host: 'vm', pid: 24300 });
    const rows = rowsOf({ sent: 1, sending: 1, pending: 2 });
    const held = { claimedBy: 'vm:24300:5f3a:7' };
    expect(await progress(rows, held)).toMatchObject({ waiting: null });
    await ageWorkers(test.database, 40);
    expect((await progress(rows, held)).waiting.for).toBe('scheduler');
    await beat(test.database, { worker: 'other:1:b', host: 'other', pid: 1 });
    const { waiting, etaSeconds, claimedAt } = await progress(rows, held);
    expect(etaSeconds).toBeNull();
    expect(waiting.for).toBe('takeover');
    expect(Date.parse(waiting.until) - Date.parse(claimedAt)).toBe(300_000);
    expect(waiting.text).toMatch(/^held by vm:24300, not seen for 4\d s; taken over in 5 min$/);
    const id = await seedSendWithRows(test.database, rows, held);
    await ageClaim(test.database, id, 301);
    const shown = await runCommand(['progress', String(id)], { url: test.url, terminal: true });
    expect(shown.stdout).toMatch(/held by vm:24300, .*; taken over now/);
    const watch = startCommand(['progress', String(id), '--watch'], { url: test.url });
    await vi.waitFor(() => expect(watch.stdout).toContain('taken over now'), 10_000);
    await test.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE ID = ?", [id]);
    await watch.ended;
    for (const terminal of [false, true]) {
      const list = await runCommand(['list'], { url: test.url, terminal });
      expect(list.stdout).toContain('held by vm:24300');
    }
  });

  it('of a send that only has deferred rows left says when the next is due', async () => {
    await beat(test.database, { worker: 'w', host: 'h', pid: 1 });
    const id = await seedSendWithRows(test.database, [{ status: 'pending', deferred: true }]);
    await test.database.run(
      'UPDATE CAMPAIGN_SEND_RESULTS SET NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3) + INTERVAL 90 SECOND WHERE SEND_ID = ?',
      [id],
    );
    const { stdout } = await runCommand(['progress', String(id), '--json'], { url: test.url });
    const { waiting, etaSeconds } = JSON.parse(stdout);
    expect(waiting.for).toBe('retry');
    expect(Date.parse(waiting.until)).toBeGreaterThan(Date.now());
    expect(etaSeconds).toBeGreaterThanOrEqual(88);
  });

  it('takes the rate from the ledger, and the time left from the rate', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 100, pending: 50 }));
    await test.database.run(
      'UPDATE CAMPAIGN_SEND_RESULTS SET SENT_AT = UTC_TIMESTAMP(3) - INTERVAL 10 SECOND WHERE SEND_ID = ? AND SEQ = 1',
      [id],
    );
    const { stdout } = await runCommand(['progress', String(id), '--json'], { url: test.url });
    const { ratePerSecond, etaSeconds } = JSON.parse(stdout);
    expect(ratePerSecond).toBeGreaterThan(8);
    expect(ratePerSecond).toBeLessThanOrEqual(10);
    expect(etaSeconds).toBe(Math.ceil(50 / ratePerSecond));
  });
});

describe('progress for people', () => {
  it('prints key: value lines in a pipe, with control characters of a name escaped', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1 }), {
      name: 'evil \u001b[31m',
    });
    const { stdout } = await runCommand(['progress', String(id)], { url: test.url });
    expect(stdout).toContain('name: evil \\x1b[31m\n');
    expect(stdout).toContain('sent: 1\n');
    expect(stdout).not.toContain('\u001b');
  });

  it('draws a table on a terminal, without colours under NO_COLOR', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1, failed: 1 }));
    const options = { url: test.url, terminal: true, env: { NO_COLOR: '1' } };
    const { stdout } = await runCommand(['progress', String(id)], options);
    expect(stdout).toMatch(/^done +2 of 2 \(100 %\)$/m);
    expect(stdout).not.toContain('\u001b');
    const coloured = await runCommand(['progress', String(id)], { url: test.url, terminal: true });
    expect(coloured.stdout).toContain('\u001b[');
  });

  it('exits 3 for a send that is not there, 2 for what is no number', async () => {
    const missing = await runCommand(['progress', '999999', '--json'], { url: test.url });
    expect(missing.code).toBe(3);
    expect(JSON.parse(missing.stderr)).toMatchObject({ code: 'NO_SUCH_SEND' });
    const wrong = await runCommand(['progress', '4x', '--json'], { url: test.url });
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.stderr)).toMatchObject({ code: 'USAGE' });
  });
});

describe('progress --watch', () => {
  const settleAll = (id: number) =>
    test.database.run(
      `UPDATE CAMPAIGN_SENDS SET SENT_COUNT = TOTAL_COUNT, STATUS = 'completed', FINISHED_AT = UTC_TIMESTAMP(3)
        WHERE ID = ?`,
      [id],
    );

  it('prints a line a change in a pipe and ends with the send', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const watch = startCommand(['progress', String(id), '--watch'], { url: test.url });
    await vi.waitFor(() => expect(watch.stdout).toContain('running 0/2'));
    await settleAll(id);
    const { code, stdout } = await watch.ended;
    expect(code).toBe(0);
    expect(stdout.trim().split('\n').at(-1)).toBe('completed 2/2  sent 2');
  });

  it('prints an object a line with --json', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const watch = startCommand(['progress', String(id), '--watch', '--json'], { url: test.url });
    await vi.waitFor(() => expect(watch.stdout).not.toBe(''));
    await settleAll(id);
    const { stdout } = await watch.ended;
    const statuses = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).status);
    expect(statuses).toEqual(['running', 'completed']);
  });

  it('pauses, resumes, and after a question cancels by keys', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const watch = startCommand(['progress', String(id), '--watch'], {
      url: test.url,
      terminal: true,
    });
    const statusIs = (status: string) =>
      vi.waitFor(async () => {
        const [row] = await test.database.rows<{ STATUS: string }>(
          'SELECT STATUS FROM CAMPAIGN_SENDS WHERE ID = ?',
          [id],
        );
        expect(row?.STATUS).toBe(status);
      });
    await vi.waitFor(() => expect(watch.stdout).toContain('q quit'));
    watch.type('p');
    await statusIs('paused');
    watch.type('r');
    await statusIs('running');
    watch.type('c');
    watch.type('n');
    await vi.waitFor(() => expect(watch.stdout).toContain('not cancelled'));
    watch.type('cy');
    await statusIs('cancelled');
    expect((await watch.ended).code).toBe(0);
  });

  it.each([
    ['Alt and a key', '\x1bp'],
    ['arrows and their modifiers', '\x1b[C\x1b[1;5C'],
    ['Ctrl and an arrow, as rxvt sends it', '\x1bOc'],
    ['a paste', 'the price of cherries, yes please'],
    ['a short paste, where the terminal marks it', '\x1b[200~up\x1b[201~'],
    ['function keys, with modifiers and in application mode', '\x1bOP\x1b[15;2~\x1b[1;10P\x1bOp'],
    ['a function key that is not known to the end', '\x1b[1;10p'],
    ['Ctrl-p, as xterm tells it', '\x1b[27;5;112~'],
    ['the mouse', '\x1b[<0;10;20M\x1b[<0;10;20m'],
    ['the mouse of old', '\x1b[M pp'],
    ['what a terminal answers', '\x1b[>c'],
    ['the focus', '\x1b[I\x1b[O'],
    ['capitals', 'P'],
  ])('takes %s for none of its keys', async (_, keys) => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const watch = startCommand(['progress', String(id), '--watch'], {
      url: test.url,
      terminal: true,
    });
    await vi.waitFor(() => expect(watch.stdout).toContain('q quit'), 10_000);
    watch.type(keys);
    watch.type('c');
    await vi.waitFor(() => expect(watch.stdout).toContain('for good?'), 10_000);
    watch.type(keys);
    await vi.waitFor(() => expect(watch.stdout).toContain('not cancelled'), 10_000);
    watch.type('y');
    watch.type('q');
    await watch.ended;
    const events = await runCommand(['events', String(id)], { url: test.url });
    expect(events.stdout).toBe('');
  });

  it('ends at q and leaves the send as it is', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const watch = startCommand(['progress', String(id), '--watch'], {
      url: test.url,
      terminal: true,
    });
    await vi.waitFor(() => expect(watch.stdout).toContain('q quit'));
    watch.type('q');
    const { code, stdout } = await watch.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('running 0/2');
    // Pastes are marked while keys count, and no longer.
    expect(stdout.split('\x1b[?2004h')).toHaveLength(2);
    expect(stdout.split('\x1b[?2004h').at(-1)?.split('\x1b[?2004l')).toHaveLength(2);
  });
});

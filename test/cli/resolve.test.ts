import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageIdsOf } from '../../src/domain/message-id.ts';
import { listEvents } from '../../src/store/events.ts';
import { readSend } from '../../src/store/sends/row.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { verifySend } from '../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, type SeedRow, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const run = (args: (string | number)[], stdin?: string) =>
  runCommand(args.map(String), { url: test.url, ...(stdin === undefined ? {} : { stdin }) });

const send = (id: number) => readSend(test.database, id);
const balanced = async (id: number) => expect(await verifySend(test.database, id)).toEqual([]);
const statuses = async (id: number) =>
  (
    await test.database.rows<{ STATUS: string }>(
      'SELECT STATUS FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ',
      [id],
    )
  ).map((row) => row.STATUS);

describe('resolve --as', () => {
  it.each(['sent', 'failed'] as const)(
    '%s settles every unknown row, and the books balance',
    async (as) => {
      const id = await seedSendWithRows(test.database, rowsOf({ sent: 2, unknown: 3 }), {
        status: 'completed',
      });
      const { code, stdout } = await run(['resolve', id, '--as', as, '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        status: 'completed',
        unknown: 0,
        sent: as === 'sent' ? 5 : 2,
        failed: as === 'failed' ? 3 : 0,
      });
      const [event] = await listEvents(test.database, id, 0, 10);
      expect(event).toMatchObject({
        event: 'resolved',
        details: { from: 'unknown', to: as, rows: 3 },
      });
      await balanced(id);
    },
  );

  it('pending warns of second copies, needs --yes off a terminal, and reopens a completed send', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 2, unknown: 3 }), {
      status: 'completed',
    });
    const refused = await run(['resolve', id, '--as', 'pending', '--json']);
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stderr)).toMatchObject({
      code: 'CONFIRMATION_NEEDED',
      message: expect.stringContaining('second copy'),
    });
    expect(await send(id)).toMatchObject({ status: 'completed', unknown: 3 });

    const { code, stdout } = await run(['resolve', id, '--as', 'pending', '--yes', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'running', unknown: 0, pending: 3 });
    await balanced(id);
  });

  it('with --email settles that one alone, however it is spelled', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 3 }));
    expect((await run(['resolve', id, '--as', 'sent', '--email', 'R2@Example.org'])).code).toBe(0);
    expect(await statuses(id)).toEqual(['unknown', 'sent', 'unknown']);
    await balanced(id);
  });

  it('of an address that is not in the send exits 3, of one that is not unknown 4', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 1, sent: 1 }));
    const absent = await run([
      'resolve',
      id,
      '--as',
      'sent',
      '--email',
      'no@example.org',
      '--json',
    ]);
    expect(absent.code).toBe(3);
    expect(JSON.parse(absent.stderr)).toMatchObject({ code: 'NO_SUCH_RECIPIENT' });
    const sent = await run(['resolve', id, '--as', 'failed', '--email', 'r2@example.org']);
    expect(sent.code).toBe(4);
    expect(sent.stderr).toContain('r2@example.org is sent');
  });

  it('of rows that a live claim holds is refused and changes nothing', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 2, sending: 1 }), {
      claimedBy: 'w',
    });
    const { code, stderr } = await run(['resolve', id, '--as', 'sent']);
    expect(code).toBe(4);
    expect(stderr).toContain('running batch');
    expect(await send(id)).toMatchObject({ unknown: 2, sent: 0 });
  });

  it('settles rows of an earlier claim while a later one is at work', async () => {
    const rows: SeedRow[] = [{ status: 'unknown' }, { status: 'unknown', claimNumber: 2 }];
    const id = await seedSendWithRows(test.database, rows, { claimedBy: 'w', claimNumber: 2 });
    expect((await run(['resolve', id, '--as', 'sent'])).code).toBe(0);
    expect(await statuses(id)).toEqual(['sent', 'unknown']);
    await balanced(id);
  });

  it('by two operators at once settles each row once, and the books balance', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 3000 }));
    const results = await Promise.all([
      run(['resolve', id, '--as', 'sent']),
      run(['resolve', id, '--as', 'failed']),
    ]);
    expect(results.some(({ code }) => code === 0)).toBe(true);
    expect(await send(id)).toMatchObject({ unknown: 0, total: 3000 });
    await balanced(id);
  });

  it('with nothing unknown exits 4, of a cancelled send not to pending', async () => {
    const nothing = await seedSendWithRows(test.database, rowsOf({ sent: 1 }));
    expect((await run(['resolve', nothing, '--as', 'sent'])).code).toBe(4);
    const cancelled = await seedSendWithRows(test.database, rowsOf({ unknown: 1 }), {
      status: 'cancelled',
    });
    expect((await run(['resolve', cancelled, '--as', 'pending', '--yes'])).code).toBe(4);
    expect((await run(['resolve', cancelled, '--as', 'sent'])).code).toBe(0);
    await balanced(cancelled);
  });

  it.each([[], ['--as', 'lost'], ['--as', 'sent', '--from-maillog', '-']])(
    'exits 2 for wrong usage: %j',
    async (...options) => {
      const id = await seedSendWithRows(test.database, rowsOf({ unknown: 1 }));
      expect((await run(['resolve', id, ...options.flat()])).code).toBe(2);
    },
  );
});

describe('retry', () => {
  it('puts failed rows back to pending with all their attempts, and reopens a completed send', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1, failed: 2 }), {
      status: 'completed',
    });
    const { code, stdout } = await run(['retry', id, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'running', failed: 0, pending: 2 });
    const rows = await test.database.rows(
      'SELECT ATTEMPTS, ATTENTION FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ > 1',
      [id],
    );
    expect(rows).toEqual([
      { ATTEMPTS: 0, ATTENTION: 4 },
      { ATTEMPTS: 0, ATTENTION: 4 },
    ]);
    await balanced(id);
  });

  it.each([
    ['5xx', ['pending', 'pending', 'failed']],
    ['550', ['pending', 'failed', 'failed']],
    ['4xx', ['failed', 'failed', 'pending']],
    ['5.2.2', ['failed', 'pending', 'failed']],
  ])('--code %s chooses by the reply', async (code, expected) => {
    const id = await seedSendWithRows(test.database, [
      { status: 'failed', code: 550, enhanced: '5.1.1' },
      { status: 'failed', code: 552, enhanced: '5.2.2' },
      { status: 'failed', code: 451, enhanced: '4.7.1' },
    ]);
    expect((await run(['retry', id, '--code', code])).code).toBe(0);
    expect(await statuses(id)).toEqual(expected);
    await balanced(id);
  });

  it.each([
    ['retry', { failed: 3 }, []],
    ['resolve', { unknown: 3 }, ['--as', 'pending', '--yes']],
  ] as const)('%s says how many are suppressed by now', async (command, rows, options) => {
    const id = String(await seedSendWithRows(test.database, rowsOf(rows)));
    const no = { topic: '', reason: 'asked to', source: 'test' };
    await suppress(test.database, [
      { ...no, emailNorm: 'r2@example.org' },
      { ...no, emailNorm: 'r3@example.org', topic: 'another' },
    ]);
    const { code, stderr } = await run([command, id, ...options]);
    expect(code).toBe(0);
    expect(stderr).toContain('3 recipients are pending');
    expect(stderr).toContain('1 of them is suppressed by now, and will be skipped');
    await test.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
  });

  it('--unknown warns of second copies and needs --yes off a terminal', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 1 }));
    const { code, stderr } = await run(['retry', id, '--unknown']);
    expect(code).toBe(2);
    expect(stderr).toContain('second copy');
    expect((await run(['retry', id, '--unknown', '--yes'])).code).toBe(0);
    expect(await statuses(id)).toEqual(['pending']);
    await balanced(id);
  });

  it('with nothing that fits exits 4, with an unknown code 2, of a cancelled send 4', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ failed: 1 }));
    expect((await run(['retry', id, '--code', '552'])).code).toBe(4);
    expect((await run(['retry', id, '--unknown', '--yes'])).code).toBe(4);
    expect((await run(['retry', id, '--code', '7xx'])).code).toBe(2);
    const cancelled = await seedSendWithRows(test.database, rowsOf({ failed: 1 }), {
      status: 'cancelled',
    });
    expect((await run(['retry', cancelled])).code).toBe(4);
    expect(await statuses(id)).toEqual(['failed']);
  });
});

describe('resolve --from-maillog', () => {
  const SECRET = Buffer.alloc(32, 7);
  const idOf = (sendId: number, seq: number) =>
    messageIdsOf(sendId, SECRET, 'example.org')(seq).slice(1, -1);
  const named = (sendId: number, seq: number, queueId: string) =>
    `Nov 25 03:00:00 mx postfix/cleanup[11]: ${queueId}: message-id=<${idOf(sendId, seq)}>`;
  const active = (queueId: string) =>
    `Nov 25 03:00:01 mx postfix/qmgr[12]: ${queueId}: from=<news@example.org>, size=900, nrcpt=1 (queue active)`;
  const log = (...lines: string[]) => `${lines.join('\n')}\n`;

  it('settles what Postfix put into its queue, not what it only named', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 3 }));
    const text = log(
      named(id, 1, 'AAAA11111'),
      named(id, 2, 'BBBB22222'),
      active('AAAA11111'),
      'Nov 25 03:00:02 mx postfix/cleanup[11]: BBBB22222: milter-reject: END-OF-MESSAGE from x: 5.7.1 no',
    );
    const { code, stderr } = await run(['resolve', id, '--from-maillog', '-'], text);
    expect(code).toBe(0);
    expect(stderr).toContain('1 recipient is sent now, 0 pending again, 2 still unknown');
    expect(await statuses(id)).toEqual(['sent', 'unknown', 'unknown']);
    await balanced(id);
  });

  it('reads the log of Exim, whose arrival line is the acceptance', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 2 }));
    const text = log(
      `2026-11-25 03:00:00 1tFabc-0000000012x-3K4d <= news@example.org H=a [127.0.0.1] P=esmtp S=900 id=${idOf(id, 2)}`,
    );
    expect((await run(['resolve', id, '--from-maillog', '-'], text)).code).toBe(0);
    expect(await statuses(id)).toEqual(['unknown', 'sent']);
    await balanced(id);
  });

  it('does not believe a Message-ID that the send did not give', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 1 }));
    const forged = `${id.toString(36)}.1.0123456789abcdef@example.org`;
    const text = log(
      `Nov 25 03:00:00 mx postfix/cleanup[11]: AAAA11111: message-id=<${forged}>`,
      active('AAAA11111'),
    );
    const { code } = await run(['resolve', id, '--from-maillog', '-'], text);
    expect(code).toBe(4);
    expect(await statuses(id)).toEqual(['unknown']);
  });

  it('--absent pending gives back only what the log covers and does not name', async () => {
    const rows: SeedRow[] = [
      { status: 'unknown', claimNumber: 1 },
      { status: 'sent', claimNumber: 1 },
      { status: 'unknown', claimNumber: 1 },
      { status: 'unknown', claimNumber: 1 },
      { status: 'sent', claimNumber: 2 },
      { status: 'unknown', claimNumber: 2 },
    ];
    const id = await seedSendWithRows(test.database, rows, { claimNumber: 2 });
    const text = log(
      named(id, 2, 'AAAA11111'),
      active('AAAA11111'),
      named(id, 4, 'BBBB22222'),
      named(id, 5, 'CCCC33333'),
      active('CCCC33333'),
    );
    const refused = await run(['resolve', id, '--from-maillog', '-', '--absent', 'pending'], text);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('second copy');
    const { code } = await run(
      ['resolve', id, '--from-maillog', '-', '--absent', 'pending', '--yes'],
      text,
    );
    expect(code).toBe(0);
    expect(await statuses(id)).toEqual([
      'unknown',
      'sent',
      'pending',
      'unknown',
      'sent',
      'unknown',
    ]);
    await balanced(id);
  });

  it('of another format, of no file, and of nothing of ours is told apart, and changes nothing', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ unknown: 1 }));
    const other = await run(['resolve', id, '--from-maillog', '-', '--json'], 'a line\nanother\n');
    expect(other.code).toBe(2);
    expect(JSON.parse(other.stderr)).toMatchObject({ code: 'BAD_FILE' });
    const missing = await run(['resolve', id, '--from-maillog', '/nonexistent/mail.log', '--json']);
    expect(missing.code).toBe(2);
    expect(JSON.parse(missing.stderr)).toMatchObject({ code: 'BAD_FILE' });
    const foreign = await run(['resolve', id, '--from-maillog', '-'], log(active('AAAA11111')));
    expect(foreign.code).toBe(4);
    expect(await statuses(id)).toEqual(['unknown']);
  });
});

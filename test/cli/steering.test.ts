import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listEvents } from '../../src/store/events.ts';
import { readSend } from '../../src/store/sends/row.ts';
import { verifySend } from '../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const run = (...args: (string | number)[]) => runCommand(args.map(String), { url: test.url });
const send = async (id: number) => {
  const found = await readSend(test.database, id);
  if (!found) throw new Error(`no send ${id}`);
  return found;
};
const eventNames = async (id: number) =>
  (await listEvents(test.database, id, 0, 100)).map(({ event }) => event);

describe('pause', () => {
  it('pauses a running send with its reason, writes the event, and prints the progress', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1, pending: 2 }));
    const { code, stdout } = await run('pause', id, '--reason', 'typo', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      id,
      status: 'paused',
      reason: 'typo',
      waiting: { for: 'paused', until: null, text: 'paused: typo' },
    });
    expect(await eventNames(id)).toEqual(['paused']);
  });

  it('of a paused send changes nothing, exits 0 and says so', async () => {
    const id = await seedSendWithRows(test.database, [], { status: 'paused', reason: 'first' });
    const { code, stderr } = await run('pause', id);
    expect(code).toBe(0);
    expect(stderr).toContain(`send ${id} is paused already`);
    expect(await eventNames(id)).toEqual([]);
    expect((await send(id)).reason).toBe('first');
  });

  it.each(['importing', 'completed', 'cancelled'] as const)(
    'of a send that is %s exits 4 and tells the state',
    async (status) => {
      const id = await seedSendWithRows(test.database, [], { status });
      const { code, stderr } = await run('pause', id, '--json');
      expect(code).toBe(4);
      expect(JSON.parse(stderr)).toMatchObject({
        code: 'WRONG_STATE',
        message: `send ${id} is ${status} and cannot be paused`,
      });
    },
  );

  it('leaves the claim of the worker, which sees the pause by itself', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sending: 1, pending: 2 }), {
      claimedBy: 'w',
    });
    await run('pause', id);
    expect(await send(id)).toMatchObject({ status: 'paused', claimedBy: 'w', sending: 1 });
  });
});

describe('resume', () => {
  it('lets a paused send go on without its reason', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 1 }), {
      status: 'paused',
      reason: 'x',
    });
    const { code, stdout } = await run('resume', id, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'running', reason: null });
    expect(await eventNames(id)).toEqual(['resumed']);
  });

  it('of a running send exits 0 and says so; of a completed one exits 4', async () => {
    const running = await seedSendWithRows(test.database, rowsOf({ pending: 1 }));
    expect((await run('resume', running)).stderr).toContain('is running already');
    const completed = await seedSendWithRows(test.database, [], { status: 'completed' });
    const { code, stderr } = await run('resume', completed);
    expect(code).toBe(4);
    expect(stderr).toContain(`campaign retry ${completed}`);
  });
});

describe('cancel', () => {
  it('needs --yes where nobody can be asked, and changes nothing without it', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 3 }));
    const { code, stderr } = await run('cancel', id, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'CONFIRMATION_NEEDED' });
    expect((await send(id)).status).toBe('running');
  });

  it('ends a send for good, with the time of it', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1, pending: 3 }));
    const { code, stdout } = await run('cancel', id, '--yes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled', sent: 1, pending: 3 });
    expect((await send(id)).finishedAt).toBeInstanceOf(Date);
    expect((await run('cancel', id, '--yes')).stderr).toContain('is cancelled already');
    expect(await verifySend(test.database, id)).toEqual([]);
  });

  it('puts an unfinished import away: counted, its key free, its rows kept', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 5, skipped: 2 }), {
      status: 'importing',
      key: 'monthly',
    });
    await test.database.run(
      'UPDATE CAMPAIGN_SENDS SET TOTAL_COUNT = 0, SKIPPED_COUNT = 0 WHERE ID = ?',
      [id],
    );
    const { code, stdout } = await run('cancel', id, '--yes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'cancelled',
      total: 7,
      skipped: 2,
      pending: 5,
    });
    expect((await send(id)).key).toBeNull();
    expect(await verifySend(test.database, id)).toEqual([]);
  });

  it('of a completed send exits 4', async () => {
    const id = await seedSendWithRows(test.database, [], { status: 'completed' });
    expect((await run('cancel', id, '--yes')).code).toBe(4);
  });

  it('racing with pause always ends cancelled, and the events tell the order', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
      const [paused, cancelled] = await Promise.all([run('pause', id), run('cancel', id, '--yes')]);
      expect(cancelled.code).toBe(0);
      expect((await send(id)).status).toBe('cancelled');
      expect(await eventNames(id)).toEqual(
        paused.code === 0 ? ['paused', 'cancelled'] : ['cancelled'],
      );
    }
  });
});

describe('controls', () => {
  it('shows the pacing without options', async () => {
    const id = await seedSendWithRows(test.database, [], {
      batchSize: 7,
      delayMs: 8,
      cooldownSeconds: 9,
    });
    const { stdout } = await run('controls', id);
    expect(stdout).toBe('batchSize: 7\ndelayMs: 8\ncooldownSeconds: 9\n');
  });

  it('changes what is given, and the event tells from and to', async () => {
    const id = await seedSendWithRows(test.database, []);
    const { code, stdout } = await run(
      'controls',
      id,
      '--batch-size',
      10,
      '--delay-ms',
      20,
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ batchSize: 10, delayMs: 20, cooldownSeconds: 5 });
    const [event] = await listEvents(test.database, id, 0, 1);
    expect(event).toMatchObject({
      event: 'controls',
      details: {
        from: { batchSize: 100, delayMs: 0, cooldownSeconds: 5 },
        to: { batchSize: 10, delayMs: 20, cooldownSeconds: 5 },
      },
    });
  });

  it('as a rate are a delay without a cooldown', async () => {
    const id = await seedSendWithRows(test.database, []);
    const { code, stdout } = await run('controls', id, '--rate', '5/s', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ batchSize: 100, delayMs: 200, cooldownSeconds: 0 });
  });

  it.each([
    ['--rate=5/s', '--delay-ms=3'],
    ['--rate=5/s', '--cooldown-seconds=0'],
    ['--rate=0/s'],
    ['--rate=14/fortnight'],
    ['--rate=1e9/s'],
    ['--rate=-5/s'],
    ['--rate='],
    ['--rate=5/s,100/h'],
    ['--rate=none'],
    ['--rate=1/day'],
  ])('refuse %s %s, and stay as they were', async (...given) => {
    const id = await seedSendWithRows(test.database, []);
    const { code, stderr } = await run('controls', id, ...given, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'USAGE' });
    expect(stderr).toContain('--rate');
    expect(await send(id)).toMatchObject({ delayMs: 0, cooldownSeconds: 5 });
  });

  it('set by two at once keep both changes', async () => {
    const id = await seedSendWithRows(test.database, []);
    await Promise.all([
      run('controls', id, '--batch-size', 10),
      run('controls', id, '--delay-ms', 20),
    ]);
    expect(await send(id)).toMatchObject({ batchSize: 10, delayMs: 20 });
  });

  it.each(['0', '-1', '1e9', 'abc', '1000001'])('refuses a batch size of %s', async (size) => {
    const id = await seedSendWithRows(test.database, []);
    const { code, stderr } = await run('controls', id, `--batch-size=${size}`, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'USAGE' });
    expect((await send(id)).batchSize).toBe(100);
  });

  it('of a finished send cannot be changed', async () => {
    const id = await seedSendWithRows(test.database, [], { status: 'completed' });
    expect((await run('controls', id, '--batch-size', 10)).code).toBe(4);
  });
});

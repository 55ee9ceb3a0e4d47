import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listEvents } from '../../src/store/events.ts';
import { beat } from '../../src/store/workers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const run = (...args: (string | number)[]) => runCommand(args.map(String), { url: test.url });
const events = (id: number) => listEvents(test.database, id, 0, 100);

/** A send held by a worker, with messages in its hands. */
const seedHeld = (sending = 3) =>
  seedSendWithRows(test.database, rowsOf({ sent: 1, sending, pending: 2 }), {
    claimedBy: 'far:7:abcd:12',
    claimNumber: 5,
  });

describe('release', () => {
  it('frees the claim at once, what was in flight is unknown, and says who did it', async () => {
    const id = await seedHeld();
    const { code, stdout } = await run('release', id, '--yes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id, claimedBy: null, unknown: 3, sending: 0 });
    expect(await balancedBooks(test.database, id)).toMatchObject({ unknown: 3, pending: 2 });
    expect(await events(id)).toMatchObject([
      {
        event: 'released',
        actor: expect.stringContaining('@'),
        reason: expect.stringContaining('far:7:abcd:12'),
        details: { unknown: 3 },
      },
    ]);
  });

  it('says what it may cost, whom it is about and when that was last seen, and does nothing unasked', async () => {
    const id = await seedHeld();
    await beat(test.database, { worker: 'far:7:abcd', host: 'far', pid: 7 });
    const { code, stderr } = await run('release', id, '--json');
    expect(code).toBe(2);
    const error = JSON.parse(stderr);
    expect(error).toMatchObject({
      code: 'CONFIRMATION_NEEDED',
      remedy: expect.stringContaining('--yes'),
    });
    expect(error.message).toMatch(/far:7:abcd:12, seen \d s ago.* \(3 now\) become unknown/);
    expect(await balancedBooks(test.database, id)).toMatchObject({ sending: 3, unknown: 0 });
    await test.database.run('DELETE FROM CAMPAIGN_WORKERS');
    expect((await run('release', id)).stderr).toContain('not seen lately');
  });

  it('of a send that nobody holds changes nothing, exits 0 and says so', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const { code, stderr } = await run('release', id);
    expect(code).toBe(0);
    expect(stderr).toContain(`send ${id} is not held by anybody`);
    expect(await events(id)).toEqual([]);
  });

  it('of no send exits 3', async () => {
    const { code, stderr } = await run('release', 999_999, '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stderr).code).toBe('NO_SUCH_SEND');
  });
});

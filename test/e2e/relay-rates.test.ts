import { describe, expect, test, vi } from 'vitest';
import { RELAY_WORDS } from '../support/relay-words.ts';
import { people } from '../support/seed.ts';
import { makeStateFolder } from '../support/state-folder.ts';
import { expectEnd, type RelayScene, withRelay } from './relay-scene.ts';

/** Two sends through two schedulers, which the relay's limits are set for before. */
async function sendTwo(scene: RelayScene, count: number, ...limits: string[]): Promise<void> {
  expectEnd(await scene.run('relay', 'default', ...limits), 0);
  const ids = [await scene.queue(people(count)), await scene.queue(people(count))];
  const two = [1, 2].map(() => scene.schedule(['--until-idle']));
  for (const { ended } of two) expectEnd(await ended, 0);
  for (const id of ids) {
    expect(await scene.books(id)).toMatchObject({ status: 'completed', sent: count, failed: 0 });
  }
}

describe('with its limits set, over two schedulers and two sends,', () => {
  test('a relay that takes so many in a few seconds refuses nothing', async () => {
    const { hourAtDot } = RELAY_WORDS;
    // A second is left for how long a command may be on its way.
    await withRelay({ quotas: [{ messages: 60, perMs: 3_000, ...hourAtDot }] }, async (scene) => {
      await sendTwo(scene, 80, '--rate', '60/4s');
      expect(scene.relay.refused).toEqual([]);
      expect(scene.relay.worst('started', 3_000)).toBeLessThanOrEqual(60);
    });
  }, 120_000);

  test('shared hosting, which says yes to all and discards what is too much, discards nothing', async () => {
    const discards = { at: 'dot', reply: '', discards: true } as const;
    await withRelay({ quotas: [{ messages: 50, perMs: 3_000, ...discards }] }, async (scene) => {
      await sendTwo(scene, 60, '--rate', '50/4s');
      expect(scene.relay.discarded).toEqual([]);
    });
  }, 120_000);

  test('a relay that takes three connections gets three', async () => {
    const reply = '432 4.3.2 Concurrent connections limit exceeded';
    const settings = { connections: { atOnce: 3, at: 'mail', reply }, delayMs: 5 } as const;
    await withRelay(settings, async (scene) => {
      await sendTwo(scene, 150, '--connections', '3');
      expect(scene.relay.refused).toEqual([]);
      expect(scene.relay.mostConnections).toBeLessThanOrEqual(3);
    });
  }, 120_000);
});

test('a host that is killed leaves its connections to the others, and they are never too many', async () => {
  await withRelay({ delayMs: 50 }, async (scene) => {
    const state = makeStateFolder();
    try {
      expectEnd(await scene.run('relay', 'default', '--connections', '1'), 0);
      const ids = [await scene.queue(people(60)), await scene.queue(people(60))];
      const env = { CAMPAIGN_STATE_DIR: state.directory };
      const dies = scene.schedule([], env);
      await vi.waitFor(() => expect(scene.relay.accepted.length).toBeGreaterThan(5), 30_000);
      const stays = scene.schedule(['--until-idle'], env);
      await vi.waitFor(async () => {
        const alive = await scene.db.database.rows('SELECT 1 FROM CAMPAIGN_WORKERS');
        expect(alive).toHaveLength(2);
      }, 30_000);
      dies.kill('SIGKILL');
      expectEnd(await stays.ended, 0);
      for (const id of ids) {
        const { status, sent, unknown } = await scene.books(id);
        expect({ status, all: sent + unknown }).toEqual({ status: 'completed', all: 60 });
        expect(unknown).toBeLessThanOrEqual(1);
      }
      expect(scene.relay.mostConnections).toBe(1);
    } finally {
      state.remove();
    }
  });
}, 120_000);

test('a run that is not to wait for a rate that is used up exits with RELAY_HELD, one of one batch with 0', async () => {
  await withRelay({}, async (scene) => {
    expectEnd(await scene.run('relay', 'default', '--rate', '20/day'), 0);
    const id = await scene.queue(people(30));
    const met = await scene.schedule(['--until-idle', '--max-wait', '1']).ended;
    expectEnd(met, 6);
    expect(met.stderr).toMatch(
      /"code":"RELAY_HELD","message":"the relay is held: its rate of 20\/day is used up; goes on by itself at \d{4}-/,
    );
    expect(await scene.books(id)).toMatchObject({ status: 'running', sent: 20, pending: 10 });
    const once = await scene.schedule(['--once']).ended;
    expectEnd(once, 0);
    expect(once.stderr).toContain("the relay's 20/day are used up");
  });
}, 60_000);

test('shared hosting without a limit of ours: what it discards stands as sent', async () => {
  const discards = { at: 'dot', reply: '', discards: true } as const;
  await withRelay({ quotas: [{ messages: 50, perMs: 60_000, ...discards }] }, async (scene) => {
    const id = await scene.queue(people(80));
    expectEnd(await scene.untilIdle(), 0);
    expect(await scene.books(id)).toMatchObject({ status: 'completed', sent: 80 });
    expect(scene.relay.discarded).toHaveLength(30);
  });
}, 120_000);

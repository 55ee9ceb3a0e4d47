import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_RELAY } from '../../src/domain/relay.ts';
import * as relays from '../../src/store/relays/relays.ts';
import { pause, resume } from '../../src/store/sends/lifecycle.ts';
import { balancedBooks, ledgerRows } from '../support/ledger.ts';
import type { RunningScheduler } from '../support/scheduler.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';
import { people, type QueuedSeed, seedQueuedSend } from '../support/seed.ts';
import type { SmtpServer } from '../support/smtp.ts';

const scene = schedulerScene();
const { smtp, schedule } = scene;

beforeEach(async () => {
  // Those that were refused as unknown are suppressed from then on.
  await scene.db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
  await scene.db.database.run('DELETE FROM CAMPAIGN_RELAYS');
  await scene.db.database.run("INSERT INTO CAMPAIGN_RELAYS (NAME) VALUES ('default')");
});

const seed = (count: number, send: QueuedSeed = {}): Promise<number> =>
  seedQueuedSend(scene.db.database, { emails: people(count), ...send });

const books = (sendId: number) => balancedBooks(scene.db.database, sendId);
const relay = () => relays.readRelay(scene.db.database, DEFAULT_RELAY);
const kinds = (scheduler: RunningScheduler): string[] => scheduler.events.map(({ kind }) => kind);
const isOnce = (server: SmtpServer): boolean =>
  [...server.countsByRecipient().values()].every((count) => count === 1);

/** A relay that takes so many messages and then, for a while, none. */
async function quotaOf(
  take: number,
  words: [number, string],
  { at = 'rcpt', forMs = 1_500 }: { at?: 'mail' | 'rcpt' | 'dot'; forMs?: number } = {},
) {
  const refusals: number[] = [];
  const answer = (): { reply: [number, string] } | undefined => {
    if (server.messages.length < take) return undefined;
    const now = performance.now();
    if (refusals.length > 0 && now >= (refusals[0] as number) + forMs) return undefined;
    refusals.push(now);
    return { reply: words };
  };
  const server = await smtp({
    ...(at === 'mail' && { onMailFrom: answer }),
    ...(at === 'rcpt' && { onRcptTo: answer }),
    ...(at === 'dot' && { onData: answer }),
  });
  return { server, refusals };
}

describe('a relay that takes 300 of 500 and then tells of its limit for a while', () => {
  test.each([
    ['rcpt', 452, '4.5.3 daily quota exceeded'],
    ['rcpt', 450, '4.2.1 Peak SMTP relay limit exceeded'],
    ['dot', 550, '5.4.5 Daily SMTP relay limit exceeded'],
    ['rcpt', 550, '5.7.1 Daily SMTP relay limit exceeded for customer'],
    ['dot', 451, '4.7.0 Hourly sending limit reached'],
    ['dot', 454, 'Throttling failure: Daily message quota exceeded'],
    ['mail', 452, '4.5.3 Daily message limit exceeded'],
  ] as const)(
    'at %s with %s %s is waited for, and nobody fails or is charged',
    async (at, code, text) => {
      const { server, refusals } = await quotaOf(300, [code, text], { at });
      const sendId = await seed(500);
      const scheduler = schedule(server);
      const result = await scheduler.done;
      expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 500, failed: 0 });
      expect(isOnce(server)).toBe(true);
      const rows = await ledgerRows(scene.db.database, sendId);
      expect(rows.every(({ attempts }) => attempts === 1)).toBe(true);
      expect(kinds(scheduler).filter((kind) => kind === 'relay-held')).toHaveLength(1);
      expect(kinds(scheduler)).not.toContain('paused-itself');
      expect(kinds(scheduler)).not.toContain('server-trouble');
      expect(result).toMatchObject({ relayHeld: null, serverTrouble: null });
      expect(await relay()).toMatchObject({ hold: null });
      // A handful were under way, and then one at a time.
      expect(refusals.length).toBeLessThan(30);
      const events = await scene.db.database.rows<{ event: string }>(
        "SELECT EVENT AS event FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? AND EVENT LIKE '%held' OR EVENT = 'hold-ended' ORDER BY ID",
        [sendId],
      );
      expect(events.slice(-2).map(({ event }) => event)).toEqual(['held', 'hold-ended']);
    },
  );

  test('and of nothing that anybody knows holds it by behaviour, the ten uncharged', async () => {
    const { server } = await quotaOf(20, [451, '4.3.0 Come back another day'], { forMs: 5_000 });
    const sendId = await seed(60, { maxAttempts: 2 });
    const scheduler = schedule(server);
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 60, failed: 0 });
    expect(kinds(scheduler)).toEqual(
      expect.arrayContaining(['first-tries-deferred', 'relay-held', 'relay-free']),
    );
    expect(kinds(scheduler)).not.toContain('greylisting');
    const rows = await ledgerRows(scene.db.database, sendId);
    // Those under way when the ten were full are charged, and no others.
    expect(rows.filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(8);
    expect(isOnce(server)).toBe(true);
  });

  test('fails no more than were under way around that moment, where each has but one attempt', async () => {
    const { server } = await quotaOf(20, [451, '4.3.0 Come back another day'], { forMs: 3_000 });
    const sendId = await seed(60, { maxAttempts: 1 });
    await schedule(server).done;
    const { sent, failed } = await books(sendId);
    // Marked before the last acceptance was read: a window of rows, and another where refusals overtake it. Else it is 40.
    expect(failed).toBeLessThanOrEqual(16);
    expect(sent + failed).toBe(60);
  });
});

test.each([
  [30, 1_000, 150, 4],
  [10, 1_000, 60, 32],
  [3, 1_000, 20, 4],
  [1, 400, 12, 4],
])(
  'a relay that takes %d in %d ms is met again and again within one batch, and nobody of %d fails or is charged, with %d connections',
  async (most, perMs, rows, connections) => {
    let taken: number[] = [];
    const server = await smtp({
      onRcptTo: () => {
        const now = performance.now();
        taken = taken.filter((at) => at > now - perMs);
        if (taken.length >= most) return { reply: [451, '4.7.0 Hourly sending limit reached'] };
        taken.push(now);
        return undefined;
      },
    });
    const sendId = await seed(rows, { batchSize: 1_000, maxAttempts: 1 });
    const scheduler = schedule(server, {
      connections,
      hold: { rate: { firstMs: 300, maxMs: 600 }, quota: { firstMs: 300, maxMs: 600 } },
    });
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: rows, failed: 0 });
    expect(isOnce(server)).toBe(true);
    const holds = kinds(scheduler).filter((kind) => kind === 'relay-held').length;
    expect(holds).toBeGreaterThan(1);
    // It went on within the batch in which the probe was.
    const batches = kinds(scheduler).filter((kind) => kind === 'batch-ended').length;
    expect(batches).toBeLessThan(40);
    const ledger = await ledgerRows(scene.db.database, sendId);
    expect(ledger.every(({ attempts }) => attempts === 1)).toBe(true);
  },
);

describe('several schedulers', () => {
  test('send one probe at a time between them', async () => {
    let underWay = 0;
    let most = 0;
    let probes = 0;
    let isHeld = false;
    let isOpen = false;
    const server = await smtp({
      onRcptTo: async () => {
        if (server.messages.length < 100 || isOpen) return undefined;
        underWay += 1;
        if (isHeld) {
          probes += 1;
          most = Math.max(most, underWay);
        }
        await sleep(150);
        underWay -= 1;
        return { reply: [452, '4.5.3 daily quota exceeded'] };
      },
    });
    const ids = [await seed(100), await seed(100)];
    const all = Array.from({ length: 3 }, () => schedule(server));
    // What was under way when they were told first is no probe.
    await vi.waitFor(async () => {
      const claimed = await scene.db.database.rows(
        'SELECT ID FROM CAMPAIGN_SENDS WHERE CLAIMED_BY IS NOT NULL',
      );
      expect({ claimed, held: (await relay())?.hold?.kind }).toEqual({
        claimed: [],
        held: 'quota',
      });
    }, 20_000);
    isHeld = true;
    await vi.waitFor(() => expect(probes).toBeGreaterThan(2), 30_000);
    isOpen = true;
    await Promise.all(all.map(({ done }) => done));
    expect(most).toBe(1);
    for (const id of ids) {
      expect(await books(id)).toMatchObject({ status: 'completed', sent: 100, failed: 0 });
    }
    expect([...server.countsByRecipient().values()].every((count) => count === 2)).toBe(true);
  });

  test('heed a hold that one of them raised, in the middle of a batch and at their next look', async () => {
    const server = await smtp({ onData: () => sleep(20).then(() => undefined) });
    const sendId = await seed(1_000, { batchSize: 1_000 });
    const anHour = { firstMs: 3_600_000, maxMs: 3_600_000 };
    const setup = { until: 'stopped', hold: { rate: anHour, quota: anHour } } as const;
    const scheduler = schedule(server, setup);
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(10), 10_000);
    await scene.db.database.transaction((tx) =>
      relays.raiseHold(tx, DEFAULT_RELAY, {
        holdId: 0,
        kind: 'quota',
        reason: '452 4.5.3 daily quota exceeded',
        waitMs: 3_600_000,
        actor: 'another',
      }),
    );
    await vi.waitFor(async () => expect((await books(sendId)).claimedBy).toBeNull(), 10_000);
    const before = server.messages.length;
    expect(before).toBeLessThan(1_000);
    const late = await seed(5);
    const other = schedule(server, setup);
    await vi.waitFor(() => expect(kinds(other)).toContain('relay-held'), 10_000);
    await sleep(1_500);
    expect(server.messages).toHaveLength(before);
    expect(await books(late)).toMatchObject({ status: 'running', pending: 5 });
    // And its release, without a probe.
    await relays.releaseHold(scene.db.database, DEFAULT_RELAY, { actor: 'jo@vm' });
    await vi.waitFor(
      async () => expect(await books(late)).toMatchObject({ status: 'completed', sent: 5 }),
      10_000,
    );
    await scheduler.stop();
    await other.stop();
  });

  test('that are started under a hold send nothing until its time has come, and then one', async () => {
    const server = await smtp();
    const sendId = await seed(50);
    await scene.db.database.run(
      `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = 1, HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL 2 SECOND, HOLD_KIND = 'quota',
              HOLD_REASON = '452 no more', HELD_SINCE = UTC_TIMESTAMP(3)`,
    );
    const held = performance.now();
    const scheduler = schedule(server);
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(0), 20_000);
    expect(performance.now() - held).toBeGreaterThan(1_800);
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 50 });
    expect(isOnce(server)).toBe(true);
  });
});

describe('a probe', () => {
  const hold = (seconds: number) =>
    scene.db.database.run(
      `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = 1, HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL ? SECOND, HOLD_KIND = 'quota',
              HOLD_REASON = '452 4.5.3 daily quota exceeded', HELD_SINCE = UTC_TIMESTAMP(3)`,
      [seconds],
    );

  test('whose recipient is refused says nothing: the next one is asked', async () => {
    const server = await smtp({
      onRcptTo: (address) =>
        /^p[123]@/.test(address) ? { reply: [550, '5.1.1 User unknown'] } : undefined,
    });
    const sendId = await seed(20);
    await hold(0);
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 17, failed: 3 });
    expect(await relay()).toMatchObject({ hold: null });
  });

  test('that only meets such recipients asks five of them, and another is made after a wait', async () => {
    const server = await smtp({
      onRcptTo: (address) =>
        /^p\d@/.test(address) ? { reply: [550, '5.1.1 User unknown'] } : undefined,
    });
    const sendId = await seed(20, { batchSize: 1_000 });
    await hold(0);
    const scheduler = schedule(server);
    await vi.waitFor(async () => expect((await books(sendId)).failed).toBe(5), 10_000);
    expect(await relay()).toMatchObject({ hold: { id: 1 } });
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 11, failed: 9 });
  });

  test('goes to somebody else each time: two that are told so for themselves hold nobody up for long', async () => {
    const server = await smtp({
      onRcptTo: (address) =>
        /^p[12]@/.test(address) ? { reply: [452, '4.5.3 daily quota exceeded'] } : undefined,
    });
    const sendId = await seed(40, { maxAttempts: 1 });
    const scheduler = schedule(server, { giveUpSeconds: 0, connections: 2 });
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 38, failed: 2 });
  });

  test('that cannot be made, for its send was paused, leaves the hold to others', async () => {
    const server = await smtp();
    const paused = await seed(10, { status: 'paused' });
    const other = await seed(10);
    await hold(0);
    await schedule(server).done;
    expect(await books(other)).toMatchObject({ status: 'completed', sent: 10 });
    expect(await books(paused)).toMatchObject({ status: 'paused', pending: 10 });
  });
});

describe('no hold', () => {
  test('is raised by mailboxes that are full, 60 of 60: each fails by its attempts', async () => {
    const server = await smtp({
      onRcptTo: () => ({ reply: [452, '4.2.2 The email account is over quota'] }),
    });
    const sendId = await seed(60, { maxAttempts: 2 });
    const scheduler = schedule(server);
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', failed: 60 });
    expect(kinds(scheduler)).not.toContain('relay-held');
    expect(kinds(scheduler)).not.toContain('first-tries-deferred');
  });

  test('is raised by one row in 300 that is told of a daily limit: the others go on, and it ends', async () => {
    const server = await smtp({
      onRcptTo: async (address) => {
        await sleep(10);
        return address.startsWith('p150@')
          ? { reply: [452, '4.5.3 Daily limit exceeded'] }
          : undefined;
      },
    });
    const sendId = await seed(300, { maxAttempts: 1 });
    const scheduler = schedule(server, { giveUpSeconds: 3 });
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 299, failed: 1 });
    expect(kinds(scheduler)).not.toContain('relay-held');
    expect(isOnce(server)).toBe(true);
  });

  test.each(['Please try again', 'Greylisted, see http://postgrey.example/help/d.example.html'])(
    'is raised by a greylist for everybody (%s): one delay',
    async (words) => {
      const tried = new Set<string>();
      const server = await smtp({
        onRcptTo: (address) => {
          if (tried.has(address)) return undefined;
          tried.add(address);
          return { reply: [451, `4.7.1 <${address}>: ${words}`] };
        },
      });
      const sendId = await seed(100, { maxAttempts: 2 });
      const scheduler = schedule(server);
      await scheduler.done;
      expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 100, failed: 0 });
      expect(kinds(scheduler)).not.toContain('relay-held');
      const rows = await ledgerRows(scene.db.database, sendId);
      expect(rows.every(({ attempts }) => attempts === 2)).toBe(true);
    },
  );

  test('is raised by a block, which pauses the send as ever', async () => {
    const server = await smtp({
      onRcptTo: () => ({ reply: [554, '5.7.1 Blocked using zen.spamhaus.org'] }),
    });
    const sendId = await seed(60);
    const scheduler = schedule(server);
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'paused', pending: 60 });
    expect(kinds(scheduler)).not.toContain('relay-held');
  });
});

describe('during a hold', () => {
  test('a send is paused and resumed, another cancelled, and nothing is sent meanwhile', async () => {
    const { server } = await quotaOf(10, [452, '4.5.3 daily quota exceeded'], { forMs: 3_000 });
    const kept = await seed(30);
    const gone = await seed(30);
    const scheduler = schedule(server);
    await vi.waitFor(() => expect(kinds(scheduler)).toContain('relay-held'), 10_000);
    // One of them runs all the time: else the scheduler may find nothing to wait for.
    await pause(scene.db.database, kept, 'jo@vm');
    await resume(scene.db.database, kept, 'jo@vm');
    await scene.db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE ID = ?", [
      gone,
    ]);
    await scheduler.done;
    expect(await books(kept)).toMatchObject({ status: 'completed', sent: 30 });
    expect(await books(gone)).toMatchObject({ status: 'cancelled', sending: 0, failed: 0 });
  });

  test('by the operator nothing is probed, and it ends by its time', async () => {
    const server = await smtp();
    const sendId = await seed(10);
    await relays.holdByOperator(scene.db.database, DEFAULT_RELAY, {
      seconds: 2,
      reason: 'maintenance',
      actor: 'jo@vm',
    });
    const since = performance.now();
    await schedule(server).done;
    expect(performance.now() - since).toBeGreaterThan(1_900);
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 10 });
  });

  test('a run that is not to wait so long ends, and says so', async () => {
    const server = await smtp();
    const sendId = await seed(10);
    await relays.holdByOperator(scene.db.database, DEFAULT_RELAY, {
      seconds: 3600,
      reason: 'maintenance',
      actor: 'jo@vm',
    });
    const result = await schedule(server, { maxWaitSeconds: 60 }).done;
    expect(result.relayHeld).toMatchObject({ kind: 'operator', reason: 'maintenance' });
    expect(await books(sendId)).toMatchObject({ status: 'running', pending: 10 });
  });
});

describe('a run of one batch (--once)', () => {
  const slow = {
    hold: { rate: { firstMs: 1_500, maxMs: 3_000 }, quota: { firstMs: 1_500, maxMs: 3_000 } },
  };

  test('that meets a limit says so; the next, too early, sends nothing; the one after sends its batch', async () => {
    const { server } = await quotaOf(20, [452, '4.5.3 daily quota exceeded'], { forMs: 500 });
    const sendId = await seed(60, { batchSize: 30 });
    const met = await schedule(server, { until: 'once', ...slow }).done;
    expect(met.relayHeld).toMatchObject({
      kind: 'quota',
      reason: '452 4.5.3 daily quota exceeded',
    });
    const { sent, ...send } = await books(sendId);
    expect(send).toMatchObject({ status: 'running', claimedBy: null });
    // What was under way at the limit may be accepted beyond it.
    expect(sent).toBeLessThan(30);
    const early = schedule(server, { until: 'once', ...slow });
    expect((await early.done).relayHeld).toBeNull();
    expect(kinds(early)).toContain('relay-held');
    expect(server.messages).toHaveLength(sent);
    await vi.waitFor(async () => {
      const now = await relay();
      expect(now?.hold?.until.getTime()).toBeLessThanOrEqual(now?.now.getTime() ?? 0);
    }, 10_000);
    const late = await schedule(server, { until: 'once', ...slow }).done;
    expect(late.relayHeld).toBeNull();
    expect(await books(sendId)).toMatchObject({ sent: sent + 30, failed: 0 });
    expect(await relay()).toMatchObject({ hold: null });
  });

  test('whose probe is told the same says so as well', async () => {
    const { server } = await quotaOf(0, [452, '4.5.3 daily quota exceeded'], { forMs: 60_000 });
    const sendId = await seed(10);
    await schedule(server, { until: 'once' }).done;
    await vi.waitFor(async () => {
      const now = await relay();
      expect(now?.hold?.until.getTime()).toBeLessThanOrEqual(now?.now.getTime() ?? 0);
    }, 10_000);
    const renewed = await schedule(server, { until: 'once' }).done;
    expect(renewed.relayHeld).toMatchObject({ kind: 'quota' });
    expect(await relay()).toMatchObject({ hold: { tries: 1 } });
    expect(await books(sendId)).toMatchObject({ status: 'running', pending: 10 });
  });

  test('waits for the second try that tells greylisting, and goes on', async () => {
    const tried = new Set<string>();
    const server = await smtp({
      onRcptTo: (address) => {
        if (tried.has(address)) return undefined;
        tried.add(address);
        return { reply: [451, '4.7.1 Please try again'] };
      },
    });
    const sendId = await seed(30);
    const scheduler = schedule(server, { until: 'once' });
    expect((await scheduler.done).relayHeld).toBeNull();
    expect(kinds(scheduler)).toContain('greylisting');
    expect((await books(sendId)).sent).toBeGreaterThan(0);
  });
});

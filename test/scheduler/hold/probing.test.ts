import { beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_RELAY } from '../../../src/domain/relay.ts';
import type { SchedulerEvent } from '../../../src/domain/scheduler-events.ts';
import { CampaignError } from '../../../src/errors.ts';
import * as relays from '../../../src/store/relays/relays.ts';
import { balancedBooks, ledgerRows } from '../../support/ledger.ts';
import { schedulerScene } from '../../support/scheduler-scene.ts';
import { people, type QueuedSeed, seedQueuedSend } from '../../support/seed.ts';

const scene = schedulerScene();
const { smtp, schedule } = scene;

beforeEach(async () => {
  await scene.db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
  await scene.db.database.run('DELETE FROM CAMPAIGN_RELAYS');
  await scene.db.database.run("INSERT INTO CAMPAIGN_RELAYS (NAME) VALUES ('default')");
});

const QUOTA: [number, string] = [452, '4.5.3 daily quota exceeded'];
const UNKNOWN: [number, string] = [550, '5.1.1 User unknown'];

const seed = (count: number, send: QueuedSeed = {}): Promise<number> =>
  seedQueuedSend(scene.db.database, { emails: people(count), ...send });
const books = (sendId: number) => balancedBooks(scene.db.database, sendId);
const relay = () => relays.readRelay(scene.db.database, DEFAULT_RELAY);
const kinds = (events: readonly SchedulerEvent[]): string[] => events.map(({ kind }) => kind);

/** The relay is held for its quota, and may be probed after so long. */
const hold = (seconds: number) =>
  scene.db.database.run(
    `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = 1, HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL ? SECOND, HOLD_KIND = 'quota',
            HOLD_REASON = '452 4.5.3 daily quota exceeded', HELD_SINCE = UTC_TIMESTAMP(3)`,
    [seconds],
  );
const operatorHolds = (seconds = 3_600) =>
  relays.holdByOperator(scene.db.database, DEFAULT_RELAY, {
    seconds,
    reason: 'maintenance',
    actor: 'jo@vm',
  });

/** A server that keeps whom it is asked about waiting for its answer until it is told. */
async function slowServer(answer: (asked: number) => { reply: [number, string] } | undefined) {
  const asked: string[] = [];
  let go: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const server = await smtp({
    onRcptTo: async (address) => {
      asked.push(address);
      const now = answer(asked.length);
      await gone;
      return now;
    },
  });
  return { server, asked, go };
}

const untilAsked = (asked: readonly string[], count = 1) =>
  vi.waitFor(() => expect(asked).toHaveLength(count), 10_000);

describe('a probe that is under way', () => {
  test.each([
    ['its operator holds the relay', () => operatorHolds()],
    [
      'another host has won the next one',
      () =>
        scene.db.database.run(
          "UPDATE CAMPAIGN_RELAYS SET PROBE_BY = 'another', HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR",
        ),
    ],
  ])('when %s starts nothing more', async (_, happens) => {
    const { server, asked, go } = await slowServer((count) =>
      count === 1 ? { reply: UNKNOWN } : undefined,
    );
    const sendId = await seed(20);
    await hold(0);
    let seen = 0;
    const scheduler = schedule(server, {
      until: 'stopped',
      relay: (shared) => ({
        ...shared,
        keepProbe: async (probe) => {
          const isKept = await shared.keepProbe(probe);
          if (!isKept) seen += 1;
          return isKept;
        },
      }),
    });
    await untilAsked(asked);
    await happens();
    // The look during which it is seen is over by the next one.
    await vi.waitFor(() => expect(seen).toBeGreaterThan(1), 10_000);
    go();
    await vi.waitFor(async () => expect((await books(sendId)).claimedBy).toBeNull(), 10_000);
    expect(await books(sendId)).toMatchObject({ failed: 1, pending: 19 });
    expect(asked).toHaveLength(1);
    await scheduler.stop();
    expect(asked).toHaveLength(1);
  });

  test('when the hold is released lets its batch go on as any other', async () => {
    const { server, asked, go } = await slowServer((count) =>
      count === 1 ? { reply: UNKNOWN } : undefined,
    );
    const sendId = await seed(20, { cooldownSeconds: 3_600, batchSize: 1_000 });
    await hold(0);
    const scheduler = schedule(server, { until: 'stopped' });
    await untilAsked(asked);
    await relays.releaseHold(scene.db.database, DEFAULT_RELAY, { actor: 'jo@vm' });
    await vi.waitFor(() => expect(kinds(scheduler.events)).toContain('relay-free'), 10_000);
    go();
    await vi.waitFor(
      async () =>
        expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 19, failed: 1 }),
      10_000,
    );
  });

  test('when the scheduler is stopped ends the hold, if it is accepted after all', async () => {
    const asked: string[] = [];
    let go: () => void = () => undefined;
    const server = await smtp({
      onData: ({ to }) => {
        asked.push(...to);
        return new Promise((resolve) => {
          go = () => resolve(undefined);
        });
      },
    });
    const sendId = await seed(20);
    await hold(0);
    const scheduler = schedule(server, { until: 'stopped' });
    await untilAsked(asked);
    const stopped = scheduler.stop();
    go();
    await stopped;
    expect(await relay()).toMatchObject({ hold: null });
    expect(await books(sendId)).toMatchObject({ sent: 1, pending: 19, claimedBy: null });
  });

  test('when its send is cancelled ends the hold, if it is accepted after all', async () => {
    const { server, asked, go } = await slowServer(() => undefined);
    const sendId = await seed(20);
    await hold(0);
    const scheduler = schedule(server, { until: 'stopped' });
    await untilAsked(asked);
    await scene.db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE ID = ?", [
      sendId,
    ]);
    go();
    await vi.waitFor(async () => expect(await relay()).toMatchObject({ hold: null }), 10_000);
    await scheduler.stop();
    expect(await books(sendId)).toMatchObject({ sent: 1, sending: 0 });
  });
});

describe('a probe of a send', () => {
  test('that may not start for long by its own pacing leaves it to another that may', async () => {
    const server = await smtp();
    const slow = await seed(5, { delayMs: 3_600_000, cooldownSeconds: 0 });
    const scheduler = schedule(server, { until: 'stopped' });
    await vi.waitFor(async () => expect((await books(slow)).sent).toBe(1), 10_000);
    await hold(3);
    await vi.waitFor(async () => expect((await books(slow)).claimedBy).toBeNull(), 10_000);
    const fast = await seed(20);
    // The slow one is overdue for longer.
    await scene.db.database.run(
      'UPDATE CAMPAIGN_SENDS SET LAST_BATCH_AT = UTC_TIMESTAMP(3) - INTERVAL IF(ID = ?, 24, 1) HOUR WHERE ID IN (?)',
      [slow, [slow, fast]],
    );
    await vi.waitFor(
      async () => expect(await books(fast)).toMatchObject({ status: 'completed', sent: 20 }),
      15_000,
    );
    expect((await books(slow)).sent).toBe(1);
    await scheduler.stop();
  });

  test('whose first tries are all put off asks a second one, and not the whole list', async () => {
    const tried = new Set<string>();
    let putOff = 0;
    const server = await smtp({
      onRcptTo: (address) => {
        if (tried.has(address) || server.messages.length > 0) return undefined;
        tried.add(address);
        putOff += 1;
        return { reply: [451, '4.7.1 Greylisted, please try again'] };
      },
    });
    const sendId = await seed(100, { cooldownSeconds: 0 });
    await hold(0);
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 100 });
    expect(putOff).toBeLessThan(40);
  });
});

test('a run of one batch does not wait out a hold that came while a second try was awaited', async () => {
  const server = await smtp({ onRcptTo: () => ({ reply: [451, '4.3.0 Try again'] }) });
  await seed(30);
  let held: Promise<unknown> | undefined;
  const scheduler = schedule(server, {
    until: 'once',
    retry: { firstSeconds: 30, maxSeconds: 30 },
    report: ({ kind }) => {
      if (kind === 'first-tries-deferred') held ??= operatorHolds();
    },
  });
  const { relayHeld } = await scheduler.done;
  await held;
  expect(relayHeld).toBeNull();
  expect(kinds(scheduler.events)).toContain('relay-held');
});

test('a hold is heeded at the next claim, however many short batches are due', async () => {
  const server = await smtp({
    onData: () => new Promise((go) => setTimeout(() => go(undefined), 20)),
  });
  await Promise.all(Array.from({ length: 80 }, () => seed(3)));
  const scheduler = schedule(server, { until: 'stopped', pollSeconds: 3_600, connections: 2 });
  await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(10), 10_000);
  await operatorHolds();
  await vi.waitFor(() => expect(kinds(scheduler.events)).toContain('relay-held'), 20_000);
  await scheduler.stop();
  expect(server.messages.length).toBeLessThan(120);
});

test('a limit that was met is written though the scheduler is stopped at that moment', async () => {
  const server = await smtp({ onMailFrom: () => ({ reply: QUOTA }) });
  const sendId = await seed(20);
  const stop = { now: (): void => undefined };
  const scheduler = schedule(server, {
    until: 'stopped',
    report: (event) => {
      if (event.kind === 'message' && event.outcome === 'limited') stop.now();
    },
  });
  stop.now = () => void scheduler.stop();
  await scheduler.done;
  expect(await relay()).toMatchObject({ hold: { kind: 'quota' } });
  expect(await books(sendId)).toMatchObject({ pending: 20, claimedBy: null });
});

test('words that are longer than what is kept of them are known again, and nobody is charged for them', async () => {
  const why = 'the message could not be taken by this system just now; '.repeat(12);
  let tries = 0;
  const server = await smtp({
    onRcptTo: (address) => {
      tries += 1;
      return tries > 14 ? undefined : { reply: [451, `4.3.0 <${address}> ${why}`] };
    },
  });
  const sendId = await seed(40, { cooldownSeconds: 0 });
  const scheduler = schedule(server, { connections: 1 });
  await scheduler.done;
  expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 40 });
  expect(kinds(scheduler.events)).toContain('relay-held');
  const rows = await ledgerRows(scene.db.database, sendId);
  expect(rows.filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(3);
});

describe.each(['raise', 'winProbe', 'extend', 'end'] as const)(
  'where the database is lost at %s',
  (call) => {
    test.each(['before it is done', 'before the answer comes'])(
      '%s, everything goes on, and everybody is mailed once',
      async (when) => {
        let refused = 0;
        const server = await smtp({
          onRcptTo: () =>
            server.messages.length < 20 || ++refused > 6 ? undefined : { reply: QUOTA },
          onData: () => new Promise((go) => setTimeout(() => go(undefined), 10)),
        });
        const ids = [
          await seed(30, { cooldownSeconds: 0 }),
          await seed(30, { cooldownSeconds: 0 }),
        ];
        let lost = 0;
        const scheduler = schedule(server, {
          relay: (shared) => {
            const plain = shared[call] as (...args: unknown[]) => Promise<unknown>;
            return {
              ...shared,
              [call]: async (...args: unknown[]) => {
                // Only once there is something to lose.
                if (refused === 0 || ++lost > 2) return plain(...args);
                if (when === 'before the answer comes') await plain(...args);
                throw new CampaignError('DATABASE_UNREACHABLE', 'the line broke', '');
              },
            };
          },
        });
        await scheduler.done;
        for (const id of ids) {
          expect(await books(id)).toMatchObject({ status: 'completed', sent: 30, failed: 0 });
          const rows = await ledgerRows(scene.db.database, id);
          expect(rows.every(({ attempts }) => attempts === 1)).toBe(true);
        }
        expect([...server.countsByRecipient().values()].every((times) => times === 2)).toBe(true);
        expect(await relay()).toMatchObject({ hold: null });
      },
      20_000,
    );
  },
);

describe.each([1, 21])('a send of which the last one of %i is told of a limit', (count) => {
  test.each(['mail', 'rcpt', 'dot'] as const)('at %s goes on to its end', async (at) => {
    let refused = 0;
    const answer = () =>
      server.messages.length < count - 1 || ++refused > 3 ? undefined : { reply: QUOTA };
    const server = await smtp({
      ...(at === 'mail' && { onMailFrom: answer }),
      ...(at === 'rcpt' && { onRcptTo: answer }),
      ...(at === 'dot' && { onData: answer }),
    });
    const sendId = await seed(count, { maxAttempts: 1 });
    await schedule(server, { connections: 1 }).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: count, failed: 0 });
    expect(await relay()).toMatchObject({ hold: null });
  });
});

test('rows that come due again during a hold wait for its end, and are charged for nothing of it', async () => {
  let isFull = false;
  const tried = new Map<string, number>();
  const server = await smtp({
    onRcptTo: (address) => {
      const times = (tried.get(address) ?? 0) + 1;
      tried.set(address, times);
      if (isFull) return { reply: QUOTA };
      return times === 1 && /^p[1-4]@/.test(address)
        ? { reply: [450, '4.2.0 Mailbox busy'] }
        : undefined;
    },
  });
  const sendId = await seed(40, { maxAttempts: 2, batchSize: 20, cooldownSeconds: 1 });
  const scheduler = schedule(server, { until: 'stopped', connections: 1 });
  await vi.waitFor(async () => expect((await books(sendId)).sent).toBe(16), 10_000);
  isFull = true;
  await vi.waitFor(async () => expect((await relay())?.hold?.tries).toBeGreaterThan(1), 20_000);
  isFull = false;
  await vi.waitFor(
    async () => expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 40 }),
    20_000,
  );
  await scheduler.stop();
  const rows = await ledgerRows(scene.db.database, sendId);
  expect(rows.map(({ attempts }) => attempts)).toEqual(
    rows.map(({ email }) => (/^p[1-4]@/.test(email) ? 2 : 1)),
  );
});

describe('two sends of which one is told of a limit of its own, all of it', () => {
  test('do not keep each other: the other one goes out, and the first one ends', async () => {
    const server = await smtp({
      onRcptTo: (address) => (address.endsWith('@limited.example') ? { reply: QUOTA } : undefined),
    });
    const limited = await seedQueuedSend(scene.db.database, {
      emails: Array.from({ length: 12 }, (_, i) => `l${i}@limited.example`),
      maxAttempts: 1,
      cooldownSeconds: 0,
    });
    const fine = await seed(200, { batchSize: 20, cooldownSeconds: 0 });
    const soon = { firstMs: 50, maxMs: 100 };
    const scheduler = schedule(server, { giveUpSeconds: 2, hold: { rate: soon, quota: soon } });
    await scheduler.done;
    expect(await books(fine)).toMatchObject({ status: 'completed', sent: 200, failed: 0 });
    expect(await books(limited)).toMatchObject({ status: 'completed', failed: 12 });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/domain/lease.ts';
import { DEFAULT_RELAY } from '../../../src/domain/relay.ts';
import type { SchedulerEvent } from '../../../src/domain/scheduler-events.ts';
import type { Probe } from '../../../src/scheduler/hold/probe.ts';
import { RelayHold } from '../../../src/scheduler/hold/relay-hold.ts';
import { readLeases } from '../../../src/store/relays/leases.ts';
import * as relays from '../../../src/store/relays/relays.ts';
import { createSharedRelay } from '../../../src/store/relays/shared-relay.ts';
import { readShares } from '../../../src/store/relays/shares.ts';
import { balancedBooks, ledgerRows } from '../../support/ledger.ts';
import { schedulerScene } from '../../support/scheduler-scene.ts';
import { type QueuedSeed, seedQueuedSend } from '../../support/seed.ts';

const scene = schedulerScene();
const { smtp, schedule } = scene;

beforeEach(async () => {
  await scene.db.database.run('DELETE FROM CAMPAIGN_RELAYS');
  await scene.db.database.run("INSERT INTO CAMPAIGN_RELAYS (NAME) VALUES ('default')");
});

const seed = (prefix: string, count: number, send: QueuedSeed = {}): Promise<number> =>
  seedQueuedSend(scene.db.database, {
    emails: Array.from({ length: count }, (_, i) => `${prefix}${i}@d${i % 7}.example`),
    ...send,
  });
const kinds = (events: readonly SchedulerEvent[]): string[] => events.map(({ kind }) => kind);

const POLICY = {
  rate: { firstMs: 5_000, maxMs: 300_000 },
  quota: { firstMs: 60_000, maxMs: 3_600_000 },
};

/** What one process knows of the row. */
function relayHold(policy = POLICY) {
  const events: SchedulerEvent[] = [];
  let freed = 0;
  let ended = 0;
  const hold = new RelayHold(
    createSharedRelay(scene.db.database, DEFAULT_RELAY),
    policy,
    'test',
    systemClock,
    (event) => events.push(event),
    () => {
      freed += 1;
    },
    () => {
      ended += 1;
    },
  );
  return { hold, events, freed: () => freed, ended: () => ended };
}

describe('a batch that joins', () => {
  test('when nothing may start any more is stopped as those were that had', async () => {
    const { hold } = relayHold();
    const stops: string[] = [];
    hold.join({ stop: () => stops.push('early') });
    hold.limited(
      { sendId: 1, seq: 1, domain: 'd.example', attempts: 0 },
      {
        kind: 'limited',
        limit: 'quota',
        stage: 'mail',
        code: 452,
        enhanced: '4.5.3',
        text: 'daily quota',
      },
    );
    hold.join({ stop: () => stops.push('late') });
    expect(stops).toEqual(['early', 'late']);
    await hold.look();
    hold.join({ stop: () => stops.push('later') });
    expect(stops).toContain('later');
  });

  test('while a second try is awaited that is to tell greylisting sends nothing fresh', async () => {
    const order: string[] = [];
    const server = await smtp({
      onRcptTo: (address) => {
        order.push(address);
        return order.filter((tried) => tried === address).length > 1
          ? undefined
          : { reply: [451, '4.7.1 Please try again'] };
      },
    });
    let met: (() => void) | undefined;
    const deferred = new Promise<void>((resolve) => {
      met = resolve;
    });
    await seed('a', 10);
    const late = await seed('b', 40);
    const scheduler = schedule(server, {
      report: ({ kind }) => {
        if (kind === 'first-tries-deferred') met?.();
      },
      ledger: (ledger) => ({
        ...ledger,
        loadMessage: async (sendId, version) => {
          if (sendId === late) await deferred;
          return ledger.loadMessage(sendId, version);
        },
      }),
    });
    await scheduler.done;
    expect(kinds(scheduler.events)).toContain('greylisting');
    const again = order.findIndex((address, i) => order.indexOf(address) < i);
    expect(order.slice(0, again).filter((address) => address.startsWith('b'))).toEqual([]);
    expect(await balancedBooks(scene.db.database, late)).toMatchObject({
      status: 'completed',
      sent: 40,
    });
  });
});

describe('a database whose clock went back by an hour', () => {
  test('holds nothing up for that hour: the probe is due, and may be won', async () => {
    await scene.db.database.run(
      `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = 1, HOLD_KIND = 'rate', HOLD_REASON = '450 too fast',
              HELD_SINCE = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR,
              HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL 3605 SECOND`,
    );
    const { hold } = relayHold();
    await hold.look();
    expect(hold.stops).toBe(true);
    expect(hold.untilProbeMs()).toBe(0);
    expect(await hold.win('a')).not.toBeNull();
  });

  test('proves no acceptance', async () => {
    const due = new Date(Date.now() - 60_000);
    await scene.db.database.run(
      'UPDATE CAMPAIGN_RELAYS SET LAST_ACCEPTED_AT = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR',
    );
    const { hold } = relayHold();
    await hold.look();
    expect(hold.acceptedSince(0, due)).toBe(false);
    hold.accepted(false);
    await hold.noteAccepted();
    await hold.look();
    expect(hold.acceptedSince(1, due)).toBe(true);
  });
});

describe('beside a row that was told of a limit', () => {
  const dueAt = new Date(Date.now() - 60_000);
  const accepted = (secondsAgo: number): Promise<unknown> =>
    scene.db.database.run(
      'UPDATE CAMPAIGN_RELAYS SET LAST_ACCEPTED_AT = UTC_TIMESTAMP(3) - INTERVAL ? SECOND',
      [secondsAgo],
    );

  test('what others had accepted counts', async () => {
    await accepted(10);
    const { hold } = relayHold();
    await hold.look();
    expect(hold.acceptedBeside(0, dueAt)).toBe(true);
  });

  test('what ended a hold does not, for it may have been all that the relay took; what comes later does', async () => {
    await scene.db.database.run(
      `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = 1, HOLD_KIND = 'rate', HOLD_REASON = '450 too fast',
              HELD_SINCE = UTC_TIMESTAMP(3), HELD_UNTIL = UTC_TIMESTAMP(3)`,
    );
    const { hold, ended } = relayHold();
    await hold.look();
    const probe = await hold.win('a');
    probe?.hear({ kind: 'sent', reply: { code: 250, enhanced: null, text: 'ok' } });
    hold.accepted(false);
    await hold.conclude(probe as Probe);
    expect(ended()).toBe(1);
    await accepted(0);
    await hold.look();
    expect(hold.acceptedSince(hold.acceptances, dueAt)).toBe(true);
    expect(hold.acceptedBeside(hold.acceptances, dueAt)).toBe(false);
    expect(hold.acceptedBeside(hold.acceptances - 1, dueAt)).toBe(true);
  });
});

test("an operator's hold that ends by its time is reported and recorded as ended, once, whoever sees it", async () => {
  const sendId = await seed('p', 1);
  await relays.holdByOperator(scene.db.database, DEFAULT_RELAY, {
    seconds: 1,
    reason: 'maintenance',
    actor: 'jo@vm',
  });
  const both = [relayHold(), relayHold()] as const;
  for (const { hold } of both) await hold.look();
  await vi.waitFor(() => expect(both.map(({ hold }) => hold.stops)).toEqual([false, false]), 5_000);
  for (const { hold } of both) await hold.look();
  for (const { hold, events, freed } of both) {
    await hold.look();
    expect(kinds(events)).toEqual(['relay-held', 'relay-free']);
    expect(freed()).toBe(1);
  }
  const ended = await scene.db.database.rows<{ event: string; reason: string }>(
    'SELECT EVENT AS event, REASON AS reason FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? ORDER BY ID',
    [sendId],
  );
  expect(ended.filter(({ event }) => /held|hold/.test(event))).toEqual([
    { event: 'held', reason: 'maintenance' },
    { event: 'hold-ended', reason: 'its time was over' },
  ]);
});

test("a scheduler adds the relay's row where there is none, and sends", async () => {
  await scene.db.database.run('DELETE FROM CAMPAIGN_RELAYS');
  expect(await readLeases(scene.db.database, DEFAULT_RELAY)).toMatchObject({
    rates: null,
    state: null,
  });
  expect(await readShares(scene.db.database, DEFAULT_RELAY)).toMatchObject({
    connections: null,
    state: null,
  });
  const sendId = await seed('p', 10);
  await schedule(await smtp()).done;
  expect(await balancedBooks(scene.db.database, sendId)).toMatchObject({
    status: 'completed',
    sent: 10,
  });
  expect(await relays.readRelay(scene.db.database, DEFAULT_RELAY)).toMatchObject({ hold: null });
});

describe('a relay that takes nothing for as long as anybody is tried on', () => {
  const soon = { firstMs: 20, maxMs: 40 };
  const setup = { giveUpSeconds: 1, hold: { rate: soon, quota: soon } };

  test.each(['mail', 'rcpt', 'dot'] as const)(
    'and says why at %s ends every send, in its words, untried as they are; and pauses none',
    async (at) => {
      let tries = 0;
      const answer = (): { reply: [number, string] } => {
        tries += 1;
        return { reply: [452, '4.5.3 daily quota exceeded'] };
      };
      const server = await smtp({
        ...(at === 'mail' && { onMailFrom: answer }),
        ...(at === 'rcpt' && { onRcptTo: answer }),
        ...(at === 'dot' && { onData: answer }),
      });
      const ids = [await seed('a', 2_500), await seed('b', 30)];
      const scheduler = schedule(server, setup);
      await scheduler.done;
      expect(kinds(scheduler.events)).not.toContain('paused-itself');
      expect(tries).toBeGreaterThan(10);
      expect(tries).toBeLessThan(100);
      for (const [id, count] of [
        [ids[0], 2_500],
        [ids[1], 30],
      ] as [number, number][]) {
        expect(await balancedBooks(scene.db.database, id)).toMatchObject({
          status: 'completed',
          failed: count,
          sent: 0,
        });
        const rows = await ledgerRows(scene.db.database, id);
        expect(new Set(rows.map(({ response }) => response))).toEqual(
          new Set(['daily quota exceeded']),
        );
      }
    },
  );

  test('ends no send that has not waited as long, however long the relay was held before', async () => {
    await scene.db.database.run(
      `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = 1, HOLD_KIND = 'quota', HOLD_REASON = '452 4.5.3 daily quota exceeded',
              HELD_SINCE = UTC_TIMESTAMP(3) - INTERVAL 9 DAY, HELD_UNTIL = UTC_TIMESTAMP(3), TRIES = 200`,
    );
    let tries = 0;
    const server = await smtp({
      onMailFrom: () =>
        ++tries <= 14 ? { reply: [452, '4.5.3 daily quota exceeded'] } : undefined,
    });
    const sendId = await seed('p', 30);
    await schedule(server, { ...setup, giveUpSeconds: 3_600 }).done;
    expect(await balancedBooks(scene.db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 30,
      failed: 0,
    });
  });
});

describe('the last acceptance', () => {
  test('that could not be noted at once is noted as of when it was', async () => {
    let now = 1_000_000;
    let isAway = true;
    const shared = createSharedRelay(scene.db.database, DEFAULT_RELAY);
    const hold = new RelayHold(
      {
        ...shared,
        noteAccepted: async (agoMs) => {
          if (isAway) throw new Error('away');
          await shared.noteAccepted(agoMs);
        },
      },
      POLICY,
      'test',
      () => ({ monotonic: now, wall: now }),
      () => undefined,
      () => undefined,
      () => undefined,
    );
    const batch = { stop: () => undefined };
    hold.join(batch);
    hold.accepted(false);
    hold.leave(batch);
    await hold.noteAccepted();
    isAway = false;
    now += 60_000;
    await hold.look();
    await hold.noteAccepted();
    const found = await relays.readRelay(scene.db.database, DEFAULT_RELAY);
    const agoMs = Number(found?.now.getTime()) - Number(found?.lastAcceptedAt?.getTime());
    expect(agoMs).toBeGreaterThanOrEqual(60_000);
    expect(agoMs).toBeLessThan(90_000);
  });

  test('of another host is not taken back by one that was before it', async () => {
    await relays.noteAccepted(scene.db.database, DEFAULT_RELAY);
    await relays.noteAccepted(scene.db.database, DEFAULT_RELAY, 60_000);
    const found = await relays.readRelay(scene.db.database, DEFAULT_RELAY);
    expect(Number(found?.now.getTime()) - Number(found?.lastAcceptedAt?.getTime())).toBeLessThan(
      50_000,
    );
  });
});

describe('a probe', () => {
  const held = () =>
    scene.db.database.run(
      `UPDATE CAMPAIGN_RELAYS SET HOLD_ID = 1, HOLD_KIND = 'quota', HOLD_REASON = '452 4.5.3 daily quota exceeded',
              HELD_SINCE = UTC_TIMESTAMP(3), HELD_UNTIL = UTC_TIMESTAMP(3)`,
    );

  test('that was accepted ends the hold though its claim was lost before that was recorded', async () => {
    await held();
    const { hold } = relayHold();
    await hold.look();
    const probe = await hold.win('a');
    probe?.hear({ kind: 'sent', reply: { code: 250, enhanced: null, text: 'Ok' } });
    await hold.over(probe);
    expect(hold.stops).toBe(false);
    expect(await relays.readRelay(scene.db.database, DEFAULT_RELAY)).toMatchObject({ hold: null });
  });

  test('is won by nobody whose waits are shorter, while one is out', async () => {
    await held();
    const slow = relayHold();
    await scene.db.database.run('UPDATE CAMPAIGN_RELAYS SET TRIES = 9');
    await slow.hold.look();
    expect(await slow.hold.win('slow')).not.toBeNull();
    const quick = relayHold({
      rate: { firstMs: 1_000, maxMs: 1_000 },
      quota: { firstMs: 1_000, maxMs: 1_000 },
    });
    await quick.hold.look();
    expect(quick.hold.untilProbeMs()).toBeGreaterThan(0);
    expect(await quick.hold.win('quick')).toBeNull();
  });
});

test("an operator's hold that was over before anybody saw it is recorded as ended", async () => {
  const sendId = await seed('p', 1);
  await relays.holdByOperator(scene.db.database, DEFAULT_RELAY, {
    seconds: 60,
    reason: 'maintenance',
    actor: 'jo@vm',
  });
  await scene.db.database.run(
    'UPDATE CAMPAIGN_RELAYS SET HELD_UNTIL = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND',
  );
  await relayHold().hold.look();
  const events = await scene.db.database.rows<{ event: string }>(
    "SELECT EVENT AS event FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? AND EVENT LIKE '%h%ld%' ORDER BY ID",
    [sendId],
  );
  expect(events.map(({ event }) => event)).toEqual(['held', 'hold-ended']);
});

describe('the steps of a batch', () => {
  test("wait for nobody's lock on the relay's row, and it is read with the send", async () => {
    const server = await smtp({ onData: () => sleep(20).then(() => undefined) });
    const sendId = await seed('p', 600, { batchSize: 600 });
    let isBatch = false;
    let reads = 0;
    await scene.db.connect({ connections: 1 }).transaction(async (tx) => {
      await tx.rows('SELECT NAME FROM CAMPAIGN_RELAYS FOR UPDATE');
      const scheduler = schedule(server, {
        relay: (relay) => ({
          ...relay,
          read: () => {
            if (isBatch) reads += 1;
            return relay.read();
          },
        }),
        report: ({ kind }) => {
          if (kind === 'claimed') isBatch = true;
          if (kind === 'batch-ended') isBatch = false;
        },
        pollSeconds: 3600,
      });
      await vi.waitFor(() => expect(kinds(scheduler.events)).toContain('batch-ended'), 30_000);
      expect(kinds(scheduler.events)).not.toContain('database-away');
      expect(await balancedBooks(scene.db.database, sendId)).toMatchObject({
        status: 'completed',
        sent: 600,
      });
    });
    // The loop's own look.
    expect(reads).toBeLessThanOrEqual(1);
  });

  test('go on though acceptances cannot be noted', async () => {
    const server = await smtp({ onData: () => sleep(20).then(() => undefined) });
    const sendId = await seed('p', 400, { batchSize: 400 });
    let noted = 0;
    const scheduler = schedule(server, {
      relay: (relay) => ({
        ...relay,
        noteAccepted: async () => {
          noted += 1;
          throw new Error('1213');
        },
      }),
    });
    await scheduler.done;
    expect(noted).toBeGreaterThan(0);
    expect(kinds(scheduler.events)).not.toContain('database-away');
    expect(await balancedBooks(scene.db.database, sendId)).toMatchObject({ sent: 400 });
  });
});

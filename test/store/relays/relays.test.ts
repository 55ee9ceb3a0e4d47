import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_RELAY, type Relay } from '../../../src/domain/relay.ts';
import * as relays from '../../../src/store/relays/relays.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { seedQueuedSend } from '../../support/seed.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

beforeEach(async () => {
  await db.database.run('DELETE FROM CAMPAIGN_RELAYS');
  await db.database.run("INSERT INTO CAMPAIGN_RELAYS (NAME) VALUES ('default')");
});

const OPERATOR = { actor: 'jo@vm' };

const read = async (): Promise<Relay> =>
  (await relays.readRelay(db.database, DEFAULT_RELAY)) as Relay;

const quota = {
  holdId: 0,
  kind: 'quota',
  reason: '452 daily quota',
  waitMs: 60_000,
  actor: 'a',
} as const;
const raise = (change: Partial<Parameters<typeof relays.raiseHold>[2]> = {}) =>
  db.database.transaction((tx) => relays.raiseHold(tx, DEFAULT_RELAY, { ...quota, ...change }));
const win = (by: string, holdId = 1, waitMs = 60_000) =>
  relays.winProbe(db.database, DEFAULT_RELAY, { holdId, by, waitMs });

/** Its time has come. */
const mature = () =>
  db.database.run('UPDATE CAMPAIGN_RELAYS SET HELD_UNTIL = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND');

const secondsAhead = ({ hold, now }: Relay): number =>
  Math.round(((hold?.until.getTime() ?? Number.NaN) - now.getTime()) / 1000);

describe('a hold', () => {
  test('is raised once by many who meet one limit at the same time', async () => {
    const raised = await Promise.all(Array.from({ length: 8 }, () => raise()));
    expect(raised.filter(Boolean)).toHaveLength(1);
    const relay = await read();
    expect(relay.hold).toMatchObject({ id: 1, kind: 'quota', reason: '452 daily quota', tries: 0 });
    expect(relay.holdId).toBe(1);
    expect(secondsAhead(relay)).toBe(60);
  });

  test('is not raised again by who has not seen that there was one', async () => {
    await raise();
    await relays.releaseHold(db.database, DEFAULT_RELAY, OPERATOR);
    expect(await raise()).toBe(false);
    expect((await read()).hold).toBeNull();
    expect(await raise({ holdId: 1 })).toBe(true);
    expect((await read()).hold).toMatchObject({ id: 2 });
  });

  test('is not raised over one that stands, even by who knows of it', async () => {
    await raise();
    await mature();
    expect(await raise({ holdId: 1, kind: 'rate' })).toBe(false);
    expect((await read()).hold).toMatchObject({ id: 1, kind: 'quota' });
  });

  test('keeps no more of the words than its column has', async () => {
    await raise({ reason: 'é'.repeat(600) });
    expect((await read()).hold?.reason).toBe('é'.repeat(500));
  });
});

describe('a probe', () => {
  beforeEach(() => raise());

  test('is not to be had before its time', async () => {
    expect(await win('a')).toBe(false);
  });

  test('is won by one of many who ask at the same time, and costs those after it a wait', async () => {
    await mature();
    const won = await Promise.all(Array.from({ length: 8 }, (_, i) => win(`claim ${i}`)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await win('late')).toBe(false);
    const relay = await read();
    expect(secondsAhead(relay)).toBe(60);
    expect(relay.hold?.probeBy).toBe(`claim ${won.indexOf(true)}`);
  });

  test('is won too where its time is further ahead than a wait, for the clock went back; one under way is kept by the new time', async () => {
    await db.database.run(
      'UPDATE CAMPAIGN_RELAYS SET HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR',
    );
    expect(await win('a')).toBe(true);
    expect(secondsAhead(await read())).toBe(60);
    expect(await win('b')).toBe(false);
    await db.database.run(
      'UPDATE CAMPAIGN_RELAYS SET HELD_UNTIL = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR',
    );
    const kept = { holdId: 1, by: 'a', waitMs: 60_000 };
    expect(await relays.keepProbe(db.database, DEFAULT_RELAY, kept)).toBe(true);
    expect(secondsAhead(await read())).toBe(60);
  });

  test('that was accepted ends the hold', async () => {
    await mature();
    await win('a');
    expect(
      await db.database.transaction((tx) =>
        relays.endHold(tx, DEFAULT_RELAY, { holdId: 1, by: 'a' }),
      ),
    ).toBe(true);
    expect((await read()).hold).toBeNull();
  });

  test('that was told the same extends it', async () => {
    await mature();
    await win('a');
    const again = { holdId: 1, by: 'a', kind: 'rate', reason: 'too fast', waitMs: 5_000 } as const;
    expect(await relays.extendHold(db.database, DEFAULT_RELAY, again)).toBe(true);
    const relay = await read();
    expect(relay.hold).toMatchObject({ id: 1, kind: 'rate', reason: 'too fast', tries: 1 });
    expect(secondsAhead(relay)).toBe(5);
    // Once: it is out no more.
    expect(await relays.extendHold(db.database, DEFAULT_RELAY, again)).toBe(false);
  });

  test('that another has won since then decides nothing', async () => {
    await mature();
    await win('dead');
    await mature();
    await win('next');
    const dead = { holdId: 1, by: 'dead' };
    expect(await db.database.transaction((tx) => relays.endHold(tx, DEFAULT_RELAY, dead))).toBe(
      false,
    );
    expect(await relays.returnProbe(db.database, DEFAULT_RELAY, dead)).toBe(false);
    expect(
      await relays.extendHold(db.database, DEFAULT_RELAY, { ...quota, ...dead, waitMs: 1 }),
    ).toBe(false);
    expect((await read()).hold).toMatchObject({ probeBy: 'next', tries: 0 });
  });

  test('that takes long keeps the next one away, and one that was not made lets it come at once', async () => {
    await mature();
    await win('a', 1, 1);
    const kept = { holdId: 1, by: 'a', waitMs: 90_000 };
    expect(await relays.keepProbe(db.database, DEFAULT_RELAY, kept)).toBe(true);
    expect(secondsAhead(await read())).toBe(90);
    expect(await relays.returnProbe(db.database, DEFAULT_RELAY, kept)).toBe(true);
    expect(await win('b')).toBe(true);
  });
});

describe("an operator's hold", () => {
  const hold = (seconds: number) =>
    relays.holdByOperator(db.database, DEFAULT_RELAY, {
      seconds,
      reason: 'maintenance',
      ...OPERATOR,
    });

  test('takes the place of any other, and is not probed', async () => {
    await raise();
    expect(await hold(7200)).toBe(true);
    expect((await read()).hold).toMatchObject({ id: 2, kind: 'operator', reason: 'maintenance' });
    await mature();
    expect(await win('a', 2)).toBe(false);
  });

  test('ends by its time, after which another may be raised', async () => {
    await hold(7200);
    expect(await raise({ holdId: 1 })).toBe(false);
    await mature();
    expect((await read()).hold).toBeNull();
    expect(await relays.releaseHold(db.database, DEFAULT_RELAY, OPERATOR)).toBe(false);
    expect(await raise({ holdId: 1 })).toBe(true);
  });

  test('of a relay that there is not holds nothing', async () => {
    expect(
      await relays.holdByOperator(db.database, 'nowhere', {
        seconds: 60,
        reason: 'no',
        ...OPERATOR,
      }),
    ).toBe(false);
    expect(await relays.readRelay(db.database, 'nowhere')).toBeUndefined();
  });
});

test('a release ends any hold, whose probe decides nothing any more; where there is none it says so', async () => {
  await raise();
  await mature();
  await win('a');
  expect(await relays.releaseHold(db.database, DEFAULT_RELAY, OPERATOR)).toBe(true);
  expect((await read()).hold).toBeNull();
  expect(
    await db.database.transaction((tx) =>
      relays.endHold(tx, DEFAULT_RELAY, { holdId: 1, by: 'a' }),
    ),
  ).toBe(false);
  expect(await relays.releaseHold(db.database, DEFAULT_RELAY, OPERATOR)).toBe(false);
});

test('sends under way have events of a hold and of its end, and no others', async () => {
  const [running, , scheduled] = [
    await seedQueuedSend(db.database),
    await seedQueuedSend(db.database, { status: 'paused' }),
    await seedQueuedSend(db.database),
  ];
  await db.database.run(
    'UPDATE CAMPAIGN_SENDS SET START_AT = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE ID = ?',
    [scheduled],
  );
  await raise();
  await raise({ holdId: 1 });
  await relays.releaseHold(db.database, DEFAULT_RELAY, OPERATOR);
  await relays.releaseHold(db.database, DEFAULT_RELAY, OPERATOR);
  const events = await db.database.rows(
    'SELECT SEND_ID AS id, EVENT AS event, ACTOR AS actor, REASON AS reason FROM CAMPAIGN_SEND_EVENTS ORDER BY ID',
  );
  expect(events).toEqual([
    { id: running, event: 'held', actor: 'a', reason: '452 daily quota' },
    { id: running, event: 'hold-ended', actor: 'jo@vm', reason: 'released by jo@vm' },
  ]);
});

test('an acceptance is noted, by the clock as it is, though it was ahead', async () => {
  await relays.noteAccepted(db.database, DEFAULT_RELAY);
  const { lastAcceptedAt, now } = await read();
  expect(now.getTime() - (lastAcceptedAt?.getTime() ?? Number.NaN)).toBeLessThan(60_000);
  await db.database.run(
    'UPDATE CAMPAIGN_RELAYS SET LAST_ACCEPTED_AT = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR',
  );
  await relays.noteAccepted(db.database, DEFAULT_RELAY);
  const again = await read();
  expect(again.lastAcceptedAt?.getTime()).toBeLessThanOrEqual(again.now.getTime());
});

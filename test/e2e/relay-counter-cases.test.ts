import { describe, expect, test } from 'vitest';
import { ledgerRows } from '../support/ledger.ts';
import { RELAY_WORDS } from '../support/relay-words.ts';
import { people } from '../support/seed.ts';
import { expectEnd, type RelayScene, withRelay } from './relay-scene.ts';

const FULL = [
  '452 4.2.2 The email account that you tried to reach is over quota.',
  '552 5.2.2 Mailbox size limit exceeded',
  '550 5.2.2 user is over quota',
  '450 4.2.1 The user you are trying to contact is receiving mail too quickly.',
  '451 4.5.1 The recipient has exceeded their message rate limit. Try again later.',
  '452 4.3.1 Inbox full: storage quota exceeded for this recipient',
  '552 5.1.1 recipient rejected - extended quota violation',
  '554 5.2.121 The sender has exceeded the limit for the number of messages they can send to this recipient per hour.',
];

/** Soon after the relay has accepted its last message. */
const GIVES_UP = { CAMPAIGN_GIVE_UP_SECONDS: '3' };

const UNKNOWN = '550 5.1.1 No such user here';

async function expectNoHold(scene: RelayScene, sendId: number): Promise<void> {
  expect(await scene.events(sendId, 'held')).toEqual([]);
  expect(await scene.events(sendId, 'paused')).toEqual([]);
  expect(Math.max(...scene.relay.countsByRecipient().values(), 1)).toBe(1);
}

describe('no limit of the relay’s is', () => {
  test.concurrent.each(FULL)(
    'a full mailbox, were it 60 of 60: each is tried again, nothing is held, and the send ends: %s',
    async (reply) => {
      await withRelay({ onRcptTo: () => reply }, async (scene) => {
        const sendId = await scene.queue(people(60), '--max-attempts', '2');
        expectEnd(await scene.untilIdle(GIVES_UP), 0);
        const books = await scene.books(sendId);
        expect(books).toMatchObject({ status: 'completed', sent: 0, failed: 60, unknown: 0 });
        await expectNoHold(scene, sendId);
      });
    },
    120_000,
  );

  test.concurrent.each(FULL.slice(0, 2))(
    'a full mailbox, where 60 of 200 are and the others are not: %s',
    async (reply) => {
      const full = (email: string): boolean => Number(email.match(/\d+/)?.[0]) <= 60;
      await withRelay({ onRcptTo: (email) => (full(email) ? reply : undefined) }, async (scene) => {
        const sendId = await scene.queue(people(200), '--max-attempts', '2');
        expectEnd(await scene.untilIdle(GIVES_UP), 0);
        const books = await scene.books(sendId);
        expect(books).toMatchObject({ status: 'completed', sent: 140, failed: 60 });
        await expectNoHold(scene, sendId);
      });
    },
    120_000,
  );

  test.concurrent.each([
    ['one', [150]],
    ['the first', [1]],
    ['the last', [300]],
    ['three neighbours in different domains', [100, 101, 102]],
    ['one in fifty', Array.from({ length: 6 }, (_, i) => 50 * i + 5)],
  ] as const)(
    'what is said of single recipients, daily limit or not: all others are mailed, and the send ends: %s',
    async (_, numbers) => {
      const poisonous = new Set(numbers.map((n) => people(300)[n - 1]));
      const { reply } = RELAY_WORDS.gmailRelayDay;
      await withRelay(
        { onRcptTo: (email) => (poisonous.has(email) ? reply : undefined) },
        async (scene) => {
          const sendId = await scene.queue(people(300), '--max-attempts', '2');
          expectEnd(await scene.untilIdle(GIVES_UP), 0);
          expect(await scene.books(sendId)).toMatchObject({
            status: 'completed',
            sent: 300 - numbers.length,
            failed: numbers.length,
          });
          expect(await scene.events(sendId, 'paused')).toEqual([]);
          expect([...scene.relay.countsByRecipient().values()]).toEqual(
            Array(300 - numbers.length).fill(1),
          );
        },
      );
    },
    120_000,
  );

  test.concurrent.each([
    '450 4.2.0 Greylisted, please try again later',
    '451 4.7.1 Greylisting in action, please come back in 00:05:00',
    '450 4.7.0 Please try again in a minute',
    '451 4.3.0 Come back later',
  ])(
    'a greylist for everybody: one delay each, no hold: %s',
    async (reply) => {
      const greylist = (_: string, attempt: number) => (attempt === 1 ? reply : undefined);
      await withRelay({ onRcptTo: greylist }, async (scene) => {
        const sendId = await scene.queue(people(200), '--max-attempts', '3');
        expectEnd(await scene.untilIdle(), 0);
        expect(await scene.books(sendId)).toMatchObject({ status: 'completed', sent: 200 });
        await expectNoHold(scene, sendId);
        expect(scene.relay.started).toHaveLength(400);
      });
    },
    120_000,
  );

  test('a poor list: six of ten unknown', async () => {
    const poor = (email: string) =>
      Number(email.match(/\d+/)?.[0]) % 10 < 6 ? UNKNOWN : undefined;
    await withRelay({ onRcptTo: poor }, async (scene) => {
      const sendId = await scene.queue(people(300));
      expectEnd(await scene.untilIdle(), 0);
      const books = await scene.books(sendId);
      expect(books).toMatchObject({ status: 'completed', sent: 120, failed: 180 });
      await expectNoHold(scene, sendId);
    });
  }, 120_000);

  test.concurrent.each([
    '550 5.7.1 Service unavailable; client host [192.0.2.7] blocked using zen.spamhaus.org',
    '554 5.7.1 Rejected: your IP has a poor reputation, daily report at https://example.com',
  ])(
    'a block: the send pauses and takes back who was refused: %s',
    async (reply) => {
      await withRelay({ onRcptTo: () => reply }, async (scene) => {
        const sendId = await scene.queue(people(200));
        expectEnd(await scene.untilIdle(), 6);
        const books = await scene.books(sendId);
        expect(books).toMatchObject({ status: 'paused', sent: 0, failed: 0, pending: 200 });
        expect(await scene.events(sendId, 'held')).toEqual([]);
        const rows = await ledgerRows(scene.db.database, sendId);
        expect(rows.filter(({ attempts }) => attempts > 0)).toEqual([]);
      });
    },
    120_000,
  );
});

describe('a relay that takes three connections', () => {
  test.concurrent.each([
    ['connect', '421 4.7.0 relay.test Error: too many connections from 127.0.0.1'],
    [
      'mail',
      '432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending',
    ],
    ['rcpt', '421 4.3.2 The maximum number of concurrent connections has exceeded a limit'],
  ] as const)(
    'gets everything from two schedulers, and holds nothing: told at %s',
    async (at, reply) => {
      const settings = { connections: { atOnce: 3, at, reply }, delayMs: 5 };
      await withRelay(settings, async (scene) => {
        const ids = [await scene.queue(people(150)), await scene.queue(people(150))];
        const two = [1, 2].map(() => scene.schedule(['--until-idle']));
        for (const { ended } of two) expectEnd(await ended, 0);
        for (const id of ids) {
          expect(await scene.books(id)).toMatchObject({
            status: 'completed',
            sent: 150,
            failed: 0,
          });
          expect(await scene.events(id, 'paused')).toEqual([]);
          expect(await scene.events(id, 'held')).toEqual([]);
        }
      });
    },
    120_000,
  );
});

describe('a relay that takes so many a second', () => {
  test.concurrent.each([RELAY_WORDS.sesRate, RELAY_WORDS.secondAtMail, RELAY_WORDS.postfixMail])(
    'gets a list that comes in bursts in the end, nobody failed: $reply',
    async (words) => {
      await withRelay({ quotas: [{ messages: 20, perMs: 1_000, ...words }] }, async (scene) => {
        const sendId = await scene.queue(people(120));
        expectEnd(await scene.untilIdle(), 0);
        expect(await scene.books(sendId)).toMatchObject({
          status: 'completed',
          sent: 120,
          failed: 0,
        });
        expect(await scene.events(sendId, 'paused')).toEqual([]);
        expect([...scene.relay.countsByRecipient().values()]).toEqual(Array(120).fill(1));
      });
    },
    120_000,
  );
});

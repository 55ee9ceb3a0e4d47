import { describe, expect, test, vi } from 'vitest';
import { RELAY_WORDS } from '../support/relay-words.ts';
import { people } from '../support/seed.ts';
import { expectEnd, type RelayScene, withRelay } from './relay-scene.ts';

/** What a relay that takes `messages` and then no more for a while says, and how long. */
const quota = (messages: number, perMs: number, { at, reply }: (typeof WORDS)[number][1]) => ({
  quotas: [{ messages, perMs, at, reply }],
});

type Words = { at: 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'dot'; reply: string };
const WORDS: readonly [name: string, Words][] = [
  ...Object.entries(RELAY_WORDS),
  ['a daily quota, at DATA', { at: 'data', reply: '452 4.5.3 daily quota exceeded' }],
  ['an hourly limit as 550', { at: 'rcpt', reply: '550 5.7.1 Hourly sending limit exceeded' }],
  [
    'a limit behind a 554 at the dot',
    { at: 'dot', reply: '554 5.7.0 Daily sending limit exceeded' },
  ],
  [
    'probation, at AUTH (Mailgun)',
    {
      at: 'auth',
      reply:
        '535 5.7.0 Your account is on probation and domains are limited to 100 messages / hour. Account will be enabled in 2 seconds',
    },
  ],
  [
    'a relay quota, as the greeting (GoDaddy)',
    {
      at: 'connect',
      reply: "554 p3plsmtp.example : DED : {id} : DED : You've reached your daily relay quota",
    },
  ],
  [
    'messages that are counted by a policy service (iRedAPD)',
    {
      at: 'rcpt',
      reply: '554 5.7.1 Recipient address rejected: Quota exceeded (number of mails in total)',
    },
  ],
  [
    'a code in place of words (NetEase)',
    {
      at: 'dot',
      reply: '550 RP:TRC 163 smtp10,{id},please see http://mail.163.com/help/help_spam_16.htm',
    },
  ],
];

const LONG = { timeout: 30_000, interval: 50 };

/** Probes of the relay's hold that were refused. */
const tries = async ({ db }: RelayScene): Promise<number> =>
  (await db.database.rows<{ tries: number }>('SELECT TRIES AS tries FROM CAMPAIGN_RELAYS'))[0]
    ?.tries ?? 0;

async function expectAllSent(scene: RelayScene, sendId: number, count: number): Promise<void> {
  expect(await scene.books(sendId)).toMatchObject({
    status: 'completed',
    sent: count,
    failed: 0,
    unknown: 0,
  });
  const counts = [...scene.relay.countsByRecipient().values()];
  expect(counts).toEqual(Array(count).fill(1));
  expect((await scene.run('verify', String(sendId))).code).toBe(0);
}

describe('a relay whose limit is reached', () => {
  test.concurrent.each(WORDS)(
    'fails nobody and pauses nothing, and the send goes on by itself: %s',
    async (_, words) => {
      await withRelay({ ...quota(30, 2_500, words), auth: true }, async (scene) => {
        const sendId = await scene.queue(people(80));
        expectEnd(await scene.untilIdle(), 0);
        await expectAllSent(scene, sendId, 80);
        expect(await scene.events(sendId, 'paused')).toEqual([]);
        const held = await scene.events(sendId, 'held');
        expect(held.length).toBeGreaterThan(0);
        // What is in flight as it is met, a few times, and the probes.
        expect(scene.relay.refused.length).toBeLessThan(80);
      });
    },
    120_000,
  );

  test('after 300 of 500: progress, list and the log say until when and why, in the relay’s words', async () => {
    await withRelay({ delayMs: 5 }, async (scene) => {
      const sendId = await scene.queue(people(500));
      const scheduler = scene.schedule(['--until-idle']);
      await vi.waitFor(() => expect(scene.relay.accepted.length).toBeGreaterThan(299), LONG);
      scene.relay.limits.exhausted = RELAY_WORDS.sesDay;
      await vi.waitFor(
        async () =>
          expect(await scene.progress(sendId)).toMatchObject({
            status: 'running',
            waiting: {
              for: 'quota',
              until: expect.stringMatching(/^20.*Z$/),
              text: expect.stringContaining('Daily message quota exceeded'),
            },
          }),
        LONG,
      );
      expect((await scene.run('list', '--json')).stdout).toContain('Daily message quota exceeded');
      expect(scheduler.log.match(/"event":"relay-held"/g)).toHaveLength(1);
      scene.relay.limits.exhausted = null;
      expectEnd(await scheduler.ended, 0);
      await expectAllSent(scene, sendId, 500);
      expect(await scene.events(sendId, 'paused')).toEqual([]);
    });
  }, 120_000);

  test('is asked by one probe at a time, over three schedulers and two sends', async () => {
    const { gmailRelayDay } = RELAY_WORDS;
    await withRelay({}, async (scene) => {
      scene.relay.limits.exhausted = gmailRelayDay;
      const ids = [await scene.queue(people(60)), await scene.queue(people(60))];
      const three = [1, 2, 3].map(() => scene.schedule(['--until-idle']));
      await vi.waitFor(
        async () => expect(await scene.events(ids[0] as number, 'held')).toHaveLength(1),
        LONG,
      );
      const before = await tries(scene);
      const met = scene.relay.refused.length;
      await vi.waitFor(async () => expect(await tries(scene)).toBeGreaterThan(before + 3), LONG);
      const probes = (await tries(scene)) - before;
      expect(scene.relay.refused.length - met).toBeLessThanOrEqual(probes + 1);
      scene.relay.limits.exhausted = null;
      for (const { ended } of three) expectEnd(await ended, 0);
      for (const id of ids) {
        expect(await scene.books(id)).toMatchObject({ status: 'completed', sent: 60, failed: 0 });
      }
    });
  }, 120_000);

  test('holds a scheduler that is started anew, and one from cron, which says when it goes on', async () => {
    const { sesDay } = RELAY_WORDS;
    const env = { CAMPAIGN_HOLD_MAX_SECONDS: '3600' };
    await withRelay({}, async (scene) => {
      scene.relay.limits.exhausted = sesDay;
      const sendId = await scene.queue(people(40));
      const first = await scene.schedule(['--once'], env).ended;
      expect(first.code).toBe(6);
      expect(first.stderr).toContain('RELAY_HELD');
      expect(first.stderr).toMatch(/goes on by itself at 20/);
      const met = scene.relay.started.length;
      scene.relay.limits.exhausted = null;
      expect((await scene.schedule(['--once'], env).ended).code).toBe(0);
      const waits = await scene.schedule(['--until-idle', '--max-wait', '2'], env).ended;
      expect(waits.code).toBe(6);
      expect(scene.relay.started).toHaveLength(met);
      expect(await scene.books(sendId)).toMatchObject({ status: 'running', sent: 0, failed: 0 });
      expect((await scene.run('relay', 'default', '--release')).code).toBe(0);
      expectEnd(await scene.untilIdle(env), 0);
      await expectAllSent(scene, sendId, 40);
    });
  }, 120_000);

  test('is met again and again by `--once` from cron, and everybody is mailed once', async () => {
    const { exchangeDay } = RELAY_WORDS;
    await withRelay({ quotas: [{ messages: 25, perMs: 3_000, ...exchangeDay }] }, async (scene) => {
      const sendId = await scene.queue(people(100));
      const codes: (number | null)[] = [];
      while ((await scene.books(sendId)).status !== 'completed') {
        codes.push((await scene.schedule(['--once']).ended).code);
        if (codes.length > 100) throw new Error('the send does not end');
      }
      expect(codes).toContain(6);
      expect(codes.filter((code) => code !== 0 && code !== 6)).toEqual([]);
      await expectAllSent(scene, sendId, 100);
      expect(await scene.events(sendId, 'paused')).toEqual([]);
    });
  }, 120_000);

  test('in words that no table knows: nobody fails, for everybody else is told the same', async () => {
    await withRelay({ delayMs: 5 }, async (scene) => {
      const sendId = await scene.queue(people(100), '--max-attempts', '2');
      const scheduler = scene.schedule(['--until-idle']);
      await vi.waitFor(() => expect(scene.relay.accepted.length).toBeGreaterThan(29), LONG);
      const reply = '451 4.0.0 Enough of you, dear customer';
      scene.relay.limits.exhausted = { at: 'rcpt', reply };
      await vi.waitFor(async () => expect(await tries(scene)).toBeGreaterThan(2), LONG);
      scene.relay.limits.exhausted = null;
      expectEnd(await scheduler.ended, 0);
      await expectAllSent(scene, sendId, 100);
      expect(await scene.events(sendId, 'paused')).toEqual([]);
    });
  }, 120_000);

  test('and a scheduler killed while its probe is out: the next one asks in its turn', async () => {
    const { eximRate } = RELAY_WORDS;
    await withRelay({ delayMs: 300 }, async (scene) => {
      scene.relay.limits.exhausted = { ...eximRate, at: 'dot' };
      const sendId = await scene.queue(people(30));
      const first = scene.schedule(['--until-idle']);
      await vi.waitFor(
        async () =>
          expect(
            await scene.db.database.rows(
              'SELECT 1 FROM CAMPAIGN_RELAYS WHERE PROBE_BY IS NOT NULL AND HELD_UNTIL IS NOT NULL',
            ),
          ).toHaveLength(1),
        { timeout: 20_000, interval: 5 },
      );
      first.kill('SIGKILL');
      await first.ended;
      scene.relay.limits.exhausted = null;
      expectEnd(await scene.untilIdle(), 0);
      const books = await scene.books(sendId);
      expect(books).toMatchObject({ status: 'completed', failed: 0 });
      expect(books.sent + books.unknown).toBe(30);
      expect(Math.max(...scene.relay.countsByRecipient().values())).toBe(1);
    });
  }, 120_000);
});

import nodemailer from 'nodemailer';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type LimitedRelay,
  type LimitedRelaySettings,
  startLimitedRelay,
} from './limited-relay.ts';
import { worstWindow } from './relay-limits.ts';
import { RELAY_WORDS } from './relay-words.ts';

let relay: LimitedRelay;

afterEach(() => relay.close());

const clientOf = (options: object = {}) =>
  nodemailer.createTransport({
    host: '127.0.0.1',
    port: relay.port,
    ignoreTLS: true,
    ...options,
  });

const mail = { from: 'a@example.org', to: 'b@example.org', subject: 'Hi', text: 'Hi' };

async function outcomes(count: number, options?: object): Promise<(number | 'accepted')[]> {
  const client = clientOf(options);
  const found: (number | 'accepted')[] = [];
  for (let i = 0; i < count; i++) {
    found.push(
      await client.sendMail(mail).then(
        () => 'accepted' as const,
        ({ responseCode }) => responseCode,
      ),
    );
  }
  client.close();
  return found;
}

const start = async (settings: LimitedRelaySettings): Promise<void> => {
  relay = await startLimitedRelay(settings);
};

const HOUR = 3_600_000;

describe('a relay that keeps limits', () => {
  test.each([
    ...Object.entries(RELAY_WORDS).map(([name, { at, reply }]) => [name, at, reply] as const),
    ['a limit told at DATA', 'data', '451 4.7.0 Hourly limit'] as const,
  ])(
    'refuses what is beyond its quota in its own words and place: %s, at %s',
    async (_, at, reply) => {
      await start({ quotas: [{ messages: 3, perMs: HOUR, at, reply }], auth: true });
      const code = Number(reply.slice(0, 3));
      const login = { auth: { user: 'news', pass: 'secret' } };
      expect(await outcomes(5, login)).toEqual(['accepted', 'accepted', 'accepted', code, code]);
      expect(relay.accepted).toHaveLength(3);
      expect(relay.refused.map(({ stage }) => stage)).toEqual([at, at]);
      expect(relay.worst('accepted', HOUR)).toBe(3);
    },
  );

  test('takes again as its window moves on', async () => {
    await start({ quotas: [{ messages: 2, perMs: 300, at: 'dot', reply: '452 4.5.3 limit' }] });
    await expect.poll(() => outcomes(1), { interval: 5, timeout: 10_000 }).toEqual([452]);
    await expect.poll(() => outcomes(1), { interval: 5, timeout: 10_000 }).toEqual(['accepted']);
    expect(relay.accepted.length).toBeGreaterThan(2);
    expect(relay.worst('accepted', 290)).toBeLessThanOrEqual(2);
  });

  test('takes so many connections at a time, so many messages over one, and says when it is exhausted', async () => {
    await start({
      connections: {
        atOnce: 1,
        at: 'mail',
        reply: '432 4.3.2 Concurrent connections limit exceeded',
      },
      perConnection: { messages: 2, reply: '421 4.7.0 Too many messages over this connection' },
    });
    const first = clientOf({ pool: true, maxConnections: 1 });
    await first.sendMail(mail);
    expect(await outcomes(1)).toEqual([432]);
    await first.sendMail(mail);
    // The pool meets the 421, and makes another connection of its own accord.
    await first.sendMail(mail);
    expect(relay.refused.map(({ reply }) => reply.slice(0, 3))).toEqual(['432', '421']);
    first.close();
    relay.limits.exhausted = { at: 'rcpt', reply: '550 5.4.5 Daily limit' };
    await expect.poll(() => outcomes(1)).toEqual([550]);
    relay.limits.exhausted = null;
    expect(await outcomes(1)).toEqual(['accepted']);
    expect(relay.mostConnections).toBe(2);
  });

  test('discards what is beyond its quota where it is told to, with the same yes', async () => {
    await start({ quotas: [{ messages: 1, perMs: HOUR, at: 'dot', reply: '', discards: true }] });
    expect(await outcomes(3)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(relay.accepted).toHaveLength(1);
    expect(relay.discarded).toHaveLength(2);
  });

  test('answers of recipients as it is told', async () => {
    await start({ onRcptTo: (_, attempt) => (attempt === 1 ? '450 4.2.0 Greylisted' : undefined) });
    expect(await outcomes(2)).toEqual([450, 'accepted']);
    expect(relay.countsByRecipient()).toEqual(new Map([['b@example.org', 1]]));
  });
});

test('the worst window begins wherever it is worst', async () => {
  await start({});
  expect(worstWindow([0, 900, 950, 1000, 1899, 1900], 1000)).toBe(4);
  expect(worstWindow([], 1000)).toBe(0);
});

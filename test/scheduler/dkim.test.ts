import { describe, expect, test, vi } from 'vitest';
import type { DkimKey, DkimSettings } from '../../src/domain/dkim.ts';
import { systemClock } from '../../src/domain/lease.ts';
import { progressOf } from '../../src/domain/progress.ts';
import { readSnapshot } from '../../src/store/sends/row.ts';
import { keyOf, verifyDkim } from '../support/dkim.ts';
import { balancedBooks } from '../support/ledger.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';
import { seedQueuedSend } from '../support/seed.ts';
import type { SmtpServer } from '../support/smtp.ts';

const scene = schedulerScene();
const { smtp, schedule } = scene;

const rsa = keyOf('rsa', 'example.com');
const ed25519 = keyOf('ed25519', 'example.com');
const foreign = keyOf('ed25519', 'example.net');
const signing = (...keys: DkimKey[]): DkimSettings => ({ keys, skip: [], doubts: [] });

const waitingFor = async (sendId: number): Promise<string | undefined> => {
  const snapshot = await readSnapshot(scene.db.database, sendId);
  return snapshot && progressOf(snapshot).waiting?.for;
};

/** How many signatures each message has, all of which verify. */
async function signatures(server: SmtpServer, keys: readonly DkimKey[]): Promise<number[]> {
  const results = await verifyDkim(
    server.messages.map(({ raw }) => raw),
    keys,
  );
  expect(results.flat().filter(({ ok }) => !ok)).toEqual([]);
  return results.map(({ length }) => length);
}

describe('a scheduler with keys', () => {
  test.each([
    ['RSA', [rsa]],
    ['Ed25519', [ed25519]],
    ['both', [rsa, ed25519]],
  ])('signs every message, over several connections and batches: %s', async (_, keys) => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, {
      recipients: 90,
      batchSize: 40,
      text: '.\n..\n {{ name }}  \n\n\n',
    });
    await schedule(server, { dkim: signing(...keys, foreign) }).done;
    expect(await balancedBooks(scene.db.database, sendId)).toMatchObject({ sent: 90 });
    expect(server.countsByRecipient().size).toBe(90);
    expect(await signatures(server, keys)).toEqual(Array.from({ length: 90 }, () => keys.length));
  });

  test('signs as pacing lets messages start, and after a pause', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, {
      recipients: 12,
      delayMs: 30,
      dkim: 'required',
    });
    const { database } = scene.db;
    const first = schedule(server, { dkim: signing(rsa), until: 'stopped' });
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(2), 20_000);
    await database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'paused' WHERE ID = ?", [sendId]);
    await first.stop();
    const before = server.messages.length;
    expect(before).toBeLessThan(12);
    await database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'running' WHERE ID = ?", [sendId]);
    await schedule(server, { dkim: signing(rsa) }).done;
    expect(await balancedBooks(database, sendId)).toMatchObject({ sent: 12 });
    expect(server.countsByRecipient().size).toBe(12);
    expect(await signatures(server, [rsa])).toEqual(Array.from({ length: 12 }, () => 1));
  });

  test.each([
    ['long after it was signed is dated and signed anew', 10_000, 10],
    ['soon after it was signed goes out as it is', 1_000, 0],
  ])('a message that finds a connection %s', async (_, passesMs, laterSeconds) => {
    let aheadMs = 0;
    /** Replies that the server owes. */
    const owed: (() => void)[] = [];
    // Without PIPELINING a message is taken only when the one before it has been accepted.
    const server = await smtp({
      server: { hidePIPELINING: true },
      onData: () => new Promise((resolve) => owed.push(() => resolve(undefined))),
    });
    await seedQueuedSend(scene.db.database, { recipients: 2, dkim: 'required' });
    const clock = () => {
      const { monotonic, wall } = systemClock();
      return { monotonic: monotonic + aheadMs, wall: wall + aheadMs };
    };
    const begun = Math.floor(Date.now() / 1000);
    const scheduler = schedule(server, { connections: 1, dkim: signing(ed25519), clock });
    const came = (messages: number) =>
      vi.waitFor(() => expect(owed).toHaveLength(messages), 20_000);
    await came(1);
    aheadMs = passesMs;
    owed[0]?.();
    await came(2);
    owed[1]?.();
    await scheduler.done;
    const [, { raw = '' } = {}] = server.messages;
    const seconds = Number(/\bt=(\d+);/.exec(raw)?.[1]);
    expect(seconds - begun).toBeGreaterThanOrEqual(laterSeconds);
    expect(seconds - begun).toBeLessThan(laterSeconds + 8);
    expect(Date.parse(/^Date: (.*)\r$/m.exec(raw)?.[1] ?? '')).toBe(seconds * 1000);
    expect(await signatures(server, [ed25519])).toEqual([1, 1]);
  });

  test('fails the one recipient whose message cannot be made, and signs the others', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 5 });
    await scene.db.database.run(
      "UPDATE CAMPAIGN_MESSAGES SET LIST_UNSUBSCRIBE = 'https://example.org/{{ name }}' WHERE SEND_ID = ?",
      [sendId],
    );
    await scene.db.database.run(
      "UPDATE CAMPAIGN_SEND_RESULTS SET FIELDS = JSON_OBJECT('name', REPEAT('x', 2000)) WHERE SEND_ID = ? AND SEQ = 3",
      [sendId],
    );
    await schedule(server, { dkim: signing(ed25519) }).done;
    expect(await balancedBooks(scene.db.database, sendId)).toMatchObject({ sent: 4, failed: 1 });
    expect(await signatures(server, [ed25519])).toEqual([1, 1, 1, 1]);
  });
});

describe('a send that must be signed', () => {
  test.each([
    ['without any key', signing()],
    ['with a key of another domain', signing(foreign)],
    ['with a key of a domain below it', signing(keyOf('ed25519', 'news.example.com'))],
  ])(
    'is not touched by a scheduler %s, which ends with nothing else to do, and tells of it',
    async (_, dkim) => {
      const server = await smtp();
      const { database } = scene.db;
      const sendId = await seedQueuedSend(database, { dkim: 'required' });
      const other = await seedQueuedSend(database, { recipients: 3 });
      const scheduler = schedule(server, { dkim });
      await scheduler.done;
      expect(await balancedBooks(database, other)).toMatchObject({ status: 'completed', sent: 3 });
      expect(await balancedBooks(database, sendId)).toMatchObject({ status: 'running', sent: 0 });
      expect(scheduler.events.filter(({ kind }) => kind === 'unsignable')).toEqual([
        { kind: 'unsignable', sendId, domain: 'example.com' },
      ]);
      expect(server.messages).toHaveLength(3);
    },
  );

  test('waits for a key as long as no scheduler that runs has one, and is sent by one that has', async () => {
    const server = await smtp();
    const { database } = scene.db;
    const sendId = await seedQueuedSend(database, {
      from: 'news@mail.example.com',
      dkim: 'required',
      recipients: 20,
    });
    expect(await waitingFor(sendId)).toBe('scheduler');
    const without = schedule(server, { until: 'stopped', dkim: signing(foreign) });
    await vi.waitFor(async () => expect(await waitingFor(sendId)).toBe('dkim'), 20_000);
    const having = schedule(server, { until: 'stopped', dkim: signing(rsa) });
    await vi.waitFor(
      async () => expect((await balancedBooks(database, sendId)).status).toBe('completed'),
      20_000,
    );
    await Promise.all([without.stop(), having.stop()]);
    expect(having.events).toContainEqual(expect.objectContaining({ kind: 'claimed', sendId }));
    expect(without.events).not.toContainEqual(expect.objectContaining({ kind: 'claimed', sendId }));
    expect(await signatures(server, [rsa])).toEqual(Array.from({ length: 20 }, () => 1));
  });

  test('that is found all the same is not claimed without its key, however many ask', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, { dkim: 'required' });
    const six = Array.from({ length: 6 }, () =>
      schedule(server, {
        until: 'once',
        dkim: signing(foreign),
        ledger: (ledger) => ({
          ...ledger,
          findWork: async () => [{ sendId, dueInMs: 0, rows: 10, goesFirst: false }],
        }),
      }),
    );
    await Promise.all(six.map(({ done }) => done));
    expect(server.messages).toHaveLength(0);
    expect(await balancedBooks(scene.db.database, sendId)).toMatchObject({ sent: 0, sending: 0 });
    await schedule(server, { until: 'once', dkim: signing(ed25519) }).done;
    expect(server.messages).toHaveLength(10);
  });

  test('pauses itself where its From is another than the one that it was claimed by', async () => {
    const server = await smtp();
    const { database } = scene.db;
    const sendId = await seedQueuedSend(database, { dkim: 'required' });
    await database.run("UPDATE CAMPAIGN_MESSAGES SET SENDER = 'a@example.org' WHERE SEND_ID = ?", [
      sendId,
    ]);
    const { pausedThemselves } = await schedule(server, { dkim: signing(rsa) }).done;
    expect(pausedThemselves).toEqual([
      { sendId, reason: expect.stringContaining('no key for example.org') },
    ]);
    expect(server.messages).toHaveLength(0);
  });
});

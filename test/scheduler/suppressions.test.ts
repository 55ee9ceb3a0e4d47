import { beforeEach, describe, expect, test, vi } from 'vitest';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { raiseBulkVersion } from '../../src/store/suppressions/version.ts';
import { verifySend } from '../../src/store/verify.ts';
import { ageClaim, balancedBooks, ledgerRows } from '../support/ledger.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';
import { seedQueuedSend } from '../support/seed.ts';
import type { SmtpServer } from '../support/smtp.ts';

const scene = schedulerScene({ mayFail: true });
const { smtp, schedule } = scene;
beforeEach(() => scene.db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS'));

const say = (norms: readonly string[], topic = '') =>
  suppress(
    scene.db.database,
    norms.map((emailNorm) => ({ emailNorm, topic, reason: 'asked to', source: 'test' })),
  );

/** A send that was checked just now, with nobody suppressed since. */
async function seed(options: Parameters<typeof seedQueuedSend>[1], topic = ''): Promise<number> {
  const sendId = await seedQueuedSend(scene.db.database, options);
  await scene.db.database.run(
    `UPDATE CAMPAIGN_SENDS SET TOPIC = ?,
            CHECKED_VERSION = (SELECT V FROM CAMPAIGN_SUPPRESSION_VERSION) WHERE ID = ?`,
    [topic, sendId],
  );
  return sendId;
}

/** `p<from>@example.org` to `p<to>@example.org`. */
const people = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `p${from + i}@example.org`);

const books = (sendId: number) => balancedBooks(scene.db.database, sendId);

/** A server that has something done, once, before it takes the first recipient. */
async function serverThat(work: () => Promise<unknown>): Promise<SmtpServer> {
  let done: Promise<unknown> | undefined;
  return smtp({
    onRcptTo: async () => {
      done ??= work();
      await done;
      return undefined;
    },
  });
}

const SOME = people(300, 340);

describe.each([
  ['addresses', () => say(SOME)],
  ['more than are kept in memory', () => say([...SOME, ...people(10_000, 20_050)])],
  [
    'entries of an import, or of SQL, that carry no version',
    async () => {
      await scene.db.database.run(
        'INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT) VALUES ?',
        [SOME.map((norm) => [norm, 'asked to', new Date()])],
      );
      await raiseBulkVersion(scene.db.database);
    },
  ],
] as const)('%s suppressed while a send is under way', (_, work) => {
  test('are not mailed any more, and everybody else is', async () => {
    const server = await serverThat(work);
    const sendId = await seed({ recipients: 600 });
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({
      status: 'completed',
      sent: 600 - SOME.length,
      skipped: SOME.length,
    });
    const mailed = server.countsByRecipient();
    expect(SOME.filter((address) => mailed.has(address))).toEqual([]);
    expect(mailed.size).toBe(600 - SOME.length);
    const [row] = (await ledgerRows(scene.db.database, sendId)).filter(({ seq }) => seq === 300);
    expect(row).toMatchObject({ status: 'skipped', response: 'suppressed: asked to' });
    expect(await verifySend(scene.db.database, sendId)).toEqual([]);
  });
});

test('control: without the version in the fence they are mailed', async () => {
  const server = await serverThat(() => say(SOME));
  await seed({ recipients: 600 });
  await schedule(server, {
    ledger: (ledger) => ({
      ...ledger,
      step: (claim, step) => ledger.step(claim, { ...step, known: null }),
      state: async (claim) => ({
        ...(await ledger.state(claim)),
        suppressionVersion: Number.NaN,
      }),
      suppressionChanges: async () => ({ version: 0, names: [] }),
    }),
  }).done;
  expect(SOME.filter((address) => server.countsByRecipient().has(address))).toEqual(SOME);
});

test('a suppressed domain costs neither places of the batch nor its delay, and its cooldown is not waited for', async () => {
  const server = await smtp();
  const gone = Array.from({ length: 3000 }, (_, i) => `q${i}@gone.example`);
  const emails = ['a@example.org', ...gone, 'b@example.org'];
  const sendId = await seed({ emails, batchSize: 10, delayMs: 1000, cooldownSeconds: 3600 });
  await say(['@gone.example']);
  await schedule(server).done;
  expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 2, skipped: 3000 });
  const [row] = (await ledgerRows(scene.db.database, sendId)).filter(({ seq }) => seq === 2);
  expect(row?.response).toBe('suppressed: asked to (@gone.example)');
  expect(await verifySend(scene.db.database, sendId)).toEqual([]);
});

test('a no to another topic stops nobody, one to the topic of the send and one to everything do', async () => {
  const server = await smtp();
  const sendId = await seed({ recipients: 20 }, 'news');
  await say(['p1@example.org'], 'offers');
  await say(['p2@example.org'], 'news');
  await say(['p3@example.org']);
  await schedule(server).done;
  expect(await books(sendId)).toMatchObject({ sent: 18, skipped: 2 });
  expect(server.countsByRecipient().has('p1@example.org')).toBe(true);
});

test('whoever is not suppressed any more when a row is to be marked is mailed', async () => {
  const server = await smtp();
  const sendId = await seed({ recipients: 300 });
  await say(['p1@example.org']);
  let learnt = false;
  await schedule(server, {
    ledger: (ledger) => ({
      ...ledger,
      // As if they had been suppressed when this was read, and were removed right after.
      checkedStep: async (claim, asked, plan) => {
        const names = learnt ? null : ['@example.org', ...people(20, 120)];
        const result = await ledger.checkedStep(claim, asked, (found) =>
          plan(names ? { ...found, changes: { ...found.changes, names } } : found),
        );
        learnt = true;
        return result;
      },
    }),
  }).done;
  expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 299, skipped: 1 });
  expect(await verifySend(scene.db.database, sendId)).toEqual([]);
});

test('a row that was refused for now is skipped when its time comes, and keeps nothing of the refusal', async () => {
  const server = await smtp({
    onRcptTo: async (address) => {
      if (address !== 'p3@example.org') return undefined;
      await say([address]);
      return { reply: [451, '4.2.1 Try again later'] };
    },
  });
  const sendId = await seed({ recipients: 10 });
  await schedule(server).done;
  expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 9, skipped: 1 });
  const [row] = (await ledgerRows(scene.db.database, sendId)).filter(({ seq }) => seq === 3);
  expect(row).toMatchObject({ status: 'skipped', code: null, enhanced: null, nextAttemptAt: null });
});

test('marked rows that wait behind a slow server are given back before it has answered, and skipped', async () => {
  let answer: () => void = () => undefined;
  const answered = new Promise<undefined>((resolve) => {
    answer = () => resolve(undefined);
  });
  // Where commands of the next message go out behind a dot, that one has begun.
  const server = await smtp({ onData: () => answered, server: { hidePIPELINING: true } });
  const sendId = await seed({ recipients: 4 });
  schedule(server, { connections: 2 });
  const statuses = async () =>
    (await ledgerRows(scene.db.database, sendId)).map(({ status }) => status);
  await vi.waitFor(async () => {
    expect(await statuses()).toEqual(['sending', 'sending', 'sending', 'sending']);
  }, 10_000);
  await say(['p3@example.org', 'p4@example.org']);
  await vi.waitFor(async () => {
    expect(await statuses()).toEqual(['sending', 'sending', 'pending', 'pending']);
  }, 10_000);
  answer();
  await vi.waitFor(async () => expect((await books(sendId)).status).toBe('completed'), 10_000);
  expect(await books(sendId)).toMatchObject({ sent: 2, skipped: 2 });
  expect([...server.countsByRecipient().keys()].sort()).toEqual(people(1, 2));
});

test('a stream of suppressions does not starve a send', async () => {
  const server = await smtp();
  const sendId = await seed({ recipients: 1000, batchSize: 1000 });
  let over = false;
  const stream = async (name: string) => {
    for (let i = 0; !over; i++) await say([`${name}${i}@else.example`]);
  };
  const streams = [stream('a'), stream('b')];
  await schedule(server).done;
  over = true;
  await Promise.all(streams);
  expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 1000 });
});

describe('a refusal that says that there is no such mailbox', () => {
  const entries = () =>
    scene.db.database.rows<{ emailNorm: string; source: string; reason: string; topic: string }>(
      'SELECT EMAIL_NORM AS emailNorm, SOURCE AS source, REASON AS reason, TOPIC AS topic FROM CAMPAIGN_SUPPRESSIONS',
    );
  const REFUSED = [
    {
      emailNorm: 'p3@example.org',
      source: 'smtp',
      reason: '550 5.1.1 No such user here',
      topic: '',
    },
  ];

  test('suppresses the address for every send, another refusal does not', async () => {
    const server = await smtp({
      onRcptTo: (address) => {
        if (address === 'p3@example.org') return { reply: [550, '5.1.1 No such user here'] };
        return address === 'p4@example.org'
          ? { reply: [550, '5.7.1 Not from you, with no user of that name'] }
          : undefined;
      },
    });
    const sendId = await seed({ recipients: 10 }, 'news');
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 8, failed: 2 });
    expect(await entries()).toEqual(REFUSED);
    const nextId = await seed({ recipients: 10 });
    await scene.db.database.run('UPDATE CAMPAIGN_SENDS SET CHECKED_VERSION = 0 WHERE ID = ?', [
      nextId,
    ]);
    await schedule(server).done;
    expect(await books(nextId)).toMatchObject({ sent: 8, failed: 1, skipped: 1 });
  });

  test('does so by whoever takes the claim over, where the worker died before it could', async () => {
    const server = await smtp({
      onRcptTo: (address) =>
        address === 'p3@example.org' ? { reply: [550, '5.1.1 No such user here'] } : undefined,
    });
    const sendId = await seed({ recipients: 10 });
    await schedule(server, {
      until: 'once',
      ledger: (ledger) => ({
        ...ledger,
        suppress: async () => undefined,
        endBatch: async () => ({ kind: 'released', status: 'running' }),
      }),
    }).done;
    expect(await entries()).toEqual([]);
    await ageClaim(scene.db.database, sendId);
    await schedule(server).done;
    expect(await entries()).toEqual(REFUSED);
  });
});

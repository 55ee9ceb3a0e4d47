import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Transmission } from '../../src/scheduler/ports.ts';
import { verifySend } from '../../src/store/verify.ts';
import { ageClaim, balancedBooks, ledgerRows } from '../support/ledger.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';
import { seedQueuedSend } from '../support/seed.ts';
import type { SmtpServerSettings } from '../support/smtp.ts';

const scene = schedulerScene({ mayFail: true });
const { smtp, schedule } = scene;

// Those that one test has refused as unknown are suppressed from then on.
beforeEach(() => scene.db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS'));

const books = (sendId: number) => balancedBooks(scene.db.database, sendId);
const setStatus = (sendId: number, status: string) =>
  scene.db.database.run('UPDATE CAMPAIGN_SENDS SET STATUS = ? WHERE ID = ?', [status, sendId]);

const once = (counts: Map<string, number>) => [...counts.values()].every((count) => count === 1);

describe('a send', () => {
  test('of 3,000 goes out whole: mail, ledger and counters agree one by one', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 3000, batchSize: 500 });
    await schedule(server, { connections: 8 }).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 3000, claimedBy: null });
    const byId = new Map(server.messages.map((message) => [message.messageId, message]));
    expect(byId.size).toBe(3000);
    for (const row of await ledgerRows(scene.db.database, sendId)) {
      expect(row).toMatchObject({ status: 'sent', attempts: 1, code: 250 });
    }
    const counts = server.countsByRecipient();
    expect(counts.size).toBe(3000);
    expect(once(counts)).toBe(true);
    const first = server.messages.find(({ to }) => to[0] === 'p7@example.org');
    expect(first?.raw).toContain('Subject: Hello N7');
    expect(first?.raw).toContain('N7, this is for');
  });

  test('worked on by six schedulers reaches everybody once', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, {
      recipients: 600,
      batchSize: 150,
      cooldownSeconds: 1,
    });
    const six = Array.from({ length: 6 }, () => schedule(server));
    await Promise.all(six.map(({ done }) => done));
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 600 });
    expect(server.countsByRecipient().size).toBe(600);
    expect(once(server.countsByRecipient())).toBe(true);
    const workers = await scene.db.database.rows<{ actor: string }>(
      "SELECT DISTINCT ACTOR AS actor FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? AND EVENT = 'claimed'",
      [sendId],
    );
    expect(workers.length).toBeGreaterThan(1);
  });

  test('that is short waits for no long ones that came before it', async () => {
    const server = await smtp({
      onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 10)),
    });
    const long: number[] = [];
    for (let i = 0; i < 4; i++) {
      long.push(await seedQueuedSend(scene.db.database, { recipients: 5000, batchSize: 5000 }));
    }
    const short: number[] = [];
    for (let i = 0; i < 6; i++)
      short.push(await seedQueuedSend(scene.db.database, { recipients: 3 }));
    schedule(server, { connections: 4 });
    await vi.waitFor(async () => {
      for (const id of short) expect((await books(id)).status).toBe('completed');
    }, 10_000);
    const others = await Promise.all(long.map(books));
    expect(others.map(({ status }) => status)).toEqual(long.map(() => 'running'));
    expect(others.filter(({ sent }) => sent > 0).length).toBeGreaterThanOrEqual(2);
  });

  test('control: six schedulers whose claim does not guard against each other mail people twice', async () => {
    const server = await smtp({
      onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 5)),
    });
    await seedQueuedSend(scene.db.database, { recipients: 60, batchSize: 60 });
    const unguarded = (sendId: number) => ({
      claim: { sendId, by: 'anybody', number: 1 },
      controls: { batchSize: 60, delayMs: 0, cooldownSeconds: 0 },
      maxAttempts: 5,
      cursorSeq: 0,
      lastSeq: 60,
      startedMsAgo: 0,
      relay: null,
      topic: '',
      dkim: 'auto' as const,
      checkedVersion: 0,
      messageVersion: 1,
      isTest: false,
    });
    const six = Array.from({ length: 6 }, () =>
      schedule(server, {
        until: 'once',
        ledger: (ledger) => ({
          ...ledger,
          claim: async (sendId) => unguarded(sendId),
          step: async () => ({ kind: 'done' }),
          state: async () => ({
            status: 'running',
            held: true,
            controls: unguarded(0).controls,
            relay: null,
            suppressionVersion: 0,
          }),
          endBatch: async () => ({ kind: 'released', status: 'running' }),
        }),
      }),
    );
    await Promise.all(six.map(({ done }) => done));
    expect(Math.max(...server.countsByRecipient().values())).toBeGreaterThan(1);
  });

  test('left by a killed holder is finished by the next, and nobody is mailed twice', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 30 });
    await scene.db.database.run(
      "UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = 'dead:1:x', CLAIMED_AT = UTC_TIMESTAMP(3), CLAIM_NUMBER = 1, SENDING_COUNT = 4, CURSOR_SEQ = 4 WHERE ID = ?",
      [sendId],
    );
    await scene.db.database.run(
      "UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = 'sending', CLAIM_NUMBER = 1 WHERE SEND_ID = ? AND SEQ <= 4",
      [sendId],
    );
    const scheduler = schedule(server, { until: 'stopped' });
    await vi.waitFor(() => expect(scheduler.events.length).toBeGreaterThan(0));
    await ageClaim(scene.db.database, sendId);
    await vi.waitFor(async () => expect((await books(sendId)).status).toBe('completed'), 10_000);
    expect(await books(sendId)).toMatchObject({ sent: 26, unknown: 4 });
    expect(server.countsByRecipient().size).toBe(26);
    expect(once(server.countsByRecipient())).toBe(true);
  });
});

describe('steering a running send', () => {
  const slow: SmtpServerSettings = {
    onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 20)),
  };

  test('pause stops it within a second inside a batch, and resume goes on', async () => {
    const server = await smtp(slow);
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 200, batchSize: 1000 });
    schedule(server, { until: 'stopped', connections: 2 });
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(5), 10_000);
    await setStatus(sendId, 'paused');
    await vi.waitFor(async () => expect((await books(sendId)).claimedBy).toBeNull(), {
      timeout: 1500,
      interval: 20,
    });
    const paused = await books(sendId);
    expect(paused).toMatchObject({ status: 'paused', sending: 0, unknown: 0 });
    expect(server.messages.length).toBe(paused.sent);
    await setStatus(sendId, 'running');
    await vi.waitFor(async () => expect((await books(sendId)).status).toBe('completed'), 20_000);
    expect(await books(sendId)).toMatchObject({ sent: 200, unknown: 0 });
    expect(once(server.countsByRecipient())).toBe(true);
  });

  test('pause holds back messages that wait for a connection, too', async () => {
    let greeted = 0;
    const server = await smtp({
      onConnect: async () => {
        greeted += 1;
        await vi.waitFor(async () => expect((await books(sendId)).status).toBe('paused'), 10_000);
        await new Promise((resolve) => setTimeout(resolve, 800));
        return undefined;
      },
    });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 20 });
    schedule(server, { until: 'stopped' });
    await vi.waitFor(() => expect(greeted).toBeGreaterThan(0), 10_000);
    await setStatus(sendId, 'paused');
    await vi.waitFor(async () => expect((await books(sendId)).claimedBy).toBeNull(), 10_000);
    expect(await books(sendId)).toMatchObject({ status: 'paused', pending: 20, unknown: 0 });
    expect(server.messages).toHaveLength(0);
  });

  test('after cancel the rest stays pending', async () => {
    const server = await smtp(slow);
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 200, batchSize: 1000 });
    schedule(server, { until: 'stopped', connections: 2 });
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(5), 10_000);
    await setStatus(sendId, 'cancelled');
    await vi.waitFor(async () => expect((await books(sendId)).claimedBy).toBeNull(), 10_000);
    const after = await books(sendId);
    expect(after).toMatchObject({ status: 'cancelled', sending: 0, unknown: 0 });
    expect(after.pending).toBe(200 - after.sent);
    expect(server.messages.length).toBe(after.sent);
  });

  test('BATCH_SIZE and COOLDOWN_SECONDS pace it: one batch, then the cooldown', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, {
      recipients: 20,
      batchSize: 10,
      cooldownSeconds: 3600,
    });
    schedule(server, { until: 'stopped' });
    await vi.waitFor(async () => expect((await books(sendId)).lastBatchAt).not.toBeNull(), 10_000);
    expect(await books(sendId)).toMatchObject({ status: 'running', sent: 10, claimedBy: null });
    await scene.db.database.run(
      'UPDATE CAMPAIGN_SENDS SET COOLDOWN_SECONDS = 0, BATCH_SIZE = 3 WHERE ID = ?',
      [sendId],
    );
    await vi.waitFor(async () => expect((await books(sendId)).status).toBe('completed'), 10_000);
    expect(await books(sendId)).toMatchObject({ sent: 20 });
  });

  test('a cooldown of one second makes a batch a second, whatever the poll', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, {
      recipients: 4,
      batchSize: 1,
      cooldownSeconds: 1,
    });
    const begun = Date.now();
    await schedule(server, { pollSeconds: 60 }).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 4 });
    expect(Date.now() - begun).toBeLessThan(6_000);
  });

  test('DELAY_MS spaces the starts of messages', async () => {
    const starts = new Map<Transmission, number>();
    const timed = (transmission: Transmission): Transmission => ({
      ...transmission,
      mayProceed: () => {
        if (!starts.has(transmission)) starts.set(transmission, performance.now());
        return transmission.mayProceed();
      },
    });
    await seedQueuedSend(scene.db.database, { recipients: 30, delayMs: 100 });
    await schedule(await smtp(), { transmission: timed }).done;
    expect(starts.size).toBe(30);
    const times = [...starts.values()];
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(99.9);
    // A start that is missed by a moment must not wait for the next look at the database.
    expect(gaps.toSorted((a, b) => a - b)[27]).toBeLessThan(400);
  });

  test('a long DELAY_MS that is shortened takes effect within a second', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 5, delayMs: 3_600_000 });
    schedule(server);
    await vi.waitFor(async () => expect((await books(sendId)).sent).toBe(1), 10_000);
    await scene.db.database.run('UPDATE CAMPAIGN_SENDS SET DELAY_MS = 0 WHERE ID = ?', [sendId]);
    await vi.waitFor(async () => expect((await books(sendId)).status).toBe('completed'), 3_000);
  });
});

describe('several sends', () => {
  test('a large one does not starve a small one', async () => {
    const server = await smtp({
      onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 5)),
    });
    const large = await seedQueuedSend(scene.db.database, { recipients: 2000, batchSize: 100_000 });
    schedule(server, { until: 'stopped', connections: 2 });
    await vi.waitFor(async () => expect((await books(large)).sent).toBeGreaterThan(0), 10_000);
    const small = await seedQueuedSend(scene.db.database, { recipients: 20, batchSize: 100 });
    await vi.waitFor(async () => expect((await books(small)).status).toBe('completed'), 10_000);
    expect((await books(large)).status).toBe('running');
  });

  test('no more than two rows a connection are in flight over all of them', async () => {
    let most = 0;
    const server = await smtp({
      onData: async () => {
        const [row] = await scene.db.database.rows<{ sending: number }>(
          'SELECT SUM(SENDING_COUNT) AS sending FROM CAMPAIGN_SENDS',
        );
        most = Math.max(most, row?.sending ?? 0);
        return undefined;
      },
    });
    const ids = [];
    for (let i = 0; i < 12; i++)
      ids.push(await seedQueuedSend(scene.db.database, { recipients: 25 }));
    await schedule(server, { connections: 3 }).done;
    for (const id of ids) expect(await books(id)).toMatchObject({ status: 'completed', sent: 25 });
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(6);
  });

  test('with --once each gets one batch', async () => {
    const server = await smtp();
    const ids = [];
    for (let i = 0; i < 20; i++) {
      ids.push(await seedQueuedSend(scene.db.database, { recipients: 5, batchSize: 2 }));
    }
    await schedule(server, { until: 'once', connections: 1 }).done;
    for (const id of ids) expect(await books(id)).toMatchObject({ sent: 2, claimedBy: null });
  });
});

describe('outcomes', () => {
  test('refused recipients are failed with the words, deferred ones tried again until MAX_ATTEMPTS', async () => {
    const tries = new Map<string, number>();
    const server = await smtp({
      onRcptTo: (address) => {
        const n = (tries.get(address) ?? 0) + 1;
        tries.set(address, n);
        if (address === 'p1@example.org') return { reply: [550, '5.1.1 no such user'] };
        if (address === 'p2@example.org') return { reply: [451, '4.7.1 greylisted'] };
        if (address === 'p3@example.org' && n === 1) return { reply: [450, '4.2.0 later'] };
        return undefined;
      },
    });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 5, maxAttempts: 2 });
    // Nobody is tried on for the others' having been sent before.
    await schedule(server, { giveUpSeconds: 0 }).done;
    expect(await ledgerRows(scene.db.database, sendId)).toMatchObject([
      { status: 'failed', attempts: 1, code: 550, enhanced: '5.1.1' },
      { status: 'failed', attempts: 2, code: 451 },
      { status: 'sent', attempts: 2 },
      { status: 'sent', attempts: 1 },
      { status: 'sent', attempts: 1 },
    ]);
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 3, failed: 2 });
  });

  test('a line that breaks after the final dot leaves its row unknown, never sent again', async () => {
    const server = await smtp({
      onData: (message) => (message.to[0] === 'p3@example.org' ? 'drop' : undefined),
    });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 8 });
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 7, unknown: 1 });
  });

  test('a run of the same refusal pauses the send and gives the rows back', async () => {
    const server = await smtp({
      onRcptTo: () => ({ reply: [554, '5.7.1 our list says no to 192.0.2.1'] }),
    });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 60 });
    const { pausedThemselves } = await schedule(server, { blockAfter: 10 }).done;
    expect(pausedThemselves).toMatchObject([{ sendId }]);
    const after = await books(sendId);
    expect(after).toMatchObject({ status: 'paused', failed: 0, pending: 60, sent: 0 });
    expect(after.reason).toContain('our list says no');
  });

  test('a run that grows long enough once another reason has paused the send is given back all the same', async () => {
    const waiting: (() => void)[] = [];
    let others = (): void => undefined;
    const othersAreHere = new Promise<void>((resolve) => {
      others = resolve;
    });
    const server = await smtp({
      onRcptTo: async (address) => {
        if (address.startsWith('p1@')) {
          await othersAreHere;
          return { reply: [530, '5.7.0 Authentication required'] };
        }
        await new Promise<void>((resolve) => {
          if (waiting.push(resolve) === 3) others();
        });
        return { reply: [554, '5.7.1 our list says no to 192.0.2.1'] };
      },
    });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 4 });
    await schedule(server, {
      connections: 4,
      blockAfter: 3,
      report: (event) => {
        if (event.kind === 'message' && event.email.startsWith('p1@')) {
          for (const answer of waiting) answer();
        }
      },
    }).done;
    const after = await books(sendId);
    expect(after).toMatchObject({ status: 'paused', failed: 0, pending: 4 });
    expect(after.reason).toContain('Authentication required');
    const rows = await ledgerRows(scene.db.database, sendId);
    expect(rows.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0]);
  });

  test('a poor list is no block: it goes on past any number of unknown recipients', async () => {
    const unknown = [
      "554 delivery error: dd This user doesn't have an example.org account",
      '550 #5.1.0 Address rejected',
      '550 5.7.1 Recipient address rejected: User unknown',
      '550 Unrouteable address',
      '553 sorry, no mailbox here by that name. (#5.1.1)',
    ];
    const server = await smtp({
      onRcptTo: (address) => {
        const n = Number(/\d+/.exec(address)?.[0]);
        const [, code, text = ''] = /^(\d+) (.*)$/.exec(unknown[n % 5] ?? '') ?? [];
        return n <= 50 ? { reply: [Number(code), text] } : undefined;
      },
    });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 60 });
    await schedule(server, { blockAfter: 5 }).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', failed: 50, sent: 10 });
    const codes = (await ledgerRows(scene.db.database, sendId)).map(({ enhanced }) => enhanced);
    expect(codes.slice(0, 5).sort()).toEqual(['5.1.0', '5.1.1', '5.7.1', null, null]);
  });

  test('a block in words of 4xx pauses the send over batches, and costs nobody an attempt', async () => {
    let blocked = true;
    const server = await smtp({
      onRcptTo: (address) => {
        if (address.startsWith('p1@')) return { reply: [550, '5.1.1 User unknown'] };
        return blocked
          ? { reply: [451, '4.7.1 Currently Sending Spam See: http://list.example'] }
          : undefined;
      },
    });
    const sendId = await seedQueuedSend(scene.db.database, {
      recipients: 30,
      batchSize: 6,
      maxAttempts: 2,
    });
    await schedule(server).done;
    const after = await books(sendId);
    expect(after).toMatchObject({ status: 'paused', failed: 1, pending: 29, sent: 0 });
    expect(after.reason).toContain('refusals alike: Currently Sending Spam');
    const rows = await ledgerRows(scene.db.database, sendId);
    expect(rows.map(({ attempts }) => attempts)).toEqual([1, ...Array(29).fill(0)]);
    expect(await verifySend(scene.db.database, sendId)).toEqual([]);
    blocked = false;
    await setStatus(sendId, 'running');
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', failed: 1, sent: 29 });
    expect([...server.countsByRecipient().values()].every((count) => count === 1)).toBe(true);
  });

  test('with fewer rows than make a block they are tried again, and fail when their attempts are used up', async () => {
    const server = await smtp({ onRcptTo: () => ({ reply: [451, '4.7.1 spam'] }) });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 9, maxAttempts: 2 });
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', failed: 9 });
  });

  test('a refused sender is nobody’s fault but pauses the send at once', async () => {
    const server = await smtp({ onMailFrom: () => ({ reply: [550, '5.7.1 not from you'] }) });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 10 });
    await schedule(server).done;
    expect(await books(sendId)).toMatchObject({ status: 'paused', failed: 0, pending: 10 });
  });

  test('a server that is away costs nobody anything: backoff, then the send pauses itself', async () => {
    const server = await smtp();
    await server.close();
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 10 });
    const scheduler = schedule(server, { maxServerFailures: 2 });
    const { pausedThemselves } = await scheduler.done;
    expect(pausedThemselves).toMatchObject([{ sendId }]);
    expect(await books(sendId)).toMatchObject({ status: 'paused', pending: 10, failed: 0 });
    expect(scheduler.events.filter(({ kind }) => kind === 'server-trouble')).toHaveLength(2);
  });

  test('the server comes back: everybody gets their message once', async () => {
    const server = await smtp();
    const { port } = server;
    await server.close();
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 20 });
    const scheduler = schedule(server);
    await vi.waitFor(
      () => expect(scheduler.events.some(({ kind }) => kind === 'server-trouble')).toBe(true),
      10_000,
    );
    const back = await smtp({ port });
    await scheduler.done;
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 20 });
    expect(once(back.countsByRecipient())).toBe(true);
  });
});

describe('stopping', () => {
  test('lets what is on the wire end, gives the rest back, and leaves nothing unknown', async () => {
    const server = await smtp({
      onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 100)),
    });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 100 });
    const scheduler = schedule(server, { until: 'stopped' });
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(0), 10_000);
    await scheduler.stop();
    const after = await books(sendId);
    expect(after).toMatchObject({ unknown: 0, sending: 0, claimedBy: null, status: 'running' });
    expect(after.sent).toBe(server.messages.length);
    const [worker] = await scene.db.database.rows(
      'SELECT WORKER FROM CAMPAIGN_WORKERS WHERE WORKER = ?',
      [scheduler.worker],
    );
    expect(worker).toBeUndefined();
  });

  test('while it looks for work claims nothing of what it then finds', async () => {
    const server = await smtp();
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 5 });
    let looking = false;
    let answer = () => {};
    const stopped = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const claims: number[] = [];
    const scheduler = schedule(server, {
      until: 'stopped',
      ledger: (ledger) => ({
        ...ledger,
        findWork: async (limit) => {
          const work = await ledger.findWork(limit);
          looking = true;
          await stopped;
          return work;
        },
        claim: (id, ...given) => {
          claims.push(id);
          return ledger.claim(id, ...given);
        },
      }),
    });
    await vi.waitFor(() => expect(looking).toBe(true), 10_000);
    await scheduler.stop();
    answer();
    await new Promise(setImmediate);
    expect(claims).toEqual([]);
    expect(await books(sendId)).toMatchObject({ pending: 5, claimedBy: null });
    expect(scheduler.events.at(-1)).toEqual({ kind: 'stopped' });
    expect(server.messages).toEqual([]);
  });

  test('at the drain limit only messages owed the dot’s reply become unknown', async () => {
    const server = await smtp({ onData: () => new Promise(() => undefined) });
    const sendId = await seedQueuedSend(scene.db.database, { recipients: 20 });
    const scheduler = schedule(server, {
      until: 'stopped',
      connections: 2,
      drainSeconds: 0,
      maxServerFailures: 1,
    });
    await vi.waitFor(async () => expect((await books(sendId)).sending).toBeGreaterThan(1), 10_000);
    await vi.waitFor(() => expect(server.open).toBe(2), 10_000);
    const { serverTrouble } = await scheduler.stop();
    const after = await books(sendId);
    expect(after).toMatchObject({ sending: 0, claimedBy: null, status: 'running' });
    expect(serverTrouble).toBeNull();
    expect(scheduler.events.map(({ kind }) => kind)).not.toContain('server-trouble');
    expect(after.unknown).toBeLessThanOrEqual(2);
    expect(after.pending + after.unknown).toBe(20);
  });
});

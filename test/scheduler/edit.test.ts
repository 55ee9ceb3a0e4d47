import { describe, expect, test, vi } from 'vitest';
import { edit, type MessageEdit } from '../../src/operations/edit.ts';
import { pause } from '../../src/operations/pause.ts';
import { eachRecipient } from '../../src/operations/recipients.ts';
import { resume } from '../../src/operations/resume.ts';
import type { Ledger } from '../../src/scheduler/ports.ts';
import { verifySend } from '../../src/store/verify.ts';
import { balancedBooks } from '../support/ledger.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';
import { seedQueuedSend } from '../support/seed.ts';
import type { SmtpServer } from '../support/smtp.ts';
import { workspaceOn } from '../support/workspace.ts';

const scene = schedulerScene();
const abort = new AbortController();

const workspace = () => workspaceOn(scene.db.database);
const change = (id: number, to: MessageEdit, now = () => performance.now()) =>
  edit(workspace(), { id, change: to }, { now, signal: abort.signal, onFinding: () => undefined });

const rowsOf = async (id: number) => {
  const rows = [];
  for await (const row of eachRecipient(workspace(), { id })) rows.push(row);
  return rows;
};

/** Which version of the subject each address got. */
const gotten = (server: SmtpServer): Map<string, number> =>
  new Map(
    server.messages.map(({ to, raw }) => [
      String(to[0]),
      Number(/^Subject: version (\d+)/m.exec(raw)?.[1]),
    ]),
  );

/** Two schedulers, of which each has sent some of the send, and has it open. */
async function openInTwo(
  server: SmtpServer,
  id: number,
  spoilt: (ledger: Ledger) => Ledger = (ledger) => ledger,
) {
  let turn: number | null = 0;
  const both = [0, 1].map((own) =>
    scene.schedule(server, {
      until: 'stopped',
      ledger: (plain) => {
        const ledger = spoilt(plain);
        return {
          ...ledger,
          claim: async (...asked) => {
            if (turn !== null && turn !== own) return null;
            return ledger.claim(...asked);
          },
          endBatch: async (...asked) => {
            const ended = await ledger.endBatch(...asked);
            if (turn === own) turn = 1 - own;
            return ended;
          },
        };
      },
    }),
  );
  await vi.waitFor(
    () => {
      for (const { events } of both) {
        expect(events.map(({ kind }) => kind)).toContain('batch-ended');
      }
    },
    { timeout: 20_000, interval: 5 },
  );
  await pause(workspace(), { id });
  turn = null;
  return both;
}

const queued = (recipients: number) =>
  seedQueuedSend(scene.db.database, {
    recipients,
    batchSize: 2,
    delayMs: 10,
    subject: 'version 1 {{ name }}',
  });

const ended = (id: number) =>
  vi.waitFor(
    async () => expect((await balancedBooks(scene.db.database, id)).status).toBe('completed'),
    { timeout: 30_000, interval: 20 },
  );

describe('a message that is changed while its send is paused', () => {
  test('nobody gets the old text after resume, though two schedulers have the send open, and each row tells which it got', async () => {
    const server = await scene.smtp();
    const id = await queued(60);
    await openInTwo(server, id);
    const edited = await change(id, { subject: 'version 2 {{ name }}' });
    const before = new Set(gotten(server).keys());
    expect(edited).toMatchObject({ changed: true, values: ['subject'], textStays: false });
    expect(edited.progress.send.version).toBe(2);
    await resume(workspace(), { id });
    await vi.waitFor(() => expect(gotten(server).size).toBeGreaterThan(before.size + 4), 20_000);
    await pause(workspace(), { id });
    await change(id, { subject: 'version 3 {{ name }}', from: 'Other <news@other.example>' });
    await resume(workspace(), { id });
    await ended(id);
    const got = gotten(server);
    expect(got.size).toBe(60);
    for (const [address, version] of got) expect(version === 1).toBe(before.has(address));
    expect(new Set(got.values())).toEqual(new Set([1, 2, 3]));
    const rows = await rowsOf(id);
    for (const { email, version } of rows) expect(version).toBe(got.get(email));
    // The Message-IDs go on as they began, whoever it is from.
    const sent = new Set(server.messages.map(({ messageId }) => messageId));
    expect(new Set(rows.map(({ messageId }) => messageId))).toEqual(sent);
    for (const messageId of sent) expect(messageId).toContain('@example.com>');
    expect(await verifySend(scene.db.database, id)).toEqual([]);
  });

  test('a scheduler that heeds no version sends the old text: the test above would see it', async () => {
    const server = await scene.smtp();
    const id = await queued(30);
    await openInTwo(server, id, (ledger) => ({
      ...ledger,
      claim: async (...asked) => {
        const claimed = await ledger.claim(...asked);
        return claimed && { ...claimed, messageVersion: 1 };
      },
    }));
    const before = gotten(server).size;
    await change(id, { subject: 'version 2 {{ name }}' });
    await resume(workspace(), { id });
    await ended(id);
    expect([...gotten(server).values()].filter((version) => version === 1).length).toBeGreaterThan(
      before,
    );
  });

  test('waits for messages on the wire, and is refused with who holds them where they take too long', async () => {
    let let_go = (): void => undefined;
    const held = new Promise<undefined>((resolve) => {
      let_go = () => resolve(undefined);
    });
    const server = await scene.smtp({ onData: () => held });
    const id = await queued(10);
    const scheduler = scene.schedule(server, { until: 'stopped', connections: 1 });
    await vi.waitFor(
      async () => expect((await balancedBooks(scene.db.database, id)).sending).toBeGreaterThan(0),
      20_000,
    );
    await pause(workspace(), { id });
    let time = 0;
    const hurried = change(id, { subject: 'version 2' }, () => (time += 5_000));
    await expect(hurried).rejects.toMatchObject({
      code: 'WRONG_STATE',
      message: expect.stringMatching(
        new RegExp(
          `^send ${id} is paused, but test:\\d+ holds it still, with [12] messages? under way, and was seen \\d+ s ago$`,
        ),
      ),
      remedy: expect.stringContaining(`campaign release ${id}`),
    });
    expect((await rowsOf(id)).every(({ version }) => version === null || version === 1)).toBe(true);
    const patient = change(id, { subject: 'version 2' });
    let_go();
    expect(await patient).toMatchObject({ changed: true });
    await scheduler.stop();
  });

  test('two changes at once are both made, one after the other', async () => {
    const id = await seedQueuedSend(scene.db.database, { status: 'paused' });
    const both = await Promise.all([
      change(id, { subject: 'Other {{ name }}' }),
      change(id, { text: 'Other text' }),
    ]);
    expect(both.map(({ changed }) => changed)).toEqual([true, true]);
    const { progress } = await change(id, { subject: 'Other {{ name }}', text: 'Other text' });
    expect(progress.send.version).toBe(3);
  });
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_RELAY } from '../../src/domain/relay.ts';
import { readRelay } from '../../src/store/relays/relays.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { people, seedQueuedSend } from '../support/seed.ts';
import { type HookAnswer, type SmtpServer, startSmtpServer } from '../support/smtp.ts';
import { makeStateFolder } from '../support/state-folder.ts';
import { type SchedulerProcess, startSchedulerProcess } from './scheduler-process.ts';

const QUOTA: HookAnswer = { reply: [452, '4.5.3 daily quota exceeded'] };

let db: TestDatabase;
let smtp: SmtpServer;
let state: ReturnType<typeof makeStateFolder>;
let running: SchedulerProcess[] = [];
/** What the relay says at RCPT from the 21st message on. */
let then: () => HookAnswer | Promise<HookAnswer>;

beforeEach(async () => {
  db = await createTestDatabase();
  then = () => QUOTA;
  smtp = await startSmtpServer({
    onRcptTo: () => (smtp.messages.length < 20 ? undefined : then()),
  });
  state = makeStateFolder();
});
afterEach(async () => {
  for (const scheduler of running) scheduler.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  await smtp.close();
  await db.drop();
  state.remove();
});

function schedule(...args: string[]): SchedulerProcess {
  const scheduler = startSchedulerProcess(db.url, smtp.url, {
    args,
    env: { CAMPAIGN_STATE_DIR: state.directory, CAMPAIGN_HOLD_MAX_SECONDS: '1' },
  });
  running.push(scheduler);
  return scheduler;
}

const hold = async () => (await readRelay(db.database, DEFAULT_RELAY))?.hold ?? null;

test('a probe that is killed costs a wait: another host makes the next one, and everybody is mailed once', async () => {
  const ids = [
    await seedQueuedSend(db.database, { emails: people(40) }),
    await seedQueuedSend(db.database, { emails: people(40) }),
  ];
  let asked = 0;
  then = () => {
    if (asked === 0) return QUOTA;
    asked += 1;
    return new Promise(() => undefined);
  };
  const dies = schedule();
  await vi.waitFor(async () => expect(await hold()).not.toBeNull(), 30_000);
  await vi.waitFor(async () => expect((await hold())?.tries).toBeGreaterThan(0), 30_000);
  asked = 1;
  await vi.waitFor(() => expect(asked).toBe(2), 30_000);
  expect((await hold())?.probeBy).toMatch(new RegExp(`:${dies.pid}:`));
  dies.kill('SIGKILL');
  await dies.ended;
  then = () => undefined;
  const goesOn = schedule('--until-idle');
  expect(await goesOn.ended).toMatchObject({ code: 0 });
  for (const id of ids) {
    expect(await balancedBooks(db.database, id)).toMatchObject({
      status: 'completed',
      sent: 40,
      failed: 0,
      unknown: 0,
    });
  }
  expect([...smtp.countsByRecipient().values()].every((count) => count === 2)).toBe(true);
  expect(await hold()).toBeNull();
});

test('--once exits with RELAY_HELD when it meets a limit, and names the time at which it goes on', async () => {
  const sendId = await seedQueuedSend(db.database, { emails: people(60) });
  const met = await schedule('--once').ended;
  expect(met.code).toBe(6);
  expect(met.stderr).toMatch(
    /"code":"RELAY_HELD","message":"the relay is held: 452 4\.5\.3 daily quota exceeded; goes on by itself at \d{4}-/,
  );
  expect(await balancedBooks(db.database, sendId)).toMatchObject({ status: 'running', failed: 0 });
});

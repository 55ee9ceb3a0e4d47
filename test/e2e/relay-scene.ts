import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SendEvent } from '../../src/domain/send-events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Books, balancedBooks } from '../support/ledger.ts';
import {
  type LimitedRelay,
  type LimitedRelaySettings,
  startLimitedRelay,
} from '../support/limited-relay.ts';
import type { Ended } from '../support/output.ts';
import { spawnCampaign } from '../support/spawn-campaign.ts';
import { type SchedulerProcess, startSchedulerProcess } from './scheduler-process.ts';

/** Waits of a test: seconds where they are minutes and hours. */
const SHORT_WAITS = {
  CAMPAIGN_RETRY_FIRST_SECONDS: '1',
  CAMPAIGN_RETRY_MAX_SECONDS: '1',
  CAMPAIGN_BACKOFF_MAX_SECONDS: '1',
  CAMPAIGN_HOLD_MAX_SECONDS: '1',
};

/** A database and a relay of a test's own, and the command line on both. */
export interface RelayScene {
  db: TestDatabase;
  relay: LimitedRelay;
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended>;
  /** Queues these addresses, in one batch without a delay; gives the send's id. */
  queue(emails: readonly string[], ...args: string[]): Promise<number>;
  /** Starts a scheduler, which the scene ends if it has not ended by then. */
  schedule(args: readonly string[], env?: Record<string, string>): SchedulerProcess;
  /** A scheduler until there is nothing to do. */
  untilIdle(env?: Record<string, string>): Promise<Ended>;
  books(sendId: number): Promise<Books>;
  progress(sendId: number): Promise<Progress>;
  /** What was noted of the send, without `queued` and the like. */
  events(sendId: number, event: string): Promise<SendEvent[]>;
}

interface Progress {
  status: string;
  waiting: { for: string; until: string | null; text: string } | null;
}

/** Shows what a process wrote last where it ended otherwise. */
export const expectEnd = ({ code, stderr }: Ended, expected: number): void =>
  expect(code, stderr.slice(-3_000)).toBe(expected);

export async function withRelay(
  settings: LimitedRelaySettings,
  test: (scene: RelayScene) => Promise<void>,
): Promise<void> {
  const [db, relay] = await Promise.all([createTestDatabase(), startLimitedRelay(settings)]);
  const directory = mkdtempSync(join(tmpdir(), 'campaign-test-'));
  const text = join(directory, 'mail.txt');
  writeFileSync(text, 'The news.\n');
  const running: SchedulerProcess[] = [];
  const run = (args: readonly string[], stdin = ''): Promise<Ended> =>
    spawnCampaign(args, { env: { CAMPAIGN_DATABASE_URL: db.url }, stdin });
  const json = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await run([...args, '--json']);
    if (code !== 0) throw new Error(`campaign ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  };
  const scene: RelayScene = {
    db,
    relay,
    run: (...args) => run(args),
    queue: async (emails, ...args) => {
      const message = ['--from', 'news@example.org', '--subject', 'News', '--text', text];
      const pacing = ['--batch-size', '100000', '--cooldown-seconds', '0', '--yes'];
      const given = ['queue', '--list', '-', ...message, ...pacing, ...args];
      const { code, stdout, stderr } = await run(given, `email\n${emails.join('\n')}\n`);
      if (code !== 0) throw new Error(`queue ended with ${code}: ${stderr}`);
      return Number(stdout.match(/\d+/)?.[0]);
    },
    schedule: (args, env = {}) => {
      const options = { args, env: { ...SHORT_WAITS, ...env } };
      const scheduler = startSchedulerProcess(db.url, relay.url, options);
      running.push(scheduler);
      return scheduler;
    },
    untilIdle: (env) => scene.schedule(['--until-idle'], env).ended,
    books: (sendId) => balancedBooks(db.database, sendId),
    progress: (sendId) => json(['progress', String(sendId)]),
    events: async (sendId, event) =>
      (await json(['events', String(sendId)])).filter((one: SendEvent) => one.event === event),
  };
  try {
    await test(scene);
  } finally {
    for (const scheduler of running) scheduler.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    await relay.close();
    await db.drop();
    rmSync(directory, { recursive: true });
  }
}

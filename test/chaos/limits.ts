import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/store/mysql/database.ts';
import type { Refusal } from '../support/relay-limits.ts';
import { RELAY_WORDS } from '../support/relay-words.ts';
import type { Scene } from './faults.ts';
import { holds } from './processes.ts';
import type { Random } from './random.ts';

/** AUTH is not among them: the SMTP server of the rounds offers none. */
const STAGES = ['connect', 'mail', 'rcpt', 'data', 'dot'] as const;

const WORDS: readonly string[] = Object.values(RELAY_WORDS).map(({ reply }) => reply);

/** A provider's words, anywhere. */
const quotaOf = (random: Random): Refusal => ({
  at: random.oneOf(STAGES),
  reply: random.oneOf(WORDS),
});

/** The relay's limit is reached for a while. */
export async function exhaustQuota({ truth, random, counts }: Scene): Promise<void> {
  counts.quota += 1;
  truth.change({ quota: quotaOf(random) });
  await sleep(random.between(500, 4_000));
  truth.change({ quota: null });
}

/** The server takes fewer connections for a while. */
export async function limitConnections({ truth, random, counts }: Scene): Promise<void> {
  counts.connections += 1;
  const at = random.oneOf(['connect', 'mail', 'rcpt', 'dot'] as const);
  const reply = random.oneOf([
    '421 4.7.0 truth.example Error: too many connections from 127.0.0.1',
    '432 4.3.2 Concurrent connections limit exceeded',
    '421 Too many concurrent SMTP connections; please try again later.',
  ]);
  truth.change({ connections: { atOnce: random.between(1, 3), at, reply } });
  await sleep(random.between(500, 4_000));
  truth.change({ connections: null });
}

/** kill -9 of the worker that asks, while the relay is held, whether it takes messages again. */
export async function killProbe(scene: Scene): Promise<void> {
  const { truth, random, database, workers, counts } = scene;
  truth.change({ quota: quotaOf(random) });
  let probe: string | null = null;
  const probing = async (): Promise<boolean> => {
    probe = await probeBy(database.test.database);
    return probe !== null;
  };
  if (await holds(probing, 4_000)) {
    const worker = workers.find(({ pid }) => probe?.includes(`:${pid}:`));
    if (worker?.running) {
      counts['probe-kill'] += 1;
      await worker.kill();
      await sleep(random.between(0, 500));
      worker.start();
    }
  }
  truth.change({ quota: null });
}

/** The claim that probes a held relay; none while the database is away. */
async function probeBy(db: Database): Promise<string | null> {
  const [relay] = await db
    .rows<{ probeBy: string | null }>(
      "SELECT PROBE_BY AS probeBy FROM CAMPAIGN_RELAYS WHERE NAME = 'default' AND HELD_UNTIL IS NOT NULL",
    )
    .catch(() => []);
  return relay?.probeBy ?? null;
}

/** What a reply begins with behind its codes. */
const beginning = (reply: string): string =>
  reply.replace(/^\d{3}[ -]([245]\.\d+\.\d+ )?/, '').slice(0, 24);

const isOfQuota = (text: string | null): boolean =>
  text !== null && WORDS.some((reply) => text.includes(beginning(reply)));

/** Nobody failed and no send paused by a limit of the relay's. */
export async function limitsHeldAgainst(
  db: Database,
  sendIds: readonly number[],
): Promise<string[]> {
  const [failed, paused] = await Promise.all([
    db.rows<{ sendId: number; email: string; response: string | null }>(
      `SELECT SEND_ID AS sendId, EMAIL AS email, RESPONSE AS response FROM CAMPAIGN_SEND_RESULTS
        WHERE SEND_ID IN (?) AND STATUS = 'failed'`,
      [sendIds],
    ),
    db.rows<{ sendId: number; reason: string | null }>(
      `SELECT SEND_ID AS sendId, REASON AS reason FROM CAMPAIGN_SEND_EVENTS
        WHERE SEND_ID IN (?) AND EVENT = 'paused'`,
      [sendIds],
    ),
  ]);
  return [
    ...failed
      .filter(({ response }) => isOfQuota(response))
      .map(({ sendId, email, response }) => `send ${sendId}: ${email} failed by "${response}"`),
    ...paused
      .filter(({ reason }) => isOfQuota(reason))
      .map(({ sendId, reason }) => `send ${sendId} paused by "${reason}"`),
  ];
}

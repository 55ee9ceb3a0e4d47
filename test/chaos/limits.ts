import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/store/mysql/database.ts';
import { type Refusal, worstWindow } from '../support/relay-limits.ts';
import { RELAY_WORDS } from '../support/relay-words.ts';
import type { Scene } from './faults.ts';
import { type CommandResult, holds, operate } from './processes.ts';
import type { Random } from './random.ts';
import type { TruthEntry } from './truth.ts';

/** AUTH is not among them: the SMTP server of the rounds offers none. */
const STAGES = ['connect', 'mail', 'rcpt', 'data', 'dot'] as const;

const WORDS: readonly Refusal[] = Object.values(RELAY_WORDS);

/** A provider's words at any stage, but for a greeting's. */
function quotaOf(random: Random): Refusal {
  const { at, reply } = random.oneOf(WORDS);
  const anywhere = random.oneOf(STAGES);
  return { at: at === 'connect' ? at : anywhere, reply };
}

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
  if (await holds(probing, 8_000)) {
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

/** What the relay may be sent, over all workers, from a moment of the machine's clock that only goes on. */
export interface RelayRate {
  /** As `campaign relay default --rate` takes it. */
  rate: string;
  limits: readonly { messages: number; perMs: number }[];
  since: number;
}

const RATES: readonly Omit<RelayRate, 'since'>[] = [
  { rate: '40/s', limits: [{ messages: 40, perMs: 1_000 }] },
  { rate: '60/3s', limits: [{ messages: 60, perMs: 3_000 }] },
  {
    rate: '25/s,100/10s',
    limits: [
      { messages: 25, perMs: 1_000 },
      { messages: 100, perMs: 10_000 },
    ],
  },
];

/** A change of the rate counts within a second. */
const HEEDED_MS = 1_000;

const setRate = ({ surroundings }: Scene, rate: string): Promise<CommandResult> =>
  operate(surroundings, 'relay', 'default', '--rate', rate);

/** The operator limits what the relay is sent, for the rest of the round. */
export async function limitRate(scene: Scene): Promise<void> {
  const chosen = scene.random.oneOf(RATES);
  const { code, stderr } = await setRate(scene, chosen.rate);
  // 5: the database is away; the rate may have been set all the same.
  if (code !== 0 && code !== 5) {
    scene.contradictions.push(`campaign relay ended with ${code}: ${stderr.trim()}`);
  }
  scene.counts['operator-rate'] += 1;
  scene.rate = { ...chosen, since: code === 0 ? monotonicMs() + HEEDED_MS : Infinity };
}

/** Lifts what a round limited. */
export async function liftRate(scene: Scene): Promise<void> {
  if (!scene.rate) return;
  const { code, stderr } = await setRate(scene, 'none');
  if (code !== 0) scene.contradictions.push(`campaign relay ended with ${code}: ${stderr.trim()}`);
}

/** As the SMTP server has it: the same for all processes. */
const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** What a reply begins with behind its codes. */
const beginning = (reply: string): string =>
  reply.replace(/^\d{3}[ -]([245]\.\d+\.\d+ )?/, '').slice(0, 24);

const isOfQuota = (text: string | null): boolean =>
  text !== null && WORDS.some(({ reply }) => text.includes(beginning(reply)));

/** Nobody failed and no send paused by a limit of the relay's; to a test mail such a limit is the reply that it was sent for. */
export async function limitsHeldAgainst(
  db: Database,
  sendIds: readonly number[],
): Promise<string[]> {
  const [failed, paused] = await Promise.all([
    db.rows<{ sendId: number; email: string; response: string | null }>(
      `SELECT r.SEND_ID AS sendId, r.EMAIL AS email, r.RESPONSE AS response
         FROM CAMPAIGN_SEND_RESULTS r JOIN CAMPAIGN_SENDS s ON s.ID = r.SEND_ID
        WHERE r.SEND_ID IN (?) AND r.STATUS = 'failed' AND s.TEST_OF IS NULL`,
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

/** By so much later than others the server may read a command on a busy machine. */
const READING_LAG_MS = 250;

/** Whether more messages began in a window than the relay may be sent. */
export const rateExceeded = (
  entries: readonly TruthEntry[],
  { rate, limits, since }: RelayRate,
): string[] => {
  const started = entries
    .flatMap((entry) => (entry.kind === 'started' ? [entry.monotonic] : []))
    .filter((at) => at >= since)
    .sort((a, b) => a - b);
  return limits.flatMap(({ messages, perMs }) => {
    const worst = worstWindow(started, perMs - READING_LAG_MS);
    return worst > messages
      ? [`${worst} messages began within ${perMs} ms, at a rate of ${rate}`]
      : [];
  });
};

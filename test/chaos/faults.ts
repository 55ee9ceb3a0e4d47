import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/store/mysql/database.ts';
import { sessionsIn } from '../support/sessions.ts';
import type { Woken } from './compare.ts';
import type { ChaosDatabase } from './databases.ts';
import { exhaustQuota, killProbe, limitConnections, limitRate, type RelayRate } from './limits.ts';
import { editMessage, sendTest } from './messages.ts';
import { holds, operate, type Surroundings, type Worker } from './processes.ts';
import type { Random } from './random.ts';
import type { TruthServer } from './truth.ts';
import { unsubscribe } from './unsubscribe.ts';

/** Where a round's faults strike, and what they leave behind for the comparison. */
export interface Scene {
  database: ChaosDatabase;
  truth: TruthServer;
  workers: readonly Worker[];
  surroundings: Surroundings;
  sendIds: readonly number[];
  random: Random;
  counts: Record<FaultName, number>;
  asked: Map<string, number>;
  woken: Woken[];
  /** When a no of somebody who had not been mailed was acknowledged, in Unix milliseconds, by address. */
  saidNo: Map<string, number>;
  rate: RelayRate | null;
  contradictions: string[];
}

export const FAULTS = {
  'worker-kill': killWorker,
  'worker-stop': stopWorker,
  'worker-term': terminateWorker,
  'database-kill': killDatabase,
  'database-cut': cutSessions,
  'reconciled-kill': killReconciled,
  'smtp-kill': killSmtpServer,
  quota: exhaustQuota,
  connections: limitConnections,
  'probe-kill': killProbe,
  unsubscribe,
  'operator-pause': pauseAndResume,
  'operator-cancel': cancelSend,
  'operator-controls': changeControls,
  'operator-resolve': resolveUnknown,
  'operator-rate': limitRate,
  'operator-edit': editMessage,
  'operator-test': sendTest,
} as const;
export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** Restarting takes the place of a supervisor, some time later. */
const someTime = (random: Random, maxMs: number): Promise<void> => sleep(random.between(0, maxMs));

const database = (scene: Scene): Database => scene.database.test.database;

/** Workers that hold a claim, as soon as there are any; all of them after a while without. */
async function workersAtWork(scene: Scene): Promise<readonly Worker[]> {
  const { workers } = scene;
  let found: readonly Worker[] = [];
  const some = async (): Promise<boolean> => {
    const claims = await heldClaims(scene);
    found = workers.filter(({ pid }) => claims.some(({ by }) => by.includes(`:${pid}:`)));
    return found.length > 0;
  };
  return (await holds(some, 2_000)) ? found : workers;
}

async function killWorker(scene: Scene): Promise<void> {
  const worker = scene.random.oneOf(await workersAtWork(scene));
  if (!worker.running) return;
  scene.counts['worker-kill'] += 1;
  await worker.kill();
  await someTime(scene.random, 500);
  worker.start();
}

async function terminateWorker(scene: Scene): Promise<void> {
  const worker = scene.random.oneOf(await workersAtWork(scene));
  if (!worker.ready) return;
  scene.counts['worker-term'] += 1;
  await worker.terminate();
  await someTime(scene.random, 500);
  worker.start();
}

interface HeldClaim {
  sendId: number;
  by: string;
  number: number;
}

/** Claims that processes hold now; none while the database is away. */
const heldClaims = (scene: Scene): Promise<HeldClaim[]> =>
  database(scene)
    .rows<HeldClaim>(
      `SELECT ID AS sendId, CLAIMED_BY AS \`by\`, CLAIM_NUMBER AS number FROM CAMPAIGN_SENDS
        WHERE CLAIMED_BY IS NOT NULL`,
    )
    .catch(() => []);

/** Stops a worker that holds a claim until another has taken it over, and wakes it again. */
async function stopWorker(scene: Scene): Promise<void> {
  const { random, woken, contradictions } = scene;
  const worker = random.oneOf(await workersAtWork(scene));
  if (!worker.ready) return;
  const { pid } = worker;
  worker.freeze();
  scene.counts['worker-stop'] += 1;
  // What it had sent to the database before is done by then.
  await sleep(100);
  const claims = (await heldClaims(scene)).filter(({ by }) => by.includes(`:${pid}:`));
  const names = claims.map(({ by }) => by);
  const goneFrom = async (): Promise<boolean> => {
    const still = await database(scene)
      .rows('SELECT ID FROM CAMPAIGN_SENDS WHERE CLAIMED_BY IN (?)', [names])
      .catch(() => null);
    return still?.length === 0;
  };
  const over = async (): Promise<boolean> => worker.pid !== pid || (await goneFrom());
  if (claims.length > 0 && !(await holds(over, 40_000))) {
    contradictions.push(`nobody took over the claims of the stopped process ${pid}`);
  }
  await someTime(random, 300);
  if (worker.pid !== pid) return;
  woken.push({ client: worker.client, at: Date.now(), claims });
  worker.thaw();
}

async function killDatabase(scene: Scene): Promise<void> {
  const { kill } = scene.database;
  if (!kill) return cutSessions(scene);
  scene.counts['database-kill'] += 1;
  const restart = await kill(scene.random);
  await someTime(scene.random, 800);
  await restart();
}

/** Ends every session of the workers, as a failover or an administrator does. */
async function cutSessions(scene: Scene): Promise<void> {
  const db = database(scene);
  const sessions = await sessionsIn(db, scene.database.test.address.database).catch(() => []);
  scene.counts['database-cut'] += 1;
  for (const { id } of sessions) await db.run('KILL ?', [id]).catch(() => undefined);
}

/** Ends every session, and kills a worker that goes on with its claim after that. */
async function killReconciled(scene: Scene): Promise<void> {
  for (let cuts = 0; cuts < 3; cuts++) {
    await workersAtWork(scene);
    const before = await heldClaims(scene);
    await cutSessions(scene);
    let worker: Worker | undefined;
    const goesOn = async (): Promise<boolean> => {
      const claim = (await heldClaims(scene)).find(({ sendId, by, number }) =>
        before.some((was) => was.sendId === sendId && was.by === by && was.number < number),
      );
      worker = scene.workers.find(({ pid }) => claim?.by.includes(`:${pid}:`));
      return worker !== undefined;
    };
    if (!(await holds(goesOn, 1_000)) || !worker?.running) continue;
    await someTime(scene.random, 100);
    scene.counts['reconciled-kill'] += 1;
    await worker.kill();
    await someTime(scene.random, 500);
    worker.start();
    return;
  }
}

async function killSmtpServer(scene: Scene): Promise<void> {
  scene.counts['smtp-kill'] += 1;
  await scene.truth.kill();
  await someTime(scene.random, 800);
  await scene.truth.restart();
}

/** Exit codes with which a command may answer while things fall over: refused by state, or no database. */
const FAIR_ANSWERS: readonly (number | null)[] = [0, 3, 4, 5];

export async function command(scene: Scene, ...args: string[]): Promise<number | null> {
  const { code, stderr } = await operate(scene.surroundings, ...args);
  if (!FAIR_ANSWERS.includes(code)) {
    scene.contradictions.push(`campaign ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  }
  return code;
}

export const aSend = ({ random, sendIds }: Scene): string => String(random.oneOf(sendIds));

async function pauseAndResume(scene: Scene): Promise<void> {
  const id = aSend(scene);
  scene.counts['operator-pause'] += 1;
  await command(scene, 'pause', id, '--reason', 'chaos');
  await command(scene, 'resume', id);
}

async function cancelSend(scene: Scene): Promise<void> {
  // Rarely: a cancelled send has little left to go wrong.
  if (!scene.random.chance(0.3)) return;
  scene.counts['operator-cancel'] += 1;
  await command(scene, 'cancel', aSend(scene), '--yes');
}

async function changeControls(scene: Scene): Promise<void> {
  const { random } = scene;
  const controls = ['--delay-ms', String(random.between(0, 8))];
  controls.push('--batch-size', String(random.between(20, 60)));
  controls.push('--cooldown-seconds', String(random.between(0, 1)));
  scene.counts['operator-controls'] += 1;
  await command(scene, 'controls', aSend(scene), ...controls);
}

/** Puts an unknown recipient back to pending: the one way to a second copy, and it is counted. */
async function resolveUnknown(scene: Scene): Promise<void> {
  const unknown = (): Promise<{ id: number; email: string }[]> =>
    database(scene)
      .rows<{ id: number; email: string }>(
        `SELECT SEND_ID AS id, EMAIL AS email FROM CAMPAIGN_SEND_RESULTS
          WHERE SEND_ID IN (?) AND STATUS = 'unknown' LIMIT 20`,
        [scene.sendIds],
      )
      .catch(() => []);
  let found: { id: number; email: string }[] = [];
  await holds(async () => {
    found = await unknown();
    return found.length > 0;
  }, 1_500);
  if (found.length === 0) return;
  const { id, email } = scene.random.oneOf(found);
  // Counted before it is done: a command whose answer was lost may have been obeyed.
  scene.counts['operator-resolve'] += 1;
  scene.asked.set(email, (scene.asked.get(email) ?? 0) + 1);
  const args = [String(id), '--as', 'pending', '--email', email, '--yes'];
  const code = await command(scene, 'resolve', ...args);
  if (code === 3 || code === 4) scene.asked.set(email, (scene.asked.get(email) ?? 0) - 1);
}

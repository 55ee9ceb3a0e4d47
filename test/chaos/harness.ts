import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endVerifier } from '../support/dkim.ts';
import { CAMPAIGN } from '../support/spawn-campaign.ts';
import { makeStateFolder } from '../support/state-folder.ts';
import { compare, unbalanced, type Verdict } from './compare.ts';
import { wrongContents } from './contents.ts';
import type { ChaosDatabase } from './databases.ts';
import { FAULT_NAMES, FAULTS, type FaultName, type Scene } from './faults.ts';
import { liftRate, limitsHeldAgainst, rateExceeded } from './limits.ts';
import { testsOf, wrongMessages } from './messages.ts';
import { CONNECTIONS, holds, operate, type Surroundings, Worker } from './processes.ts';
import { Random } from './random.ts';
import { forgetSends, type SendPacing, seedSends } from './sends.ts';
import { signingSettings, wronglySigned } from './signatures.ts';
import { TruthServer } from './truth.ts';
import { mailedAfterwards } from './unsubscribe.ts';

export interface ChaosOptions {
  /** Round n is decided by seed + n: a failed round is replayed by its own seed. */
  seed: number;
  rounds: number;
  database: ChaosDatabase;
  workers?: number;
  /** Draw from these only. */
  faults?: readonly FaultName[];
  /** Pacing of every send, instead of one drawn for each. */
  pacing?: SendPacing;
  /** Whether what has been found so far is enough; when left out, the first bad round ends the run. */
  until?: (total: ChaosResult) => boolean;
  /** How long the sends may take to end once the faults are over; 90 when left out. */
  patienceSeconds?: number;
  /** The program under test; the checkout's own when left out. */
  program?: string;
  /** Told of each round's end. */
  onRound?: (round: RoundResult) => void;
}

export interface RoundResult extends Verdict {
  number: number;
  seed: number;
  drawn: FaultName[];
  seconds: number;
}

export interface ChaosResult {
  ok: boolean;
  rounds: number;
  recipients: number;
  /** How often each fault struck. */
  faults: Record<FaultName, number>;
  /** Processes killed: workers, database servers, SMTP servers. */
  kills: number;
  copiesTooMany: number;
  lost: number;
  late: number;
  unknown: number;
  unknownBound: number;
  /** What the last bad round contradicted itself in, its seed, and where its logs are. */
  failure: { seed: number; contradictions: string[]; directory: string } | null;
}

/** A storm lasts as long as the faults, and never so short that the sends do not meet it. */
const STORM_MS = 2_000;

/** Rounds of faults against real processes, each compared with the truth. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const directory = mkdtempSync(join(tmpdir(), 'campaign-chaos-'));
  const chaos = await Chaos.begin(options, directory);
  const cut = (): void => chaos.cut();
  process.once('exit', cut);
  try {
    return await chaos.run();
  } finally {
    await chaos.end();
    process.off('exit', cut);
    if (!chaos.failed) rmSync(directory, { recursive: true, force: true });
  }
}

class Chaos {
  private readonly counts = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as Record<
    FaultName,
    number
  >;
  private readonly workers: Worker[];
  failed = false;

  private constructor(
    private readonly options: ChaosOptions,
    private readonly directory: string,
    private readonly truth: TruthServer,
    private readonly surroundings: Surroundings,
    private readonly removeState: () => void,
  ) {
    this.workers = Array.from(
      { length: options.workers ?? 3 },
      (_, i) => new Worker(i + 1, surroundings),
    );
  }

  static async begin(options: ChaosOptions, directory: string): Promise<Chaos> {
    const truth = await TruthServer.start(directory, options.seed);
    const state = makeStateFolder();
    const surroundings = {
      program: options.program ?? CAMPAIGN,
      directory,
      stateDirectory: state.directory,
      smtpPort: truth.port,
      settings: signingSettings(directory),
      urlFor: (worker: number) => options.database.urlFor(worker),
    };
    return new Chaos(options, directory, truth, surroundings, state.remove);
  }

  async run(): Promise<ChaosResult> {
    const { seed, rounds, onRound, until = ({ ok }) => !ok } = this.options;
    const total: ChaosResult = {
      ok: true,
      rounds: 0,
      recipients: 0,
      faults: this.counts,
      kills: 0,
      copiesTooMany: 0,
      lost: 0,
      late: 0,
      unknown: 0,
      unknownBound: 0,
      failure: null,
    };
    for (const worker of this.workers) worker.start();
    for (let number = 0; number < rounds && !until(total); number++) {
      const round = await this.round(number, seed + number);
      onRound?.(round);
      total.rounds += 1;
      for (const figure of FIGURES) total[figure] += round[figure];
      if (round.contradictions.length > 0) {
        this.failed = true;
        total.ok = false;
        const { contradictions } = round;
        total.failure = { seed: round.seed, contradictions, directory: this.directory };
      }
    }
    const { counts } = this;
    total.kills = FAULT_NAMES.filter((name) => name.endsWith('-kill')).reduce(
      (sum, name) => sum + counts[name],
      0,
    );
    return total;
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.truth.kill();
    endVerifier();
    this.removeState();
  }

  /** The harness ends before its time: its processes with it. */
  cut(): void {
    for (const worker of this.workers) void worker.kill();
    void this.truth.kill();
    rmSync(this.directory, { recursive: true, force: true });
    this.removeState();
  }

  private async round(number: number, seed: number): Promise<RoundResult> {
    const { database, faults = FAULT_NAMES } = this.options;
    const db = database.test.database;
    const random = new Random(seed);
    const begun = performance.now();
    const smtpKillsBefore = this.counts['smtp-kill'];
    const given = await seedSends(db, random, seed, this.options.pacing);
    const sendIds = [...given.keys()];
    const scene: Scene = {
      database,
      truth: this.truth,
      workers: this.workers,
      surroundings: this.surroundings,
      sendIds,
      random,
      counts: this.counts,
      asked: new Map(),
      woken: [],
      saidNo: new Map(),
      rate: null,
      contradictions: [],
    };
    for (const worker of this.workers) worker.start();
    this.truth.change({ stormy: true });
    const watch = this.watch(scene);
    const drawn = draw(random, faults);
    await Promise.all([
      sleep(STORM_MS),
      ...drawn.map(async (name) => {
        await sleep(random.between(100, 1500));
        await FAULTS[name](scene);
      }),
    ]);
    const all = [...sendIds, ...(await testsOf(db, sendIds))];
    await this.settle({ ...scene, sendIds: all });
    await watch.stop();
    await liftRate(scene);
    const entries = this.truth.entries();
    const verdict = await compare(db, entries, {
      sendIds: all,
      asked: scene.asked,
      woken: scene.woken,
      smtpKills: this.counts['smtp-kill'] - smtpKillsBefore,
      connectionsInAll: CONNECTIONS * this.workers.length,
      connectionsEach: CONNECTIONS,
    });
    verdict.contradictions.unshift(
      ...scene.contradictions,
      ...(await this.verify(all)),
      ...(await limitsHeldAgainst(db, all)),
      ...(await wrongMessages(db, entries, all)),
      ...(await wrongContents(db, this.truth, entries, given, all)),
      ...(await wronglySigned(this.truth, entries)),
      ...mailedAfterwards(entries, scene.saidNo),
      ...(scene.rate ? rateExceeded(entries, scene.rate) : []),
      ...this.workers.flatMap((worker) => [...worker.surprises, ...worker.faults()]),
    );
    if (verdict.contradictions.length > 0) await this.keep(all);
    else {
      await forgetSends(db, all);
      this.truth.forget();
    }
    const seconds = (performance.now() - begun) / 1000;
    return { ...verdict, number, seed, drawn, seconds };
  }

  /** Until stopped: looks whether the books balance at every commit. */
  private watch(scene: Scene): { stop: () => Promise<void> } {
    const db = this.options.database.test.database;
    let stopped = false;
    const watching = (async () => {
      while (!stopped) {
        try {
          scene.contradictions.push(...(await unbalanced(db, scene.sendIds)));
        } catch {
          // The database is away, or a stopped worker holds the row: the next look will do.
        }
        await sleep(150);
      }
    })();
    return {
      stop: () => {
        stopped = true;
        return watching;
      },
    };
  }

  /** The weather clears, everybody is back, deferred rows become due, paused sends go on: until all have ended. */
  private async settle(scene: Scene): Promise<void> {
    const db = this.options.database.test.database;
    this.truth.change({ stormy: false, quota: null, connections: null });
    const ended = await holds(
      async () => {
        for (const worker of this.workers) worker.start();
        try {
          const open = await db.rows<{ id: number; status: string }>(
            `SELECT ID AS id, STATUS AS status FROM CAMPAIGN_SENDS
            WHERE ID IN (?) AND (STATUS NOT IN ('completed', 'cancelled') OR CLAIMED_BY IS NOT NULL
                                 OR SENDING_COUNT <> 0)`,
            [scene.sendIds],
          );
          if (open.length === 0) return true;
          await db.run(
            `UPDATE CAMPAIGN_SEND_RESULTS SET NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3)
            WHERE SEND_ID IN (?) AND ATTENTION = 4 AND NEXT_ATTEMPT_AT > UTC_TIMESTAMP(3)`,
            [scene.sendIds],
          );
          for (const { id, status } of open) {
            if (status === 'paused') await operate(this.surroundings, 'resume', String(id));
          }
        } catch {
          // The database may still be coming back.
        }
        await sleep(100);
        return false;
      },
      (this.options.patienceSeconds ?? 90) * 1000,
    );
    if (!ended) scene.contradictions.push('the sends did not come to an end');
  }

  private async verify(sendIds: readonly number[]): Promise<string[]> {
    const results = await Promise.all(
      sendIds.map((id) => operate(this.surroundings, 'verify', String(id), '--json')),
    );
    return results
      .filter(({ code }) => code !== 0)
      .map(({ code, stdout, stderr }) => `campaign verify ended with ${code}: ${stdout}${stderr}`);
  }

  /** Leaves the ledger beside truth and logs. */
  private async keep(sendIds: readonly number[]): Promise<void> {
    const db = this.options.database.test.database;
    const tables = {
      sends: 'SELECT * FROM CAMPAIGN_SENDS WHERE ID IN (?)',
      results: 'SELECT * FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID IN (?) ORDER BY SEND_ID, SEQ',
      events: 'SELECT * FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID IN (?) ORDER BY ID',
    };
    for (const [name, sql] of Object.entries(tables)) {
      const lines = (await db.rows(sql, [sendIds])).map((row) => JSON.stringify(row));
      writeFileSync(join(this.directory, `${name}.jsonl`), `${lines.join('\n')}\n`);
    }
  }
}

const FIGURES = ['recipients', 'copiesTooMany', 'lost', 'late', 'unknown', 'unknownBound'] as const;

/** Two to five different faults. */
function draw(random: Random, faults: readonly FaultName[]): FaultName[] {
  const left = [...faults];
  const drawn: FaultName[] = [];
  const count = Math.min(random.between(2, 5), left.length);
  while (drawn.length < count) {
    const at = random.between(0, left.length - 1);
    drawn.push(...left.splice(at, 1));
  }
  return drawn;
}

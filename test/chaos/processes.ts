import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The program under test and the surroundings its processes get. */
export interface Surroundings {
  /** `bin/campaign.js`, or a copy that a test has spoilt. */
  program: string;
  /** For logs. */
  directory: string;
  /** CAMPAIGN_STATE_DIR of the workers that keep a flight recorder. */
  stateDirectory: string;
  smtpPort: number;
  /** Further settings of the workers. */
  settings: Readonly<Record<string, string>>;
  urlFor(worker: number): string;
}

/** This one finds no folder for its state: its death is proved by its pid, and all in its hands becomes unknown. */
const WITHOUT_STATE = 3;

export const CONNECTIONS = 4;
/** Claims go stale after this, so that a stopped worker really sleeps past its lease. */
export const STALE_SECONDS = 6;

const environment = (databaseUrl: string, smtpUrl: string): Record<string, string | undefined> => ({
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  CAMPAIGN_DATABASE_URL: databaseUrl,
  CAMPAIGN_SMTP_URL: smtpUrl,
  CAMPAIGN_RETRY_FIRST_SECONDS: '1',
  CAMPAIGN_RETRY_MAX_SECONDS: '2',
  CAMPAIGN_BACKOFF_MAX_SECONDS: '1',
  CAMPAIGN_HOLD_MAX_SECONDS: '1',
});

interface LogLine {
  level: number;
  event?: string;
  msg: string;
}

/** One place for a scheduler: a process runs in it, is killed, stopped or ended, and another follows. */
export class Worker {
  /** Processes that no longer run. */
  readonly dead: number[] = [];
  /** What ended otherwise than we had asked for. */
  readonly surprises: string[] = [];
  private child: ChildProcess | undefined;
  private expected: 'exit' | 'kill' | null = null;
  private logBegan = 0;

  constructor(
    readonly number: number,
    private readonly surroundings: Surroundings,
  ) {}

  /** Its name at the SMTP server. */
  get client(): string {
    return `worker-${this.number}.example`;
  }

  get log(): string {
    return join(this.surroundings.directory, `worker-${this.number}.log`);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get running(): boolean {
    return this.child !== undefined;
  }

  /** Whether the process has begun its work, and so heeds a signal. */
  get ready(): boolean {
    if (!this.running) return false;
    return readFileSync(this.log).subarray(this.logBegan).includes('"event":"started"');
  }

  start(): void {
    if (this.child) return;
    const { program, smtpPort, directory, stateDirectory, settings, urlFor } = this.surroundings;
    const args = ['run-scheduler', '--json', '--poll-seconds', '1'];
    args.push('--connections', String(CONNECTIONS), '--stale-seconds', String(STALE_SECONDS));
    const log = openSync(this.log, 'a');
    this.logBegan = fstatSync(log).size;
    const child = spawn(process.execPath, [program, ...args], {
      cwd: directory,
      env: {
        ...environment(urlFor(this.number), `smtp://127.0.0.1:${smtpPort}?name=${this.client}`),
        ...settings,
        ...(this.number === WITHOUT_STATE ? {} : { CAMPAIGN_STATE_DIR: stateDirectory }),
      },
      stdio: ['ignore', 'ignore', log],
    });
    closeSync(log);
    this.child = child;
    this.expected = null;
    child.once('exit', (code, signal) => {
      this.dead.push(child.pid as number);
      this.child = undefined;
      const as = this.expected === 'exit' ? 0 : null;
      // Without a database at its start a scheduler ends with 5, and is started anew.
      if (this.expected === 'kill' || code === as || (this.expected === null && code === 5)) return;
      if (this.expected === 'exit' && code === 5) return;
      this.surprises.push(`worker ${this.number} ended with ${signal ?? `code ${code}`}`);
    });
  }

  /** kill -9. */
  kill(): Promise<void> {
    return this.end('SIGKILL', 'kill');
  }

  /** SIGTERM, and waits for the end. */
  terminate(): Promise<void> {
    return this.end('SIGTERM', 'exit');
  }

  /** SIGSTOP and SIGCONT. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Errors in its log, and a recorder given up: faults of ours, never of the surroundings. */
  faults(): string[] {
    const lines = readFileSync(this.log, 'utf8').split('\n');
    return lines
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine)
      .filter(
        ({ level, event, msg }) =>
          msg && (event === 'no-recorder' || (level >= 50 && event !== 'paused-itself')),
      )
      .map(({ msg }) => `worker ${this.number}: ${msg}`);
  }

  private async end(signal: NodeJS.Signals, expected: 'exit' | 'kill'): Promise<void> {
    const { child } = this;
    if (!child) return;
    const gone = once(child, 'exit');
    if (this.expected !== 'kill') this.expected = expected;
    child.kill(signal);
    await gone;
  }
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command of the program under test, as an operator would. */
export async function operate(
  { program, directory, urlFor }: Surroundings,
  ...args: string[]
): Promise<CommandResult> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: environment(urlFor(0), ''),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result: CommandResult = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    result.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    result.stderr += chunk;
  });
  [result.code] = (await once(child, 'close')) as [number | null];
  return result;
}

/** Looks every 20 ms until it holds; false when it does not within the time. */
export async function holds(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}

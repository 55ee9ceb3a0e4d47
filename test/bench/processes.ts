import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CAMPAIGN = join(ROOT, 'bin/campaign.js');
const MODULES = join(ROOT, 'test/bench/parties/modules.js');

/** Clock ticks a second in /proc (USER_HZ): 100 wherever Linux runs Node. */
const TICKS_PER_SECOND = 100;
const SAMPLE_EVERY_MS = 50;

/** Seconds of CPU a process has used so far; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold blanks: user and system time are fields 14 and 15, the 12th and 13th after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** Megabytes of memory: `VmRSS` as it is now, `VmHWM` at its highest. 0 when the process is gone. */
export function memoryMb(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  try {
    const line = new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    );
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export interface Finished {
  seconds: number;
  cpuSeconds: number;
  peakMb: number;
  stdout: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Called every few milliseconds while it runs. */
  sample?: (pid: number) => void;
  /** Ends it by SIGTERM. */
  stop?: AbortSignal;
}

/** Runs a program to its end and tells what it took. @throws Error with what it said when it fails */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const begun = performance.now();
  const child = spawn(program, args, {
    cwd: options.cwd ?? '/',
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.stop?.addEventListener('abort', () => child.kill('SIGTERM'));
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const usage = { cpuSeconds: 0, peakMb: 0 };
  const timer = setInterval(() => {
    const { pid } = child;
    if (pid === undefined) return;
    usage.cpuSeconds = Math.max(usage.cpuSeconds, cpuSeconds(pid));
    usage.peakMb = Math.max(usage.peakMb, memoryMb(pid, 'VmHWM'));
    options.sample?.(pid);
  }, SAMPLE_EVERY_MS);
  try {
    const code = await ended(child);
    const seconds = (performance.now() - begun) / 1000;
    if (code !== 0)
      throw new Error(
        `${program} ${args.join(' ')} ended with ${code}\n${stderr.text}${stdout.text}`,
      );
    return { seconds, ...usage, stdout: stdout.text };
  } finally {
    clearInterval(timer);
  }
}

function collect(stream: NodeJS.ReadableStream): { text: string } {
  const collected = { text: '' };
  stream.on('data', (chunk: Buffer) => {
    collected.text += chunk.toString();
  });
  return collected;
}

function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  });
}

export interface CampaignOptions extends RunOptions {
  databaseUrl: string;
  smtpPort?: number;
  /** Where to keep a profile of it. */
  profileDirectory?: string | undefined;
}

/** Runs the built command line, as a user would. */
export function campaign(args: readonly string[], options: CampaignOptions): Promise<Finished> {
  const { databaseUrl, smtpPort, profileDirectory, ...rest } = options;
  const program = profileDirectory
    ? ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`, MODULES]
    : [CAMPAIGN];
  return run(process.execPath, [...program, ...args], {
    ...rest,
    env: {
      ...rest.env,
      CAMPAIGN_DATABASE_URL: databaseUrl,
      ...(smtpPort === undefined ? {} : { CAMPAIGN_SMTP_URL: `smtp://127.0.0.1:${smtpPort}` }),
    },
  });
}

/** Runs one of the rivals in `parties/`, which prints what it came to as JSON. */
export async function party(name: string, given: object): Promise<{ seconds: number }> {
  const script = join(ROOT, 'test/bench/parties', `${name}.js`);
  const { stdout } = await run(process.execPath, [script, JSON.stringify(given)]);
  return JSON.parse(stdout) as { seconds: number };
}

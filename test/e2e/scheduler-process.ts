import { spawn } from 'node:child_process';
import { collectOutput, type Ended } from '../support/output.ts';
import { CAMPAIGN } from '../support/spawn-campaign.ts';

export interface SchedulerProcess {
  pid: number;
  /** What it has logged so far. */
  readonly log: string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended & { signal: NodeJS.Signals | null }>;
}

/** Runs `campaign run-scheduler` as a process of its own, logging a line a message. */
export function startSchedulerProcess(
  databaseUrl: string,
  smtpUrl: string,
  options: { args?: readonly string[]; env?: Record<string, string>; program?: string } = {},
): SchedulerProcess {
  const args = ['run-scheduler', '--poll-seconds', '1', '--connections', '4', '--json'];
  args.push('--log-level', 'debug', ...(options.args ?? []));
  const child = spawn(process.execPath, [options.program ?? CAMPAIGN, ...args], {
    cwd: '/',
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      CAMPAIGN_DATABASE_URL: databaseUrl,
      CAMPAIGN_SMTP_URL: smtpUrl,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collectOutput(child);
  return {
    pid: child.pid as number,
    get log() {
      return output.stderr;
    },
    kill: (signal) => void child.kill(signal),
    ended: output.ended.then((ended) => ({ ...ended, signal: child.signalCode })),
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { collectOutput, type Ended } from './output.ts';
import { CAMPAIGN } from './spawn-campaign.ts';

export interface ServeProcess {
  pid: number;
  /** `http://127.0.0.1:port`. */
  url: string;
  readonly log: string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

/** Runs `campaign serve` as a process of its own, on a port that is free, and waits until it listens. */
export async function startServeProcess(
  databaseUrl: string,
  args: readonly string[] = [],
): Promise<ServeProcess> {
  const child = spawn(
    process.execPath,
    [CAMPAIGN, 'serve', '--public', '127.0.0.1:0', '--json', ...args],
    {
      cwd: '/',
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        CAMPAIGN_DATABASE_URL: databaseUrl,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const output = collectOutput(child);
  const addressOf = (): string | undefined => /"address":"([^"]+)"/.exec(output.stderr)?.[1];
  while (addressOf() === undefined) {
    if (child.exitCode !== null) throw new Error(`serve ended: ${output.stderr}`);
    await Promise.race([once(child.stderr, 'data'), once(child, 'close')]);
  }
  return {
    pid: child.pid as number,
    url: addressOf() as string,
    get log() {
      return output.stderr;
    },
    kill: (signal) => void child.kill(signal),
    ended: output.ended,
  };
}

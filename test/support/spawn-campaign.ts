import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { collectOutput, type Ended } from './output.ts';

export const CAMPAIGN = fileURLToPath(new URL('../../bin/campaign.js', import.meta.url));

/** A number that no passwd database knows, for the `uid` of a command. */
export const NOBODYS_UID = 54_321;

/** Whether commands can run under another user's number: we are root, and this checkout is readable for all. */
export const canChangeUser = (): boolean =>
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['--check', CAMPAIGN], { cwd: '/', uid: NOBODYS_UID }).status === 0;

export interface CliOptions {
  /** Added to an environment that has PATH and nothing of campaign's. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** What the program reads; nothing by default. */
  stdin?: string;
  /** Another user, by number; takes root. */
  uid?: number;
}

/** Runs the built program as a user does, off a terminal, and waits until it has ended. */
export function spawnCampaign(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [CAMPAIGN, ...args], {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...options.env },
    stdio: 'pipe',
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  return collectOutput(child).ended;
}

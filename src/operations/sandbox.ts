import type { SandboxStatus } from '../domain/sandbox.js';
import * as servers from '../sandbox/sandbox.js';

/** Where a sandbox lives: an absolute path. */
export interface SandboxPlace {
  directory: string;
}

/**
 * Starts what is not running of the two servers.
 * @param signal comes in too late to cut a start short, but what it started is stopped again
 * @returns `started` is false when all was up already; null when it was stopped again
 * @throws CampaignError BAD_SETTING, NO_DATABASE_SERVER, DATABASE_UNREACHABLE, SMTP_UNREACHABLE
 */
export async function startSandbox({
  directory,
  signal,
}: SandboxPlace & { signal?: AbortSignal | undefined }): Promise<{
  started: boolean;
  status: SandboxStatus;
} | null> {
  const result = await servers.startSandbox(directory);
  if (!signal?.aborted) return result;
  if (result.started) await servers.stopSandbox(directory);
  return null;
}

/**
 * Stops both servers; mail and data stay.
 * @returns `stopped` is false when nothing was running
 */
export async function stopSandbox({
  directory,
}: SandboxPlace): Promise<{ stopped: boolean; status: SandboxStatus }> {
  const stopped = await servers.stopSandbox(directory);
  return { stopped, status: await servers.sandboxStatus(directory) };
}

export const sandboxStatus = ({ directory }: SandboxPlace): Promise<SandboxStatus> =>
  servers.sandboxStatus(directory);

/** Deletes the captured mail and every send; a running sandbox goes on, empty. */
export async function resetSandbox({ directory }: SandboxPlace): Promise<SandboxStatus> {
  await servers.resetSandbox(directory);
  return servers.sandboxStatus(directory);
}

import { type Progress, progressOf } from '../domain/progress.js';
import type { ShownStatus } from '../domain/send.js';
import { listSnapshots } from '../store/sends/row.js';
import type { Workspace } from './workspace.js';

/** Which sends: those shown with a status, those older than one, so many at most. */
export interface ListQuery {
  status?: ShownStatus | undefined;
  before?: number | undefined;
  /** Test mails too. */
  tests?: boolean | undefined;
  limit: number;
}

/** A page of sends, the newest first. */
export async function list(
  workspace: Workspace,
  { status, before, tests = false, limit }: ListQuery,
): Promise<Progress[]> {
  const snapshots = await listSnapshots(await workspace.database(), {
    limit,
    tests,
    ...(before === undefined ? {} : { beforeId: before }),
    ...(status === undefined ? {} : { status }),
  });
  return snapshots.map(progressOf);
}

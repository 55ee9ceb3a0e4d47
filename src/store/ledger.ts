import type { StaleClaim } from '../domain/claim.js';
import type { ShareState } from '../domain/connection-share.js';
import type { LeaseState } from '../domain/leases.js';
import type { StoredMessage } from '../domain/message.js';
import { DEFAULT_RELAY } from '../domain/relay.js';
import type { NewSuppression } from '../domain/suppression.js';
import type { BackingOff, WorkerIdentity } from '../domain/worker.js';
import { removeOldFiles } from './files/remove.js';
import { largestRowFile } from './files/send-files.js';
import { readMessage } from './messages.js';
import type { Database } from './mysql/database.js';
import { explained } from './mysql/errors.js';
import { failPending } from './recipients/give-up.js';
import { nextRows } from './recipients/next-rows.js';
import { reconcile, settleLate } from './recipients/reconcile.js';
import { checkedStep, step } from './recipients/step.js';
import { readLeases, writeLeases } from './relays/leases.js';
import { readShares, writeShares } from './relays/shares.js';
import { claim, endBatch, readState, unclaim } from './sends/claim.js';
import { countUnfinished, findUnsignable, findWork, type WorkScope } from './sends/due.js';
import { pauseItself, wasToldTooLarge } from './sends/self-pause.js';
import * as takeover from './sends/takeover.js';
import { findSuppressed, suppressionChanges } from './suppressions/changes.js';
import { suppress } from './suppressions/suppress.js';
import { beat, findNeighbours, removeWorker } from './workers.js';

async function loadMessage(db: Database, sendId: number, version: number): Promise<StoredMessage> {
  const message = await readMessage(db, sendId, version);
  if (!message) {
    throw new Error(`send ${sendId} has no row of version ${version} in CAMPAIGN_MESSAGES`);
  }
  return message;
}

/**
 * The database as the scheduler sees it. Errors come as `explainDatabaseError` words them, so that "cannot serve us
 * now" is told from a fault.
 * @param staleSeconds a claim not renewed for so long is taken over: the same for all schedulers on a database
 * @param scope what of the work it may do
 */
export function createLedger(db: Database, staleSeconds?: number, scope: WorkScope = {}) {
  const on = <A extends unknown[], R>(call: (db: Database, ...args: A) => Promise<R>) =>
    explained(db, (...args: A) => call(db, ...args));

  return {
    findWork: on((_, limit: number) => findWork(db, limit, scope)),
    countUnfinished: on((_, maxWaitSeconds: number | null) =>
      countUnfinished(db, maxWaitSeconds, scope),
    ),
    findUnsignable: on((_) => findUnsignable(db, scope.dkimDomains ?? [])),
    findStale: on((_) => takeover.findStale(db, staleSeconds)),
    findSilent: on((_) => takeover.findSilent(db, staleSeconds)),
    reclaim: on((_, stale: StaleClaim, actor: string) =>
      takeover.reclaim(db, stale, actor, staleSeconds),
    ),
    findNeighbours: on(findNeighbours),
    findClaimsOf: on(takeover.findClaimsOf),
    takeOver: on(takeover.takeOver),
    findReclaimed: on(takeover.findReclaimed),
    claim: on((_, sendId: number, by: string, firstTime: boolean) =>
      claim(db, sendId, by, firstTime, scope.dkimDomains),
    ),
    unclaim: on(unclaim),
    state: on(readState),
    pauseItself: on(pauseItself),
    failPending: on(failPending),
    loadMessage: on(loadMessage),
    largestRowFile: on(largestRowFile),
    wasToldTooLarge: on(wasToldTooLarge),
    removeOldFiles: on(removeOldFiles),
    nextRows: on(nextRows),
    step: on(step),
    checkedStep: on(checkedStep),
    suppressionChanges: on(suppressionChanges),
    suppress: on(
      async (db, entries: readonly NewSuppression[]) => void (await suppress(db, entries)),
    ),
    findSuppressed: on(findSuppressed),
    reconcile: on(reconcile),
    settleLate: on(settleLate),
    endBatch: on(endBatch),
    readShares: on((_) => readShares(db, DEFAULT_RELAY)),
    writeShares: on((_, version: number | null, state: ShareState) =>
      writeShares(db, DEFAULT_RELAY, version, state),
    ),
    readLeases: on((_) => readLeases(db, DEFAULT_RELAY)),
    writeLeases: on((_, version: number | null, state: LeaseState) =>
      writeLeases(db, DEFAULT_RELAY, version, state),
    ),
    beat: on((_, worker: WorkerIdentity, backingOff: BackingOff | null) =>
      beat(db, {
        ...worker,
        dkimDomains: scope.dkimDomains ?? [],
        ...(backingOff ? { backingOffMs: backingOff.ms, backingOffReason: backingOff.reason } : {}),
      }),
    ),
    leave: on(removeWorker),
  };
}

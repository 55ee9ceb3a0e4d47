import type { WorkerIdentity } from '../domain/delivery.js';
import type { Report } from '../domain/scheduler-events.js';
import type { Host, Ledger } from './ports.js';

/** What taking over from the dead works with. */
export interface TakeoverTools {
  ledger: Ledger;
  host: Host;
  worker: WorkerIdentity;
  report: Report;
}

/** Takes over every claim of each worker whose death this host proves, however short a time ago it was renewed. */
export async function takeOverFromTheDead(tools: TakeoverTools): Promise<void> {
  const { ledger, host, worker, report } = tools;
  const { bootId } = worker.life;
  if (bootId === null) return;
  for (const neighbour of await ledger.findNeighbours(bootId, worker.worker)) {
    if (!(await host.isDead(neighbour))) continue;
    for (const claim of await ledger.findClaimsOf(neighbour.worker)) {
      const taken = await ledger.takeOver(claim, worker.worker);
      if (taken) report({ kind: 'taken-over', sendId: claim.sendId, from: claim.by, ...taken });
    }
    await ledger.leave(neighbour.worker);
    host.forget(neighbour);
  }
}

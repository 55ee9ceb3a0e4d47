import type { StaleClaim } from '../domain/claim.js';
import { parseClaimName } from '../domain/claim-name.js';
import { type Fates, type FlightLog, fatesOf } from '../domain/flight.js';
import { judge } from '../domain/judge.js';
import type { Recipient, RowInFlight } from '../domain/recipient.js';
import { RefusalWatch } from '../domain/refusal-watch.js';
import type { RetryPolicy } from '../domain/retry-delay.js';
import type { Report } from '../domain/scheduler-events.js';
import type { Settlement, SettleRows } from '../domain/settlement.js';
import type { KnownWorker, WorkerIdentity } from '../domain/worker.js';
import { interpret, NO_SENSE } from './batch/interpret.js';
import type { Host, Ledger } from './ports.js';

/** What taking over from the dead works with. */
export interface TakeoverTools {
  ledger: Ledger;
  host: Host;
  worker: WorkerIdentity;
  report: Report;
  retry: RetryPolicy;
  random: () => number;
}

/**
 * Takes over every claim of each worker whose death this host proves, however short a time ago it was renewed, and settles
 * what was in its hands by what it recorded.
 */
export async function takeOverFromTheDead(tools: TakeoverTools): Promise<void> {
  const { ledger, host, worker } = tools;
  const { bootId } = worker.life;
  if (bootId === null) return;
  for (const neighbour of await ledger.findNeighbours(bootId, worker.worker)) {
    if (await host.isDead(neighbour)) await new Takeover(neighbour, tools).run();
  }
}

class Takeover {
  private readonly log: FlightLog | null;

  constructor(
    private readonly dead: KnownWorker,
    private readonly tools: TakeoverTools,
  ) {
    this.log = tools.host.readFlights(dead);
  }

  async run(): Promise<void> {
    const { ledger, host } = this.tools;
    for (const claim of await ledger.findClaimsOf(this.dead.worker)) await this.take(claim);
    if (this.log) await this.settleWhatOthersTook(this.log);
    // No send is claimed by it any more, and that is known: nothing is left that its files could tell.
    await ledger.leave(this.dead.worker);
    host.forget(this.dead);
  }

  private async take(claim: StaleClaim): Promise<void> {
    const { ledger, worker, report } = this.tools;
    const name = claim.by === null ? null : parseClaimName(claim.by);
    const log = name?.recorded ? this.log : null;
    const settle = log && name && this.settleBy(fatesOf(log, claim.sendId, name.ordinal));
    const taken = await ledger.takeOver(claim, worker.worker, settle);
    if (!taken) return;
    const { sendId, by: from } = claim;
    report({ kind: 'taken-over', sendId, from, recorded: log !== null, ...taken });
  }

  /** Rows that somebody else made `unknown` before the death could be proved: as late results, they still settle. */
  private async settleWhatOthersTook(log: FlightLog): Promise<void> {
    const { ledger, report } = this.tools;
    const seen = new Map(
      log.entries.map(({ sendId, claim }) => [`${sendId} ${claim}`, { sendId, claim }]),
    );
    for (const { sendId, claim: ordinal } of seen.values()) {
      const from = `${this.dead.worker}:${ordinal}r`;
      const found = await ledger.findReclaimed(sendId, from);
      if (!found) continue;
      // Once it has seen a claim lost, a row that is not there may be one that it forgot.
      const doubtful = { ...log, torn: log.torn || log.sawClaimsLost };
      const settle = this.settleBy(fatesOf(doubtful, sendId, ordinal));
      const settlements = settle(found.rows, found.maxAttempts);
      if (settlements.length === 0) continue;
      const settled = await ledger.settleLate(found.claim, settlements);
      report({ kind: 'settled-late', sendId, from, settled });
    }
  }

  private settleBy(fates: Fates): SettleRows {
    return (rows, maxAttempts) =>
      rows.flatMap((row) => this.settlementOf(row, fates, maxAttempts) ?? []);
  }

  /** Null for what cannot be known. */
  private settlementOf(row: RowInFlight, fates: Fates, maxAttempts: number): Settlement | null {
    const { retry, random } = this.tools;
    const fate = fates(row);
    switch (fate.kind) {
      case 'not-known':
        return null;
      case 'not-begun':
        return { seq: row.seq, to: 'returned', delayMs: 0 };
      case 'answered': {
        const { stage, reply } = fate;
        const verdict = judge({ kind: 'reply', stage, reply });
        // One reply alone makes no run of refusals.
        const watch = new RefusalWatch({
          block: Number.POSITIVE_INFINITY,
          lostReplies: Number.POSITIVE_INFINITY,
        });
        const { settlement } = interpret(asRecipient(row), verdict, watch, {
          sendId: 0,
          maxAttempts,
          retry,
          random,
          relay: NO_SENSE,
          givesUp: () => false,
        });
        if (settlement.to === 'limited') {
          return { seq: row.seq, to: 'returned', delayMs: settlement.delayMs };
        }
        return settlement.to === 'unknown' ? null : settlement;
      }
    }
  }
}

const asRecipient = (row: RowInFlight): Recipient => ({
  ...row,
  email: '',
  emailNorm: '',
  fields: {},
});

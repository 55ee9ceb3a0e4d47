import type { BatchEnd } from '../../domain/claim.js';
import type { Wake } from '../wake.js';
import type { BatchParts } from './parts.js';
import type { BatchTools } from './tools.js';

/** Each result wakes us; one that did not would hold up the end for no longer than this. */
const LOOK_AGAIN_MS = 500;

/** The claim was let go, and this is how the send stands then. */
export type Ended = Extract<BatchEnd, { kind: 'released' }>;

/** How a batch lets its claim go: in good order, after a fault of ours, or when somebody else has it. */
export class LettingGo {
  constructor(
    private readonly parts: BatchParts,
    private readonly signal: Wake,
    private readonly tools: BatchTools,
  ) {}

  /** In good order. Undefined when something is left to do first. */
  async end(): Promise<Ended | undefined> {
    const { standing, steps, selfPause, reader, inFlight, openSend } = this.parts;
    await selfPause.write();
    await openSend.noMailboxes.end();
    const end = await this.endBatch(reader.exhausted || steps.gaveUp);
    if (end.kind === 'released') return end;
    if (end.kind === 'lost') {
      standing.lost = true;
      return undefined;
    }
    await steps.reconcile();
    if (inFlight.held === 0 && !standing.lost) {
      throw steps.contradiction('SENDING_COUNT is not 0, yet no row is sending');
    }
    return undefined;
  }

  /** After a fault: what is on the wire may end, and one last try is made to record it and let the claim go. */
  async afterFault(): Promise<void> {
    const { standing, steps } = this.parts;
    standing.ending = true;
    await this.wireEmpties();
    try {
      await steps.step([]);
      if (standing.lost) await this.settleLate();
      else await this.endBatch(false);
    } catch {
      // The next claim settles it.
    }
  }

  /** The claim is somebody else's: what is still on the wire may only settle our own uncertain rows. */
  async settleLate(): Promise<void> {
    const { standing, inFlight, outage, flights, reader, openSend } = this.parts;
    const { ledger, report, abandoned } = this.tools;
    const { claim } = standing;
    await this.wireEmpties();
    const arrived = inFlight.takeArrived();
    let settledLate = 0;
    const settle = async () => {
      settledLate = await ledger.settleLate(claim, arrived);
    };
    if (arrived.length > 0) {
      await settle().catch((error) => outage.weather(error, settle));
    }
    if (!abandoned.aborted) flights.lost();
    openSend.noMailboxes.lost();
    report({ kind: 'claim-lost', sendId: claim.sendId, settledLate });
    // What it finds is not to come into the next batch's hands.
    await reader.restart();
  }

  private async endBatch(exhausted: boolean): Promise<BatchEnd> {
    const { standing, steps, flights } = this.parts;
    const { worked } = steps;
    const end = await this.tools.ledger.endBatch(standing.claim, { worked, exhausted });
    if (end.kind === 'released') flights.ended();
    return end;
  }

  /** Nothing more goes out; what is on the wire may end, and wakes us when it does. */
  private async wireEmpties(): Promise<void> {
    const { starter, inFlight } = this.parts;
    starter.withdraw();
    while (inFlight.onTheWire > 0 && !this.tools.abandoned.aborted) {
      await this.signal.wait(LOOK_AGAIN_MS);
    }
  }
}

import type { Claim } from '../../domain/claim.js';
import { parseClaimName } from '../../domain/claim-name.js';
import type { Flight } from '../../domain/flight.js';
import type { Recipient } from '../../domain/recipient.js';
import type { DeliveryResult } from '../../domain/verdict.js';
import type { Recorder } from '../ports.js';

/** What a flight recorder is told of the messages of one claim; nothing where the claim's name says that there is none. */
export class Flights {
  private readonly recorder: Recorder | null;
  private readonly sendId: number;
  private readonly claim: number;

  constructor({ sendId, by }: Claim, recorder: Recorder | null) {
    const name = parseClaimName(by);
    this.recorder = name?.recorded ? recorder : null;
    this.sendId = sendId;
    this.claim = name?.ordinal ?? 0;
  }

  /** Whether messages may begin: all that do are recorded, if any is. */
  get mayBegin(): boolean {
    return this.recorder?.works ?? true;
  }

  /** Right before the write of a final dot, which must not be when this is false. */
  begin(row: Recipient): boolean {
    return this.recorder?.begin(this.of(row)) ?? true;
  }

  /** What came of it, as far as a successor could not tell. */
  came(row: Recipient, result: DeliveryResult): void {
    if (result.kind === 'reply' && result.stage !== 'connect' && result.stage !== 'auth') {
      this.recorder?.answered(this.of(row), result.stage, result.reply);
    }
  }

  /** Right after a commit, before anything that it marked is handed out: none of that begins before the file has this. */
  settled(rows: readonly { seq: number }[]): void {
    if (rows.length === 0) return;
    this.recorder?.settled(
      this.claim,
      rows.map(({ seq }) => seq),
    );
  }

  /** The claim was let go: none of its rows is in flight. */
  ended(): void {
    this.recorder?.ended(this.claim);
  }

  /** Somebody else has taken it, and what came since is settled. */
  lost(): void {
    this.recorder?.lost(this.claim);
  }

  private of({ seq, attempts }: Recipient): Flight {
    return { sendId: this.sendId, claim: this.claim, seq, attempts };
  }
}

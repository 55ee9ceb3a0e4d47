import type { Run } from '../../domain/refusal-watch.js';
import { plural } from '../../domain/text.js';
import type { OpenSend } from './open-sends.js';
import type { Standing } from './standing.js';
import type { BatchTools } from './tools.js';

/** Ends a batch whose send is to pause itself, and pauses it once nothing of the batch is in flight any more. */
export class SelfPause {
  /** Why the send has paused itself, if it has. */
  reason: string | null = null;
  private wanted: { reason: string; giveBack: Run | null } | null = null;
  private isWritten = false;

  constructor(
    private readonly openSend: OpenSend,
    private readonly standing: Standing,
    private readonly tools: BatchTools,
  ) {}

  /**
   * The send is to pause itself, for the first reason there is; what is on the wire may still make a block of what was
   * refused before, or add to it.
   */
  for(reason: string, giveBack: Run | null): void {
    const { wanted } = this;
    this.wanted = { reason: wanted?.reason ?? reason, giveBack: wanted?.giveBack ?? giveBack };
    this.standing.ending = true;
  }

  /** The server failed: too many failures in a row are a reason. */
  serverFailed(reason: string): void {
    const { dispatcher, maxServerFailures } = this.tools;
    const seen = this.openSend.serverFailures;
    if (seen.atSuccesses !== dispatcher.successes) seen.count = 0;
    seen.atSuccesses = dispatcher.successes;
    seen.count += 1;
    if (seen.count < maxServerFailures) return;
    this.for(`SMTP server: ${plural(seen.count, 'failure')} in a row, the last: ${reason}`, null);
    seen.count = 0;
  }

  /** Pauses the send, if it is to be. */
  async write(): Promise<void> {
    if (!this.wanted || this.isWritten) return;
    const { ledger, report } = this.tools;
    const { claim } = this.standing;
    const { reason, giveBack } = this.wanted;
    if (await ledger.pauseItself(claim, reason, giveBack)) {
      report({ kind: 'paused-itself', sendId: claim.sendId, reason });
      this.reason = reason;
    }
    this.isWritten = true;
    this.openSend.watch.reset();
  }
}

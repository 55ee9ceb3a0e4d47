import { parseClaimName } from '../domain/claim-name.js';
import { type TakeoverTools, takeOverFromTheDead } from './takeover.js';

/** Claims whose holders are dead, or have not been seen for long: settled, or told of. */
export class LostClaims {
  /** Claims of silent holders that were told of. */
  private readonly toldOf = new Set<string>();

  constructor(
    private readonly tools: TakeoverTools,
    /** Whether claims that look stale are, and not the clock was set ahead a moment ago: their holders will renew them. */
    private readonly areStale: () => Promise<boolean>,
  ) {}

  async settle(): Promise<void> {
    await takeOverFromTheDead(this.tools);
    await this.reclaim();
    await this.tellOfTheSilent();
  }

  private async reclaim(): Promise<void> {
    const { ledger, report, host, worker } = this.tools;
    const all = await ledger.findStale();
    if (all.length === 0 || !(await this.areStale())) return;
    for (const stale of all) {
      const reclaimed = await ledger.reclaim(stale, worker.worker);
      if (!reclaimed) continue;
      const { sendId, by: from } = stale;
      report({ kind: 'reclaimed', sendId, from, unknown: reclaimed.unknown });
      const name = from === null ? null : parseClaimName(from);
      if (name?.worker === worker.worker) host.recorder?.lost(name.ordinal);
    }
  }

  private async tellOfTheSilent(): Promise<void> {
    const { ledger, report } = this.tools;
    for (const silent of await ledger.findSilent()) {
      if (!this.toldOf.has(silent.by)) report({ kind: 'held', ...silent });
      this.toldOf.add(silent.by);
    }
  }
}

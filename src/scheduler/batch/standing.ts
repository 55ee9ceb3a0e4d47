import type { Claim, ClaimedSend, SendState } from '../../domain/claim.js';
import { type Clock, elapsedMs, type Instant, type Lease, leaseHolds } from '../../domain/lease.js';
import type { Controls } from '../../domain/pacing.js';

/** How a batch stands: the claim it runs on, how the send is to be paced, and whether more may start. */
export class Standing {
  claim: Claim;
  controls: Controls;
  /** Nothing more starts. */
  ending = false;
  /** The claim is somebody else's. */
  lost = false;
  private renewed: Instant;
  private looked: Instant;

  /** @param askedAt when the claim was asked for: the lease counts from then */
  constructor(
    { claim, controls }: ClaimedSend,
    askedAt: Instant,
    private readonly lease: Lease,
    private readonly clock: Clock,
  ) {
    this.claim = claim;
    this.controls = controls;
    this.renewed = askedAt;
    this.looked = askedAt;
  }

  /** Whether nobody can have taken the claim over. */
  holds(now: Instant): boolean {
    return !this.lost && leaseHolds(this.lease, this.renewed, now);
  }

  mayStart(now: Instant): boolean {
    return !this.ending && this.holds(now);
  }

  get mustRenew(): boolean {
    return elapsedMs(this.renewed, this.clock()) >= this.lease.renewEveryMs;
  }

  /** Milliseconds since the database was asked how the send is. */
  get sinceLookMs(): number {
    return elapsedMs(this.looked, this.clock());
  }

  /** @param askedAt when the transaction was begun that renewed it */
  renew(askedAt: Instant): void {
    this.renewed = askedAt;
  }

  learn({ status, held, controls }: SendState): void {
    this.looked = this.clock();
    this.controls = controls;
    if (!held) this.lost = true;
    if (status !== 'running') this.ending = true;
  }
}

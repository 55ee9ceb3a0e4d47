import type { Pacer } from './pacer.js';

/** The instant at which one message may start, where the relay has a rate. */
export class Turn {
  private isGranted: boolean;
  /** Whether its MAIL has gone out at the instant that it was granted. */
  private isUsed = false;
  /** Whether an instant was granted before any connection had asked for it. */
  private isFresh: boolean;
  private isConnecting: boolean;

  constructor(
    private readonly pacer: Pacer,
    private readonly owner: object,
    granted: boolean,
  ) {
    this.isGranted = granted;
    this.isFresh = granted;
    this.isConnecting = !granted;
    if (!granted) pacer.connects(1);
  }

  /** Whether its MAIL may go out, and does, or has. */
  goes(may: () => boolean): boolean {
    if (!this.isGranted || !may()) return false;
    this.isUsed = true;
    return true;
  }

  /** Before each MAIL but one behind a dot: on another connection a message starts once more. Null where it may at once. */
  wait(): Promise<void> | null {
    const isFresh = this.isFresh;
    this.isFresh = false;
    if (isFresh) return null;
    this.isGranted = false;
    this.isUsed = false;
    this.connected();
    return this.pacer.turn(this.owner).then((granted) => {
      this.isGranted = granted;
    });
  }

  /** What came of the message is known. */
  over(): void {
    this.connected();
    if (this.isGranted && !this.isUsed) this.pacer.untake();
  }

  private connected(): void {
    if (this.isConnecting) this.pacer.connects(-1);
    this.isConnecting = false;
  }
}

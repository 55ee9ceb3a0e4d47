import type { Start } from './lease-holder.js';
import type { Pacer } from './pacer.js';

/** The instant at which one message may start, where the relay has a rate: each MAIL that goes out uses another. */
export class Turn {
  /** Whether its MAIL has gone out at the instant that it has. */
  private isUsed = false;
  private isConnecting: boolean;

  /** @param start null where it is waited for, once there is a connection */
  constructor(
    private readonly pacer: Pacer,
    private readonly owner: object,
    private start: Start | null,
  ) {
    this.isConnecting = !start;
    if (!start) pacer.connects(1);
  }

  /** Whether its MAIL may go out, and does, or has. What held us up since the instant was taken may have used it up. */
  goes(may: () => boolean): boolean {
    if (!this.start || !may()) return false;
    if (!this.isUsed && !this.pacer.isInTime(this.start)) return false;
    this.isUsed = true;
    return true;
  }

  /** Before each MAIL but one behind a dot: on another connection a message starts once more. Null where it may at once. */
  wait(): Promise<void> | null {
    if (this.start && !this.isUsed && this.pacer.isInTime(this.start)) return null;
    this.letGo();
    const turn = this.pacer.turn(this.owner).then((start) => {
      this.start = start;
    });
    this.connected();
    return turn;
  }

  /** What came of the message is known. */
  over(): void {
    this.connected();
    this.letGo();
  }

  private letGo(): void {
    if (this.start && !this.isUsed) this.pacer.untake(this.start);
    this.start = null;
    this.isUsed = false;
  }

  private connected(): void {
    if (this.isConnecting) this.pacer.connects(-1);
    this.isConnecting = false;
  }
}

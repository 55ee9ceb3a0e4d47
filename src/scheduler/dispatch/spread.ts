/** Milliseconds in which no waiting message found a connection, after which more of them are used. */
export const STALL_MS = 3;
const NARROWEST = 4;

/** Messages that must go well before one more connection is tried; many more each time that failed. */
const REGROW_AFTER = 20;
const REGROW_LATER = 4;
const REGROW_AT_MOST_AFTER = 320;

/**
 * Over how many connections messages are spread: as few as keep up. A message that waits a moment for one in use goes
 * out behind the message before it, in one write and one round trip; where the server is too slow for that, each
 * moment without progress doubles the number. A server that fails gets half as many as it failed under, and then one
 * more at a time: it may have been the number that was too much for it.
 */
export class Spread {
  private wanted = NARROWEST;
  private stalled = false;
  /** What the server is believed to bear. */
  private ceiling: number;
  private regrowAfter = REGROW_AFTER;
  private wentWell = 0;

  constructor(private readonly connections: number) {
    this.ceiling = connections;
  }

  get width(): number {
    return Math.min(this.wanted, this.ceiling);
  }

  get canWiden(): boolean {
    return this.wanted < this.ceiling;
  }

  /** Messages waited, and none was taken. */
  widen(): void {
    this.wanted = Math.max(NARROWEST, Math.min(this.wanted * 2, this.connections));
    this.stalled = true;
  }

  /** No message waits any more. */
  drained(): void {
    if (!this.stalled) this.wanted = Math.max(NARROWEST, this.wanted / 2);
    this.stalled = false;
  }

  /** The server failed, for the first time since it was well. */
  troubled(): void {
    if (this.ceiling < this.connections) {
      this.regrowAfter = Math.min(this.regrowAfter * REGROW_LATER, REGROW_AT_MOST_AFTER);
    }
    // So few are no burden: a server that fails under them has other trouble, which one connection less won't mend.
    this.ceiling = Math.min(this.connections, Math.max(NARROWEST, Math.floor(this.width / 2)));
    this.wentWell = 0;
  }

  /** A message went well. */
  succeeded(): void {
    if (this.ceiling >= this.connections) return;
    this.wentWell += 1;
    if (this.wentWell < this.regrowAfter) return;
    this.wentWell = 0;
    this.ceiling += 1;
    if (this.ceiling >= this.connections) this.regrowAfter = REGROW_AFTER;
  }
}

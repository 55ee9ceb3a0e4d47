/** Milliseconds in which no waiting message found a connection, after which more of them are used. */
export const STALL_MS = 3;
const NARROWEST = 4;

/**
 * Over how many connections messages are spread: as few as keep up. A message that waits a moment for one in use goes
 * out behind the message before it, in one write and one round trip; where the server is too slow for that, each
 * moment without progress doubles the number.
 */
export class Spread {
  private stalled = false;
  width = NARROWEST;

  constructor(private readonly connections: number) {}

  /** Messages waited, and none was taken. */
  widen(): void {
    this.width = Math.min(this.width * 2, Math.max(NARROWEST, this.connections));
    this.stalled = true;
  }

  /** No message waits any more. */
  drained(): void {
    if (!this.stalled) this.width = Math.max(NARROWEST, this.width / 2);
    this.stalled = false;
  }
}

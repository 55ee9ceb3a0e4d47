import type { SharedRelay } from '../ports.js';

/** They are noted this often. */
const NOTE_EVERY_MS = 1_000;

/** Messages that the relay has accepted from this process, and how others learn of the last of them. */
export class Acceptances {
  /** When the last one had come at the latest, by the monotonic clock. */
  private seen = { count: 0, at: Number.NEGATIVE_INFINITY };
  private noted = 0;
  private notedAt = Number.NEGATIVE_INFINITY;
  private noting: Promise<void> | null = null;

  /**
   * @param count of them so far
   * @param now monotonic milliseconds
   */
  constructor(
    private readonly shared: Pick<SharedRelay, 'noteAccepted'>,
    private readonly count: () => number,
    private readonly now: () => number,
  ) {}

  /** Called now and then while some may come, for none of them reads the clock. */
  see(): void {
    const count = this.count();
    if (count !== this.seen.count) this.seen = { count, at: this.now() };
    if (this.now() - this.notedAt >= NOTE_EVERY_MS) void this.note();
  }

  /** Notes the last one, if nobody has. Never rejects: where it fails, the next ones are noted. */
  note(): Promise<void> {
    this.noting ??= this.write().finally(() => {
      this.noting = null;
    });
    return this.noting;
  }

  private async write(): Promise<void> {
    const { count, at } = this.seen;
    if (count === this.noted) return;
    this.notedAt = this.now();
    try {
      await this.shared.noteAccepted(this.notedAt - at);
      this.noted = count;
    } catch {
      // It is a hint.
    }
  }
}

import type { RefusalWatch } from '../../domain/refusal-watch.js';
import type { CompiledMessage } from '../ports.js';
import type { NoMailboxes } from './no-mailboxes.js';
import type { Suppressions } from './suppressions.js';

/** What the process remembers of a send between its batches. */
export interface OpenSend {
  readonly sendId: number;
  /** Of the message. */
  readonly version: number;
  readonly message: CompiledMessage;
  /** Its messages before those of others: somebody waits for them. */
  readonly goesFirst: boolean;
  readonly watch: RefusalWatch;
  readonly suppressions: Suppressions;
  readonly noMailboxes: NoMailboxes;
  /** Monotonic milliseconds of the last message's start: DELAY_MS counts from it, over batches too. */
  lastStart: number | null;
  /** Failures of the server met while this send was worked on, and the success count they were met at. */
  serverFailures: { count: number; atSuccesses: number };
}

/**
 * The sends that a long-lived process has open. Each time one is opened, those not worked on for the TTL are dropped, so
 * that memory follows the sends at work, not the sends ever seen.
 */
export class OpenSends {
  private readonly entries = new Map<
    number,
    { openSend: OpenSend; inUse: number; lastUsed: number }
  >();

  constructor(
    private readonly ttlMs: number,
    private readonly now: () => number,
    private readonly onDropped: (openSend: OpenSend) => void = () => undefined,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  has(sendId: number): boolean {
    return this.entries.has(sendId);
  }

  /** The send as it was opened last, if it is open. */
  get(sendId: number): OpenSend | undefined {
    return this.entries.get(sendId)?.openSend;
  }

  /**
   * The open send, opened if need be, kept at least until `done` was called as often as `use`.
   * @param version of its message: one that was opened with another is opened anew
   */
  async use(
    sendId: number,
    version: number,
    open: (before: OpenSend | undefined) => Promise<OpenSend>,
  ): Promise<OpenSend> {
    let entry = this.entries.get(sendId);
    if (entry?.openSend.version !== version) {
      this.evict();
      entry = { openSend: await open(entry?.openSend), inUse: 0, lastUsed: this.now() };
      this.entries.set(sendId, entry);
    }
    entry.inUse += 1;
    return entry.openSend;
  }

  done(sendId: number): void {
    const entry = this.entries.get(sendId);
    if (!entry) return;
    entry.inUse -= 1;
    entry.lastUsed = this.now();
  }

  private evict(): void {
    const now = this.now();
    for (const [sendId, entry] of this.entries) {
      if (entry.inUse > 0 || now - entry.lastUsed < this.ttlMs) continue;
      this.entries.delete(sendId);
      this.onDropped(entry.openSend);
    }
  }
}

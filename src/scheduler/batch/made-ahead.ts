import { type Clock, elapsedMs, type Instant } from '../../domain/lease.js';
import type { FilledMessage } from '../../domain/message.js';
import type { Recipient } from '../../domain/recipient.js';
import type { CompiledMessage } from '../ports.js';

/** A message that was made longer ago is made anew, for its Date is when it is sent. */
const KEEPS_MS = 3_000;
/** Filling messages holds up everything else for no longer than this, and one message. */
const AT_ONCE_MS = 5;
/** A message that takes longer is slow to fill. */
const SLOW_MS = 1;

/** A message that is to be made, or was. */
interface Made {
  /** When it was; null until then. */
  at: Instant | null;
  /** What it came to; undefined until then, and where it cannot be made. */
  message: FilledMessage | undefined;
  error: unknown;
  /** Who waits for it. */
  whenMade: (() => void) | null;
}

/**
 * Messages that other threads have a part in, as those that are signed: each is begun while its row is still read ahead, so
 * that no connection, and no row that is marked, has to wait for it.
 */
export class MadeAhead {
  /** Whether messages take so long to fill, as far as is known, that those of rows that are not marked had better wait. */
  isSlow = true;
  private readonly all = new WeakMap<Recipient, Made>();
  private toBegin: Recipient[] = [];
  private timer: NodeJS.Immediate | undefined;

  constructor(
    private readonly make: NonNullable<CompiledMessage['make']>,
    private readonly clock: Clock,
  ) {}

  /** Begins those of these rows that are not begun, in their order. */
  begin(rows: readonly Recipient[]): void {
    for (const row of rows) if (!this.all.has(row)) this.add(row);
    if (this.toBegin.length > 0 && !this.timer) this.beginSome();
  }

  /** Whether the row's message is made; where it is not, `whenMade` is called once it is. */
  isMade(row: Recipient, whenMade: () => void): boolean {
    const made = this.all.get(row) ?? this.add(row);
    if (made.at !== null) return true;
    made.whenMade = whenMade;
    if (!this.timer) this.beginSome();
    return false;
  }

  /**
   * The row's message; null where it is too old to be sent, and `whenMade` is called once there is another.
   * @throws what it cannot be made for
   */
  take(row: Recipient, whenMade: () => void): FilledMessage | null {
    const made = this.all.get(row);
    this.all.delete(row);
    if (!made?.at || elapsedMs(made.at, this.clock()) > KEEPS_MS) {
      this.isMade(row, whenMade);
      return null;
    }
    if (made.message === undefined) throw made.error;
    return made.message;
  }

  /** Begins nothing that is not begun: its rows may be given back. */
  stop(): void {
    clearImmediate(this.timer);
    this.timer = undefined;
    for (const row of this.toBegin.splice(0)) this.all.delete(row);
  }

  private add(row: Recipient): Made {
    const made: Made = { at: null, message: undefined, error: undefined, whenMade: null };
    this.all.set(row, made);
    this.toBegin.push(row);
    return made;
  }

  /** As many as are filled within a moment; the others when everything else has had its turn. */
  private beginSome(): void {
    this.timer = undefined;
    let now = this.clock();
    const since = now.monotonic;
    let begun = 0;
    for (const row of this.toBegin) {
      if (now.monotonic - since > AT_ONCE_MS) {
        this.timer = setImmediate(() => this.beginSome());
        break;
      }
      begun += 1;
      const made = this.all.get(row);
      if (made) void this.complete(row, made, new Date(now.wall));
      now = this.clock();
    }
    this.isSlow = now.monotonic - since > begun * SLOW_MS;
    this.toBegin.splice(0, begun);
  }

  private async complete(row: Recipient, made: Made, now: Date): Promise<void> {
    try {
      made.message = await this.make(row, now);
    } catch (error) {
      made.error = error;
    }
    made.at = this.clock();
    made.whenMade?.();
  }
}

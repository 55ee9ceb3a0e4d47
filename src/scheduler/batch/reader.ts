import { type Clock, elapsedMs, type Instant } from '../../domain/lease.js';
import { type NextRows, type Recipient, wasTold } from '../../domain/recipient.js';
import type { Question } from '../hold/probe.js';
import type { Ledger } from '../ports.js';
import type { InFlight } from './in-flight.js';
import type { OpenSend } from './open-sends.js';
import { parted } from './rows-ahead.js';

const READ_DEFERRED_EVERY_MS = 1_000;
const READ_AT_MOST_ROWS = 200;
const READ_AT_MOST_CHARACTERS = 2_000_000;

/** Keeps rows of a batch read ahead, while earlier ones are on the wire. */
export class Reader {
  private reading: Promise<void> | null = null;
  private failure: unknown = null;
  private noneLeft = false;
  private deferredRead: Instant | null = null;
  private averageRow = 1_000;
  private question: Question | null = null;
  /** Whether most of what was read last may be suppressed. */
  private isSkipping = false;

  constructor(
    private readonly openSend: Pick<OpenSend, 'sendId' | 'suppressions' | 'message'>,
    private readonly inFlight: InFlight,
    private readonly ledger: Pick<Ledger, 'nextRows'>,
    private readonly clock: Clock,
  ) {}

  /** Nothing is left to read, and nothing that was read is left to mark. */
  get exhausted(): boolean {
    const { readAhead, toCheck } = this.inFlight;
    return this.noneLeft && readAhead + toCheck.length === 0;
  }

  get isReading(): boolean {
    return this.reading !== null;
  }

  /**
   * Up to `count` rows to mark next.
   * @param quota rows that the batch may still mark
   * @throws what a read met
   */
  async next(count: number, quota: number): Promise<Recipient[]> {
    this.readOn(count, quota);
    if (this.inFlight.readAhead === 0 && this.reading) await this.reading;
    if (this.failure) {
      const { failure } = this;
      this.failure = null;
      throw failure;
    }
    return this.inFlight.next(count);
  }

  /** Reads what is to find out something: rows that were never tried first, or deferred ones of some alone. */
  readFor(question: Question | null): void {
    this.question = question;
  }

  /** Waits for a read under way, which counts on the rows read ahead: then they may be dropped, and are read again. */
  async restart(): Promise<void> {
    if (this.reading) await this.reading;
    this.failure = null;
    this.noneLeft = false;
  }

  private readOn(count: number, quota: number): void {
    const enough = Math.min(count * 2, quota);
    if (this.reading || this.noneLeft || this.inFlight.readAhead >= enough) return;
    this.reading = this.read(quota)
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(() => {
        this.reading = null;
      });
  }

  private async read(quota: number): Promise<void> {
    const { clock } = this;
    const fitting = Math.floor(READ_AT_MOST_CHARACTERS / this.averageRow);
    // Rows that are skipped cost no place in the batch: where many are, those behind them are not to wait.
    const wanted = this.isSkipping ? READ_AT_MOST_ROWS : Math.min(quota, READ_AT_MOST_ROWS);
    const limit = Math.max(1, Math.min(wanted, fitting));
    const lookBack =
      !this.deferredRead || elapsedMs(this.deferredRead, clock()) >= READ_DEFERRED_EVERY_MS;
    const { question } = this;
    const among = question?.kind === 'canary' ? question.seqs : null;
    const ask = {
      untouched: among ? 0 : limit,
      deferred: lookBack ? Math.ceil(limit / 2) : 0,
      ...(among && { among }),
    };
    const afterSeq = this.inFlight.readTo;
    const { sendId, suppressions, message } = this.openSend;
    const rows = await this.ledger.nextRows(sendId, {
      afterSeq,
      ...ask,
      files: message.rowFilesBytes > 0,
    });
    // A full portion of deferred rows may not have been all of them.
    if (lookBack) this.deferredRead = rows.deferred.length < ask.deferred ? clock() : null;
    const allUntouched = among !== null || rows.untouched.length < ask.untouched;
    this.noneLeft = allUntouched && (!lookBack || rows.deferred.length < ask.deferred);
    const all = inOrder(rows, question?.kind === 'hold');
    this.measure(all);
    await suppressions.admit(all, this.inFlight);
    this.isSkipping = this.inFlight.toCheck.length > this.inFlight.readAhead;
  }

  /** Wide rows are read in smaller portions. */
  private measure(rows: readonly Recipient[]): void {
    if (rows.length === 0) return;
    let characters = 0;
    for (const { email, fields } of rows) {
      characters += email.length + 100;
      for (const value of Object.values(fields)) characters += value.length;
    }
    this.averageRow = characters / rows.length;
  }
}

/**
 * Deferred rows first, but those that were told of a limit by turns with all others: each of them may be told so again,
 * whatever the relay does. For the same reason they come last in each turn of what asks whether a hold can end; and since
 * a first try may be put off whoever it is, what was deferred has a turn of its own there.
 */
function inOrder({ untouched, deferred }: NextRows, asksForHold: boolean): Recipient[] {
  const [told, others] = parted(deferred, wasTold);
  if (asksForHold) return inTurns([untouched, others, told]);
  return told.length > 0 ? inTurns([told, [...others, ...untouched]]) : [...others, ...untouched];
}

function inTurns(kinds: readonly (readonly Recipient[])[]): Recipient[] {
  const rows: Recipient[] = [];
  const turns = Math.max(...kinds.map(({ length }) => length));
  for (let i = 0; i < turns; i++) for (const kind of kinds) rows.push(...kind.slice(i, i + 1));
  return rows;
}

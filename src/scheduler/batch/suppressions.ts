import type { Recipient } from '../../domain/recipient.js';
import { domainEntry, type SuppressionChanges } from '../../domain/suppression.js';
import type { Ledger } from '../ports.js';
import type { InFlight } from './in-flight.js';

/** Names kept in memory; from more on, the database is asked for rows as they are read. */
const NAMES_AT_MOST = 10_000;

/** What was learnt while the database was asked. */
interface Asking {
  readonly names: Set<string>;
  /** Whether it is to be asked once more, for it is not known by name. */
  again: boolean;
}

/**
 * What a process knows of the suppressions, for one send. Its ledger was checked up to a version when it was imported; what
 * was written from that one to the one known now is kept here, and each row that is read is compared with it. Rows in
 * hand are compared with each change when it is learnt. A row that is named may be suppressed: the step that would mark it
 * finds out.
 */
export class Suppressions {
  /** The version up to which every row in hand was checked; null where none is heeded, as for test mails. */
  known: number | null;
  /** Addresses and domains, where rows are not asked for. */
  private readonly names = new Set<string>();
  /** Whether rows are asked for as they are read, for what has changed is too much, or not known by name. */
  private areAskedFor = false;
  /** Questions that wait for their answer: those of a batch that lost its claim may be among them. */
  private readonly asking = new Set<Asking>();

  constructor(
    readonly topic: string,
    checkedVersion: number | null,
    private readonly ledger: Pick<Ledger, 'findSuppressed'>,
  ) {
    this.known = checkedVersion;
  }

  /**
   * Takes rows that were read into the hand, those that are named apart. What is learnt while the database is asked may have
   * been written after its answer was made: it is kept until the rows are in hand, where they are compared with the rest.
   */
  async admit(rows: readonly Recipient[], inFlight: InFlight): Promise<void> {
    while (this.areAskedFor && rows.length > 0) {
      const heard: Asking = { names: new Set(), again: false };
      this.asking.add(heard);
      const found = await this.find(rows).finally(() => this.asking.delete(heard));
      if (heard.again) continue;
      inFlight.read(rows, (row) => found.has(row.emailNorm) || isNamedIn(heard.names, row));
      return;
    }
    inFlight.read(rows, (row) => this.hasName(row));
  }

  /** Takes over what has changed: rows in hand that it names are named, and those to come will be. */
  async learn(changes: SuppressionChanges, inFlight: InFlight): Promise<Set<number>> {
    const { names } = changes;
    let withdrawn: Set<number>;
    if (names !== null) {
      const changed = new Set(names);
      this.keep(names);
      withdrawn = changed.size === 0 ? new Set() : inFlight.name((row) => isNamedIn(changed, row));
    } else {
      this.startAsking();
      for (const heard of this.asking) heard.again = true;
      const rows = inFlight.notBegun;
      const found = await this.find(rows);
      withdrawn = inFlight.name(({ emailNorm }) => found.has(emailNorm));
    }
    this.known = changes.version;
    return withdrawn;
  }

  /** These rows are not suppressed any more: what named them is gone. */
  forget(rows: readonly Recipient[]): void {
    for (const { emailNorm } of rows) {
      this.names.delete(emailNorm);
      this.names.delete(domainEntry(emailNorm));
    }
  }

  private hasName(row: Recipient): boolean {
    return this.names.size > 0 && isNamedIn(this.names, row);
  }

  private keep(names: readonly string[]): void {
    const kept = this.areAskedFor ? [...this.asking].map((heard) => heard.names) : [this.names];
    for (const to of kept) for (const name of names) to.add(name);
    if (this.names.size > NAMES_AT_MOST) this.startAsking();
  }

  private startAsking(): void {
    if (this.areAskedFor) return;
    this.areAskedFor = true;
    this.names.clear();
  }

  private find(rows: readonly Recipient[]): Promise<ReadonlyMap<string, string>> {
    return this.ledger.findSuppressed(
      rows.map(({ emailNorm }) => emailNorm),
      this.topic,
    );
  }
}

const isNamedIn = (names: ReadonlySet<string>, { emailNorm }: Recipient): boolean =>
  names.has(emailNorm) || names.has(domainEntry(emailNorm));

import { consentKind, isOftenAPlace, READS } from '../domain/consent-columns.js';
import { type Consent, readStatus } from '../domain/consent-words.js';
import type { ConsentDoubt } from '../domain/declined.js';
import { clip } from '../domain/text.js';

/** Of a header or a cell, in messages and in the ledger. */
const MAX_SHOWN = 100;

const shown = (text: string): string => clip(text.replace(/[\s\p{C}]+/gu, ' ').trim(), MAX_SHOWN);

const REMEMBERED_CELLS = 500;

/** A column has few different cells, times aside. */
function remembering<T>(read: (cell: string) => T): (cell: string) => T {
  const known = new Map<string, T>();
  return (cell) => {
    const before = known.get(cell);
    if (before !== undefined || known.has(cell)) return before as T;
    const said = read(cell);
    if (known.size < REMEMBERED_CELLS) known.set(cell, said);
    return said;
  };
}

interface Example {
  line: number;
  value: string;
}

/** A column that may tell of people who are not to be written to. */
interface ConsentColumn {
  /** Of the cells of a row. */
  readonly index: number;
  readonly label: string;
  /** Whether the cell is a no, by what is known so far. */
  saysNo(line: number, cell: string): boolean;
  /** Whether its noes count, once all is read. */
  counts(): boolean;
  doubt(): ConsentDoubt | undefined;
}

/** Each cell speaks for itself. */
class PlainColumn implements ConsentColumn {
  private unread: Example | undefined;
  private cells = 0;
  private readonly read: (cell: string) => Consent;

  constructor(
    readonly index: number,
    readonly label: string,
    read: (cell: string) => Consent,
  ) {
    this.read = remembering(read);
  }

  saysNo(line: number, cell: string): boolean {
    const said = this.read(cell);
    if (said === 'unread') {
      this.unread ??= { line, value: shown(cell) };
      this.cells++;
    }
    return said === 'no';
  }

  counts(): boolean {
    return true;
  }

  doubt(): ConsentDoubt | undefined {
    const { label: column, cells } = this;
    return this.unread && { kind: 'unread', column, cells, ...this.unread };
  }
}

/** Statuses: of mailing only where all its words are, and one of them is said of nothing else. */
class StatusColumn implements ConsentColumn {
  private foreign: Example | undefined;
  private firstNo: Example | undefined;
  private noes = 0;
  private known = 0;
  private isOfMailing = false;
  private readonly read = remembering(readStatus);

  constructor(
    readonly index: number,
    readonly label: string,
    private readonly header: string,
  ) {}

  saysNo(line: number, cell: string): boolean {
    const word = this.read(cell);
    if (word === null) return false;
    if (word === undefined) {
      this.foreign ??= { line, value: shown(cell) };
      return false;
    }
    this.known++;
    this.isOfMailing ||= word.strong;
    if (word.says === 'yes') return false;
    this.firstNo ??= { line, value: shown(cell) };
    this.noes++;
    return this.foreign === undefined;
  }

  counts(): boolean {
    return this.foreign === undefined && this.isOfMailing;
  }

  doubt(): ConsentDoubt | undefined {
    const { label: column, foreign, firstNo, noes } = this;
    if (foreign) {
      const isExpected = this.known > 0 || !isOftenAPlace(this.header);
      return isExpected ? { kind: 'foreign', column, noes, ...foreign } : undefined;
    }
    return firstNo && !this.isOfMailing ? { kind: 'weak', column, noes, ...firstNo } : undefined;
  }
}

/** A no of a row: the column's place among those of `ConsentReader`, and the cell. */
export type RowNo = readonly [column: number, value: string];

/** Reads what a list's columns tell of people who are not to be written to. */
export class ConsentReader {
  constructor(private readonly columns: readonly ConsentColumn[]) {}

  /** The noes of a row; null where it has none. Those of a column of statuses may turn out to be none. */
  read(line: number, cells: readonly string[]): RowNo[] | null {
    let noes: RowNo[] | null = null;
    for (const [at, column] of this.columns.entries()) {
      const cell = cells[column.index] ?? '';
      if (!column.saysNo(line, cell)) continue;
      noes ??= [];
      noes.push([at, shown(cell)]);
    }
    return noes;
  }

  /** The label of a column whose noes count; undefined for another. */
  labelOf(column: number): string | undefined {
    const found = this.columns[column];
    return found?.counts() ? found.label : undefined;
  }

  doubts(): ConsentDoubt[] {
    return this.columns.flatMap((column) => column.doubt() ?? []);
  }
}

/**
 * Finds the columns that tell of a no.
 * @param email index of the address column
 * @returns null where there is none
 */
export function findConsent(headers: readonly string[], email: number): ConsentReader | null {
  const labels = headers.map(shown);
  const columns = headers.flatMap((header, index): ConsentColumn[] => {
    const kind = index === email ? undefined : consentKind(header);
    if (kind === undefined) return [];
    const own = labels[index] as string;
    const isUnique = labels.indexOf(own) === labels.lastIndexOf(own);
    const label = isUnique ? own : `${own} (column ${index + 1})`;
    return [
      kind === 'status'
        ? new StatusColumn(index, label, header)
        : new PlainColumn(index, label, READS[kind]),
    ];
  });
  return columns.length === 0 ? null : new ConsentReader(columns);
}

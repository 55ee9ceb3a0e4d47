import { clip, REASON_LENGTH } from './text.js';

/** A no that a list brought, and where it stands: the column's header and the cell. */
export interface Decline {
  /** See `Address.norm`. */
  norm: string;
  column: string;
  value: string;
}

/** What a recipient's row says of it. */
export const DECLINED = 'declined: ';

export const declineReason = ({ column, value }: Omit<Decline, 'norm'>): string =>
  clip(`${DECLINED}${column} = ${value}`, REASON_LENGTH);

/** Recipients whose no stands in one column. */
export interface DeclinedBy {
  column: string;
  recipients: number;
  /** The first few different ones. */
  values: string[];
  /** Whether there are others. */
  more: boolean;
}

const SHOWN_VALUES = 4;

/** Counts the recipients by what says their no. */
export class DeclinedCount {
  total = 0;
  private readonly columns = new Map<string, DeclinedBy>();

  add({ column, value }: Omit<Decline, 'norm'>): void {
    this.total++;
    let by = this.columns.get(column);
    if (!by) {
      by = { column, recipients: 0, values: [], more: false };
      this.columns.set(column, by);
    }
    by.recipients++;
    if (by.values.includes(value)) return;
    if (by.values.length < SHOWN_VALUES) by.values.push(value);
    else by.more = true;
  }

  get by(): readonly DeclinedBy[] {
    return [...this.columns.values()];
  }
}

/** A column that may tell of a no and was not read as it, or not in every cell. */
export type ConsentDoubt =
  /** A column of statuses with another word than those of mailing lists, so that none of its noes counts. */
  | { kind: 'foreign'; column: string; line: number; value: string; noes: number }
  /** One without a word that only mailing lists use: `pending` may be said of orders. */
  | { kind: 'weak'; column: string; line: number; value: string; noes: number }
  /** Cells that are neither a yes nor a no. */
  | { kind: 'unread'; column: string; line: number; value: string; cells: number };

import { clip, REASON_LENGTH } from './text.js';

/** What is done with recipients for whom a cell that their message prints is empty. */
export const MISSING_MODES = ['blank', 'error', 'skip'] as const;

export type MissingMode = (typeof MISSING_MODES)[number];

/** A line of a list, and the merge fields that its message would print and that it leaves empty. */
export interface MissingCells {
  line: number;
  fields: readonly string[];
}

/** How the reason begins of a row that is skipped for it. */
export const MISSING = 'missing: ';

export const missingReason = (fields: readonly string[]): string =>
  clip(`${MISSING}${fields.join(', ')}`, REASON_LENGTH);

/** A merge field, and for how many recipients it is empty. */
export interface MissingBy {
  field: string;
  recipients: number;
}

const SHOWN_LINES = 5;

/** Counts the recipients by what is empty, and keeps the first of them. */
export class MissingCount {
  total = 0;
  readonly first: MissingCells[] = [];
  private readonly fields = new Map<string, number>();

  add({ line, fields }: MissingCells): void {
    this.total++;
    if (this.first.length < SHOWN_LINES) this.first.push({ line, fields });
    for (const field of fields) this.fields.set(field, (this.fields.get(field) ?? 0) + 1);
  }

  get by(): readonly MissingBy[] {
    return [...this.fields].map(([field, recipients]) => ({ field, recipients }));
  }
}

import { fieldName } from '../domain/fields.js';
import { encodedBytes, MAX_FILE_BYTES } from '../domain/message-file.js';
import { count, plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { checkFolder, checkInside } from '../files/open.js';
import type { RecipientList } from '../list/recipient-list.js';
import type { ListRecipient } from '../list/row-check.js';
import { RefusedFile } from '../named-file.js';
import { type ReadFile, readPath } from './queue-files.js';

/** Rows whose files cannot be had, of which more is kept than their number. */
const KEPT_PROBLEMS = 1000;
const SHOWN_PROBLEMS = 5;
/** Cells of which is remembered that their file is there. */
const KEPT_CELLS = 10_000;
/** Files that are looked at together. */
const TOGETHER = 8;

/** The largest file of a row. */
export interface LargestRow {
  email: string;
  name: string;
  /** Bytes of it as it is sent. */
  encoded: number;
}

/** Why a row has no file. */
interface Problem {
  line: number | null;
  email: string;
  reason: string;
}

/** A file a row, named by a column of the list. */
export class RowFiles {
  /** The largest file of the rows that `look` was given. */
  largest: LargestRow | null = null;
  private readonly good = new Map<string, number>();
  private readonly problems = new Map<string, Problem>();

  /** @param field that the column fills */
  private constructor(
    readonly folder: string,
    private readonly field: string,
    private readonly column: string,
  ) {}

  /**
   * @param column its header, or its position from 1
   * @throws CampaignError BAD_LIST for a column that the list has not, BAD_FILE for no folder
   */
  static async open(
    { column, folder }: { column: string; folder: string },
    { columns }: RecipientList,
    list: string,
  ): Promise<RowFiles> {
    try {
      await checkFolder(folder);
    } catch (error) {
      if (!(error instanceof RefusedFile)) throw error;
      throw new CampaignError(
        'BAD_FILE',
        `${folder}: ${error.message}`,
        'give the folder that holds the files of the rows with --attach-dir',
      );
    }
    return new RowFiles(folder, fieldOf(column, columns, list), column);
  }

  /** What a row's cell says, as the ledger has the row. */
  cellOf(fields: string | null): string {
    return fields === null ? '' : this.nameIn(JSON.parse(fields) as Record<string, string>);
  }

  /** The same of a row's fields. */
  nameIn(fields: Readonly<Record<string, string>>): string {
    return fields[this.field]?.trim() ?? '';
  }

  /** Looks whether the file of each row is there; what is not is kept, for the end. */
  async look(recipients: readonly ListRecipient[]): Promise<void> {
    for (let at = 0; at < recipients.length; at += TOGETHER) {
      const some = recipients.slice(at, at + TOGETHER);
      const reasons = await Promise.all(
        some.map(({ fields }) => this.faultOf(this.cellOf(fields))),
      );
      for (const [index, { line, email, norm, fields }] of some.entries()) {
        const reason = reasons[index] ?? null;
        if (reason === null) this.measure(email, this.cellOf(fields));
        if (reason === null || this.problems.has(norm)) continue;
        if (this.problems.size < KEPT_PROBLEMS) this.problems.set(norm, { line, email, reason });
      }
    }
  }

  /** Why a cell names no file; null where it does. */
  async faultOf(cell: string): Promise<string | null> {
    if (cell === '') return `${this.column} is empty`;
    if (this.good.has(cell)) return null;
    try {
      const bytes = await checkInside(this.folder, cell, MAX_FILE_BYTES);
      if (this.good.size >= KEPT_CELLS) this.good.clear();
      this.good.set(cell, bytes);
      return null;
    } catch (error) {
      if (error instanceof RefusedFile) return `${cell}: ${error.message}`;
      throw error;
    }
  }

  private measure(email: string, cell: string): void {
    const encoded = encodedBytes(this.good.get(cell) ?? 0);
    if (encoded > (this.largest?.encoded ?? 0)) this.largest = { email, name: cell, encoded };
  }

  /** The file of one row. @throws CampaignError BAD_FILE */
  async read(
    { email, fields }: { email: string; fields: Readonly<Record<string, string>> },
    position: number,
  ): Promise<ReadFile> {
    const cell = this.nameIn(fields);
    const reason = await this.faultOf(cell);
    if (reason !== null) throw rowsWithout([{ line: null, email, reason }], 1);
    const { file, bytes } = await readPath(`${email}: ${cell}`, this.folder, cell);
    return { file: { ...file, position }, bytes };
  }

  /** Whoever is not mailed anyway needs no file. */
  forgive(norm: string): void {
    this.problems.delete(norm);
  }

  /** The line of a row of which `look` has found that it has no file; null where that is not known. */
  lineOf(norm: string): number | null {
    return this.problems.get(norm)?.line ?? null;
  }

  /** @throws CampaignError BAD_FILE naming the rows without a file that `look` found */
  requireNone(): void {
    const problems = [...this.problems.values()];
    if (problems.length > 0) throw rowsWithout(problems, problems.length);
  }
}

/** @throws CampaignError BAD_LIST */
function fieldOf(
  column: string,
  { fields, twins }: RecipientList['columns'],
  list: string,
): string {
  const name = fieldName(column, 0);
  const found =
    fields.find((field) => field.name === name) ??
    fields.find(({ index }) => String(index + 1) === column.trim());
  if (found) return found.name;
  const same = twins.get(name);
  throw new CampaignError(
    'BAD_LIST',
    same
      ? `${list} has more than one column "${column}": ${same.join(', ')}`
      : `${list} has no column "${column}" beside the address; its fields are: ${fields.map((field) => field.name).join(', ') || 'none'}`,
    same
      ? 'give one of them another header'
      : 'give the column that names the file of each row with --attach-column',
  );
}

/** Of rows that are to be mailed. */
export function rowsWithout(first: readonly Problem[], total: number): CampaignError {
  const shown = first.slice(0, SHOWN_PROBLEMS).map(({ line, email, reason }) => {
    const where = line === null ? email : `line ${count(line)} (${email})`;
    return `${where}: ${reason}`;
  });
  const more = total > shown.length ? `; and ${count(total - shown.length)} more` : '';
  return new CampaignError(
    'BAD_FILE',
    `${plural(total, 'row has', 'rows have')} no file to attach: ${shown.join('; ')}${more}`,
    'put the files there, or leave those rows out; nothing was queued',
  );
}

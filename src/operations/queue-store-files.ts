import { storeContent } from '../store/files/contents.js';
import { addFiles, type NewSendFile } from '../store/files/send-files.js';
import type { Database } from '../store/mysql/database.js';
import { type PendingRow, pendingPage } from '../store/recipients/pending-page.js';
import { type ReadFile, readPath } from './queue-files.js';
import { type RowFiles, rowsWithout } from './queue-row-files.js';

/** Rows whose files are written in one transaction. */
const PAGE = 200;
/** Files that are remembered as stored, for other rows that have the same. */
const KEPT = 10_000;
const SHOWN = 5;

interface StoreDeps {
  database: Database;
  sendId: number;
  packetLimit: number;
  signal: AbortSignal;
}

/** Keeps the files that every message of a send has. */
export async function storeFiles(
  files: readonly ReadFile[],
  { database, sendId, packetLimit, signal }: StoreDeps,
): Promise<void> {
  if (files.length === 0) return;
  for (;;) {
    const stored: NewSendFile[] = [];
    for (const { file, bytes } of files) {
      signal.throwIfAborted();
      const fileId = await storeContent(database, { sha256: file.sha256, bytes }, packetLimit);
      stored.push({ ...file, seq: 0, fileId });
    }
    if (await addFiles(database, sendId, stored)) return;
  }
}

/**
 * Keeps the files of the rows that are to be mailed.
 * @throws CampaignError BAD_FILE naming the rows that have none
 */
export async function storeRowFiles(
  rowFiles: RowFiles,
  position: number,
  deps: StoreDeps,
): Promise<void> {
  const { database, sendId, signal } = deps;
  const storing = new StoringRows(rowFiles, position, deps);
  for (let after = 0; ; ) {
    signal.throwIfAborted();
    const rows = await pendingPage(database, sendId, after, PAGE);
    const last = rows.at(-1);
    if (!last) break;
    await storing.page(rows);
    after = last.seq;
  }
  storing.requireAll();
}

/** The files of rows, page by page: read and stored as long as each row has one, and then only looked for. */
class StoringRows {
  private readonly stored = new Map<string, Omit<NewSendFile, 'seq'>>();
  private readonly without: Parameters<typeof rowsWithout>[0][number][] = [];
  private total = 0;

  constructor(
    private readonly rowFiles: RowFiles,
    private readonly position: number,
    private readonly deps: StoreDeps,
  ) {}

  async page(rows: readonly PendingRow[]): Promise<void> {
    const cells = new Map<PendingRow, string>();
    for (const row of rows) {
      const cell = this.rowFiles.cellOf(row.fields);
      const reason = await this.rowFiles.faultOf(cell);
      if (reason === null) cells.set(row, cell);
      else this.note(row, reason);
    }
    if (this.total > 0) return;
    for (;;) {
      const files: NewSendFile[] = [];
      for (const [row, cell] of cells) {
        this.deps.signal.throwIfAborted();
        files.push({ ...(await this.store(cell, row)), seq: row.seq });
      }
      if (await addFiles(this.deps.database, this.deps.sendId, files)) return;
      // Some of them were removed meanwhile.
      this.stored.clear();
    }
  }

  requireAll(): void {
    if (this.total > 0) throw rowsWithout(this.without, this.total);
  }

  private note({ email, norm }: PendingRow, reason: string): void {
    this.total += 1;
    if (this.without.length >= SHOWN) return;
    this.without.push({ line: this.rowFiles.lineOf(norm), email, reason });
  }

  private async store(
    cell: string,
    { email, norm }: PendingRow,
  ): Promise<Omit<NewSendFile, 'seq'>> {
    const known = this.stored.get(cell);
    if (known) return known;
    const { database, packetLimit } = this.deps;
    const line = this.rowFiles.lineOf(norm);
    const where = line === null ? email : `line ${line} (${email})`;
    const { file, bytes } = await readPath(`${where}: ${cell}`, this.rowFiles.folder, cell);
    const fileId = await storeContent(database, { sha256: file.sha256, bytes }, packetLimit);
    const stored = { ...file, position: this.position, fileId };
    if (this.stored.size >= KEPT) this.stored.clear();
    this.stored.set(cell, stored);
    return stored;
  }
}

import type { RecipientStatus } from '../../domain/states.js';
import {
  type Executor,
  escapeRow,
  type Fragment,
  listed,
  type Statement,
} from '../mysql/packet.js';

/** The counters on a send's row: no other file writes them. */
const COLUMNS = {
  total: 'TOTAL_COUNT',
  sent: 'SENT_COUNT',
  failed: 'FAILED_COUNT',
  unknown: 'UNKNOWN_COUNT',
  skipped: 'SKIPPED_COUNT',
  sending: 'SENDING_COUNT',
  rejected: 'REJECTED_COUNT',
  duplicates: 'DUPLICATE_COUNT',
  blank: 'BLANK_COUNT',
  filtered: 'FILTERED_COUNT',
  declined: 'DECLINED_COUNT',
  missing: 'MISSING_COUNT',
  missingSkipped: 'MISSING_SKIPPED_COUNT',
} as const;

type Counter = keyof typeof COLUMNS;

/** Figures by the names of their counters. */
export type Figures = Partial<Record<Counter, number>>;

/** Rows of the ledger that went from one status to another. */
export interface RowsMoved {
  from: RecipientStatus;
  to: RecipientStatus;
  rows: number;
}

/** How many rows have an outcome: what is left of TOTAL_COUNT is pending or sending. */
export const SETTLED = [COLUMNS.sent, COLUMNS.failed, COLUMNS.unknown, COLUMNS.skipped].join(' + ');

const fragments = (figures: Figures, sql: (column: string) => string): Fragment[] =>
  (Object.entries(figures) as [Counter, number][]).map(([counter, figure]) => ({
    sql: sql(COLUMNS[counter]),
    params: [figure],
  }));

/** By how much the counters change when rows moved: pending has none, it is what the others leave of the total. */
function changes(moved: readonly RowsMoved[]): Figures {
  const sum: Figures = {};
  const add = (status: RecipientStatus, rows: number): void => {
    if (status !== 'pending') sum[status] = (sum[status] ?? 0) + rows;
  };
  for (const { from, to, rows } of moved) {
    add(to, rows);
    add(from, -rows);
  }
  return sum;
}

/** Of a SET: each counter grows by its figure, which may be negative. */
const added = (figures: Figures): Fragment[] =>
  fragments(figures, (column) => `${column} = ${column} + ?`);

/** Of a SET: the counters follow rows that moved. */
export const rowsMoved = (moved: readonly RowsMoved[]): Fragment[] => added(changes(moved));

/** Of a SET: the counters become what was counted. */
export const counted = (figures: Figures): Fragment[] =>
  fragments(figures, (column) => `${column} = ?`);

/** Of a WHERE: the counters are what was counted. */
export const agreeing = (figures: Figures): Fragment =>
  listed(
    fragments(figures, (column) => `${column} = ?`),
    ' AND ',
  );

/** Keeps the books by rows that moved, in the transaction that moved them. */
export async function keepBooks(
  tx: Executor,
  sendId: number,
  moved: readonly RowsMoved[],
  ...besides: readonly Fragment[]
): Promise<void> {
  const { sql, params } = listed([...rowsMoved(moved), ...besides]);
  await tx.run(`UPDATE CAMPAIGN_SENDS SET ${sql} WHERE ID = ?`, [...params, sendId]);
}

/** Takes the counters of a send to which nothing is added any more, and was never sent, from its ledger. */
export async function countLedger(tx: Executor, sendId: number): Promise<void> {
  const [found] = await tx.rows<{ total: number; skipped: number; lastSeq: number }>(
    `SELECT COUNT(*) AS total, COUNT(IF(STATUS = 'skipped', 1, NULL)) AS skipped, COALESCE(MAX(SEQ), 0) AS lastSeq
       FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ?`,
    [sendId],
  );
  const { total = 0, skipped = 0, lastSeq = 0 } = found ?? {};
  const { sql, params } = listed(counted({ total, skipped }));
  await tx.run(`UPDATE CAMPAIGN_SENDS SET ${sql}, LAST_SEQ = GREATEST(LAST_SEQ, ?) WHERE ID = ?`, [
    ...params,
    lastSeq,
    sendId,
  ]);
}

/** Changes the counters of a send whose import has not ended. @returns false when it has */
export async function addWhileImporting(
  tx: Executor,
  sendId: number,
  figures: Figures,
): Promise<boolean> {
  const { sql, params } = listed(added(figures));
  const { affectedRows } = await tx.run(
    `UPDATE CAMPAIGN_SENDS SET ${sql} WHERE ID = ? AND STATUS = 'importing'`,
    [...params, sendId],
  );
  return affectedRows === 1;
}

/** Adds the rows that the statement before it inserted. Without parameters, for it may follow rows with a `?` in them. */
export const addInserted = (sendId: number): Statement => ({
  sql: `UPDATE CAMPAIGN_SENDS SET TOTAL_COUNT = TOTAL_COUNT + ROW_COUNT() WHERE ID IN ${escapeRow([sendId])}`,
  params: [],
});

import type { DkimMode } from './dkim.js';
import { SEND_STATUSES, type SendStatus } from './states.js';

/** A running send whose START_AT is ahead is shown as `scheduled`. */
export type ShownStatus = SendStatus | 'scheduled';

export const SHOWN_STATUSES: readonly ShownStatus[] = [...SEND_STATUSES, 'scheduled'];

/** A send's own row. */
export interface Send {
  id: number;
  name: string;
  key: string | null;
  /** What it is about, for a no to that alone; empty: nothing in particular. */
  topic: string;
  /** Whether its messages are signed. */
  dkim: DkimMode;
  /** Domain of From, as A-labels; empty for sends from before. */
  fromDomain: string;
  status: SendStatus;
  reason: string | null;
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
  maxAttempts: number;
  total: number;
  sent: number;
  failed: number;
  unknown: number;
  skipped: number;
  sending: number;
  lastBatchAt: Date | null;
  startAt: Date | null;
  claimedBy: string | null;
  claimedAt: Date | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  cursorSeq: number;
  lastSeq: number;
  /** What became of the list's lines that are not in the ledger; null until the import has ended, or where it was not counted. */
  rejected: number | null;
  duplicates: number | null;
  blank: number | null;
  filtered: number | null;
  /** Of those skipped the ones whom the list itself said not to write to. */
  declined: number | null;
  /** Those for whom a cell that their message prints is empty, and of these the ones that were skipped for it. */
  missing: number | null;
  missingSkipped: number;
  /** Of its message: 1 as it was queued, one more with each change. */
  version: number;
  /** Of test mails: the send whose message they show, or 0 where that was never queued; null for a send of a list. */
  testOf: number | null;
}

/** Those who have no outcome, and whom no worker has in hand. */
export const pendingOf = (send: Send): number =>
  send.total - send.sent - send.failed - send.unknown - send.skipped - send.sending;

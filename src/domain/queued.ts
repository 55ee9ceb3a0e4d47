import type { ConsentDoubt, DeclinedBy } from './declined.js';
import type { DkimMode } from './dkim.js';
import type { HeaderField } from './header-fields.js';
import type { LintFinding } from './lint.js';
import type { EncodedTwice, FoundEncoding, FoundLine, RejectedLine } from './list-findings.js';
import type { MessageFile } from './message-file.js';
import type { LabelledKey, MessageValues } from './message-values.js';
import type { MissingBy, MissingCells } from './missing.js';
import type { Pacing } from './pacing.js';
import type { ShownStatus } from './send.js';

/** What `queue` came to. */
export interface Queued {
  /** Null in a dry run. */
  id: number | null;
  name: string;
  status: ShownStatus | 'dry-run';
  total: number;
  /** Null when it is not known (any more, or in a dry run). */
  rejected: number | null;
  duplicates: number | null;
  /** Lines with nothing in their cells. */
  blank: number | null;
  /** Lines that the condition left out. */
  filtered: number | null;
  /** Of the total, those whom the list itself says not to write to. */
  declined: number | null;
  suppressed: number | null;
  /** Of the total, those for whom a cell that their message prints is empty: blank there, or skipped, as was asked for. */
  missing: number | null;
  /** An earlier `queue` with the same key had created it. */
  alreadyQueued: boolean;
  /** Rows whose domain was converted to A-labels; null when the list was not read. */
  idnConverted: number | null;
  /** Rows only a server with SMTPUTF8 can take; null when the list was not read. */
  needSmtpUtf8: number | null;
  /** What the list was read as; null when it was not read. */
  encoding: string | null;
  /** Line of the list's header, from 1; null when the list was not read. */
  headerLine: number | null;
  /** Null when no cell looks so, or the list was not read. */
  looksEncodedTwice: EncodedTwice | null;
}

/** A send that is in the ledger. */
export interface QueuedSend extends Queued {
  id: number;
}

/** Characters that each part of what is queued may have at most. */
export const QUEUE_LENGTHS = {
  /** RFC 5322 §2.1.1: what one line of a header may have. */
  header: 998,
  /** Written on as many lines as it takes. */
  subject: 10_000,
  name: 255,
  key: 191,
  /** A condition over the rows of a list. */
  where: 4_000,
} as const;

/** Bytes that a part of the body may have at most. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What of a list has been dealt with so far. */
export interface ImportProgress {
  bytes: number;
  /** Null for a stream. */
  totalBytes: number | null;
  lines: number;
}

/** What `queue` is about to do. */
export interface QueuePlan
  extends Pacing,
    Pick<MessageValues, 'from' | 'subject' | 'timezone' | LabelledKey> {
  name: string;
  list: string;
  /** Null for a stream. */
  listBytes: number | null;
  fieldNames: readonly string[];
  headers: readonly HeaderField[];
  topic?: string | undefined;
  dkim?: DkimMode | undefined;
  paused: boolean;
  /** Files that go with every message. */
  files: readonly Pick<MessageFile, 'name' | 'bytes' | 'disposition'>[];
  /** The column that names a file for each row. */
  rowFiles: string | null;
}

/** A list that is in the ledger, not released yet. */
export interface Imported {
  /** Who would get it: without the suppressed, those who said no and those who are left out for an empty cell. */
  total: number;
  suppressed: number;
  rejected: number;
  duplicates: number;
  blank: number;
  filtered: number;
  declined: number;
  /** The columns that say so. */
  declinedBy: readonly DeclinedBy[];
  missing: number;
  /** Whether these are left out. */
  skipsMissing: boolean;
}

/** Something in a template, and where it stands, from 1. */
export interface FoundTag {
  /** How messages call it. */
  template: string;
  line: number;
  column: number;
  written: string;
}

/** What a caller of `queue` should know of the list or the message before, or beside, the result. */
export type QueueFinding =
  | ({ kind: 'encoding'; list: string } & FoundEncoding)
  /** Lines above the header, which are no part of the list. */
  | {
      kind: 'above-header';
      list: string;
      headerLine: number;
      above: readonly FoundLine[];
    }
  /** Merge fields that no column fills, for more than one would, with those columns. */
  | { kind: 'ambiguous-fields'; fields: ReadonlyMap<string, readonly string[]> }
  /** The list has a column that would fill `unsubscribe_url`, which is the message's own link. */
  | { kind: 'link-field-taken' }
  /** The text part that is made of the HTML is empty; `html` is how messages call that. */
  | { kind: 'no-text'; html: string }
  /** What may be merge tags of another tool, and is sent as it stands. */
  | { kind: 'foreign-tags'; tags: readonly FoundTag[] }
  /** Links to style sheets in the HTML, whose rules are not inlined: nothing is fetched. */
  | { kind: 'linked-style-sheets'; html: string; sheets: readonly string[] }
  /** Places of the HTML that name pictures which do not go with it, as Liquid fills them, or nothing says what they are. */
  | {
      kind: 'images-left';
      html: string;
      images: readonly { line: number; written: string }[];
    }
  /** The relay takes no message as large as this; `largest` is the row with the largest file, where rows have one. */
  | {
      kind: 'too-large';
      bytes: number;
      takes: number;
      relay: string;
      largest: { email: string; name: string } | null;
    }
  /** The first rejected lines and how many there are, once the list has been read, or reading it has failed. */
  | { kind: 'rejected'; first: readonly RejectedLine[]; total: number }
  | ({ kind: 'encoded-twice' } & EncodedTwice)
  /** Recipients whom the list itself says not to write to, once it has been read; they are skipped. */
  | { kind: 'declined'; total: number; by: readonly DeclinedBy[] }
  /** Recipients for whom a cell that their message prints is empty, once the list has been read: the first, and how many by field. */
  | {
      kind: 'missing';
      skipped: boolean;
      total: number;
      first: readonly MissingCells[];
      by: readonly MissingBy[];
    }
  /** Columns that may tell of a no, and were not read as it. */
  | { kind: 'consent-doubts'; doubts: readonly ConsentDoubt[] }
  /** What was found in the message as its first rows get it, but for what another finding has told of. */
  | { kind: 'lint'; findings: readonly LintFinding[] }
  /** Another import with the same key is under way. */
  | { kind: 'waiting-for-import'; id: number }
  /** A long import that came to nothing is being removed. */
  | { kind: 'removing' };

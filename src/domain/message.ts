import type { HeaderField } from './header-fields.js';
import type { MessageFile } from './message-file.js';
import type { MessageValues } from './message-values.js';

/** SMTP envelope of one message. `to` has its domain as A-labels; `utf8` when only SMTPUTF8 (RFC 6531) can carry it. */
export interface Envelope {
  from: string;
  to: string;
  utf8: boolean;
}

/** A message filled for one recipient. */
export interface FilledMessage {
  envelope: Envelope;
  /** Its header lines with CRLF, and the empty line after them. Raw UTF-8 only where the envelope is `utf8`. */
  header: string;
  /** Its body in pieces, ASCII: CRLF lines, dot-stuffed over the borders of pieces, without the final dot. */
  body: readonly (string | Buffer)[];
}

/** What a send consists of, as it is queued. */
export interface NewMessage extends MessageValues {
  /** Merge fields the list brought, besides `email`. */
  fieldNames: string[];
  /** In the order in which they are written. */
  headers: readonly HeaderField[];
  /** 32 random bytes that key the Message-IDs. */
  secret: Buffer;
}

/** The same as it is kept. */
export interface StoredMessage extends NewMessage {
  /** Grows by one with each change; 1 as it was queued. */
  version: number;
  /** `from` as it was queued, where a change came after: its domain stays that of the Message-IDs. */
  queuedFrom: string | null;
  /** Files that go with every message. */
  files: readonly MessageFile[];
  /** What the files of one row have at most as they are sent, beside those; 0 where rows have none. */
  rowFilesBytes: number;
}

/** A send's message as stored, and what it takes from the send. */
export interface MessageSource extends StoredMessage {
  sendId: number;
  /** What it is about; empty: nothing in particular. */
  topic: string;
}

/** Whose domain the Message-IDs of a send have. */
export const identifiedBy = ({
  from,
  queuedFrom,
}: Pick<StoredMessage, 'from' | 'queuedFrom'>): string => queuedFrom ?? from;

import type { HeaderField } from './header-fields.js';
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

/** What a send consists of, as it was queued. */
export interface StoredMessage extends MessageValues {
  /** Merge fields the list brought, besides `email`. */
  fieldNames: string[];
  /** In the order in which they are written. */
  headers: readonly HeaderField[];
  /** 32 random bytes that key the Message-IDs. */
  secret: Buffer;
}

/** A send's message as stored. */
export interface MessageSource extends StoredMessage {
  sendId: number;
}

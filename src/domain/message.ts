/** SMTP envelope of one message. `to` has its domain as A-labels; `utf8` when only SMTPUTF8 (RFC 6531) can carry it. */
export interface Envelope {
  from: string;
  to: string;
  utf8: boolean;
}

/** A message filled for one recipient: CRLF lines, dot-stuffed, without the final dot. */
export interface FilledMessage {
  envelope: Envelope;
  data: string;
}

/** A send's message as stored. */
export interface MessageSource {
  sendId: number;
  from: string;
  replyTo: string | null;
  subject: string;
  html: string | null;
  text: string | null;
  /** A Liquid template, too. */
  listUnsubscribe: string | null;
  /** Time zone in which `now` and times with an offset are shown. */
  timezone: string;
  fieldNames: string[];
  secret: Buffer;
}

import type { Envelope } from './message.js';

/** A file that a message carries. */
export interface PreviewedFile {
  /** Null for one that has no name, as an image within the HTML need not have one. */
  name: string | null;
  /** Media type. */
  type: string;
  bytes: number;
  /** By which the HTML shows it; null where it does not. */
  cid: string | null;
  content: Uint8Array;
}

/** One recipient's message as it would arrive, but for what the moment of sending makes. */
export interface Preview {
  /** Where the recipient stands in the list, from 1; in a ledger it is the row's SEQ. */
  row: number;
  envelope: Envelope;
  /** In their order, decoded and unfolded. */
  headers: readonly { name: string; value: string }[];
  /** Null where the message has no such part. */
  text: string | null;
  html: string | null;
  attachments: readonly PreviewedFile[];
  /** All of it as bytes: what an .eml file holds. */
  eml: Uint8Array;
}

/** Whose message is meant: a row of the list, an address, or the first. */
export interface RowChoice {
  row?: number | undefined;
  /** As it was given. */
  email?: string | undefined;
}

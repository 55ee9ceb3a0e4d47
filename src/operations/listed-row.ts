import type { Recipient } from '../domain/recipient.js';
import type { ListRecipient } from '../list/row-check.js';

/** A recipient of a list as the ledger has it. */
export const toRow = (seq: number, { email, norm, fields }: ListRecipient): Recipient => ({
  seq,
  email,
  emailNorm: norm,
  fields: fields === null ? {} : (JSON.parse(fields) as Record<string, string>),
  attempts: 0,
});

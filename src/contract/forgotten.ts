import type { Forgotten } from '../domain/forgotten.js';
import { suppressionJson } from './suppressions.js';
import { timeOrNull } from './time.js';

/** What is held of somebody, and what of it was blanked. */
export const forgottenJson = (forgotten: Forgotten) => ({
  email: forgotten.email,
  rows: forgotten.rows.map((row) => ({
    id: row.id,
    name: row.name,
    email: row.email,
    status: row.status,
    fields: row.fields,
    response: row.response,
    sentAt: timeOrNull(row.sentAt),
    files: row.files,
  })),
  events: forgotten.events,
  suppressions: forgotten.suppressions.map(suppressionJson),
  blanked: forgotten.blanked,
  left: forgotten.left,
});

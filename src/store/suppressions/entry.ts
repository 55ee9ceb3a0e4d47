import type { Suppression, SuppressionKey } from '../../domain/suppression.js';
import { type Columns, select } from '../columns.js';

/**
 * The key as it is compared here. To the server trailing spaces make no difference: a row that somebody's SQL wrote with some
 * is the entry, and leaves no room for another.
 */
export const KEY = {
  emailNorm: `TRIM(TRAILING ' ' FROM EMAIL_NORM)`,
  topic: `TRIM(TRAILING ' ' FROM TOPIC)`,
} satisfies Columns<keyof SuppressionKey>;

/** What a SELECT reads of an entry. */
export const ENTRY = select({
  ...KEY,
  reason: 'REASON',
  source: 'SOURCE',
  createdAt: 'CREATED_AT',
} satisfies Columns<keyof Suppression>);

import type { Suppression } from '../../domain/suppression.js';
import { type Columns, select } from '../columns.js';

/** What a SELECT reads of an entry. */
export const ENTRY = select({
  emailNorm: 'EMAIL_NORM',
  topic: 'TOPIC',
  reason: 'REASON',
  source: 'SOURCE',
  createdAt: 'CREATED_AT',
} satisfies Columns<keyof Suppression>);

import type { Queued } from '../../src/domain/queued.ts';

/** What a list of some thousands came to. */
export const QUEUED = {
  id: 42,
  name: 'Spring',
  status: 'running',
  total: 12_345,
  rejected: 3,
  duplicates: 1,
  blank: 0,
  filtered: 0,
  declined: 0,
  missing: 0,
  suppressed: 0,
  alreadyQueued: false,
  idnConverted: 0,
  needSmtpUtf8: 0,
  encoding: 'utf-8',
  headerLine: 1,
  looksEncodedTwice: null,
} as const satisfies Queued;

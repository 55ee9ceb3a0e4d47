import { type AddressCheck, checkAddress } from '../domain/address.js';
import type { RejectedLine } from '../domain/list-findings.js';
import { checkSuppressed, isDomain, readTopic } from '../domain/suppression.js';
import { readAddressCell } from './address-cell.js';
import { readMoment } from './suppression-columns.js';

/** Somebody of a list who must not be mailed, and what the list says of it. */
export interface ListedSuppression {
  line: number;
  /** As `SuppressionKey.emailNorm`. */
  norm: string;
  /** Undefined where the list says nothing. */
  topic: string | undefined;
  reason: string | undefined;
  source: string | undefined;
  since: Date | undefined;
}

export interface SuppressionBatch {
  listed: ListedSuppression[];
  rejected: RejectedLine[];
  /** Rows whose columns say that they may be mailed. */
  leftOut: number;
}

/** How a row or an object is read; null for one that says that somebody may be mailed. */
export type ReadListed<R> = (row: R) => ListedSuppression | RejectedLine | null;

/** Rows as they are read, apart. */
export function sorted<R>(rows: readonly R[], read: ReadListed<R>): SuppressionBatch {
  const batch: SuppressionBatch = { listed: [], rejected: [], leftOut: 0 };
  for (const row of rows) {
    const result = read(row);
    if (result === null) batch.leftOut++;
    else if ('norm' in result) batch.listed.push(result);
    else batch.rejected.push(result);
  }
  return batch;
}

/** What a row or an object says. */
export interface Said {
  addresses: readonly string[];
  reasons: readonly string[];
  dates: readonly string[];
  own: { topic: string; source: string } | null;
  mayBeDomain: boolean;
}

/** Who is named, or why nobody is. */
export function listed(
  line: number,
  cells: readonly string[],
  { addresses, reasons, dates, own, mayBeDomain }: Said,
): ListedSuppression | RejectedLine {
  const cell = addresses.find((one) => one.trim() !== '') ?? '';
  const check = checkCell(cell, mayBeDomain, own !== null);
  if (!check.ok) return { line, reason: check.reason, cells };
  const topic = own && own.topic !== '' ? readTopic(own.topic) : own?.topic;
  if (own && topic === undefined) return { line, reason: `"${own.topic}" is no topic`, cells };
  const since = dates.map(readMoment).find((date) => date !== undefined);
  const said = reasons.map((reason) => reason.trim()).filter((reason) => reason !== '');
  const words = own ? said : said.filter((reason) => readMoment(reason) === undefined);
  return {
    line,
    norm: check.norm,
    topic,
    reason: words.length > 0 ? words.join(' ') : undefined,
    source: own && own.source !== '' ? own.source : undefined,
    since,
  };
}

/** Our own export holds what was checked before, in its normal form. */
function checkCell(
  cell: string,
  mayBeDomain: boolean,
  isOwn: boolean,
): AddressCheck | ReturnType<typeof checkSuppressed> {
  const trimmed = cell.trim();
  if (mayBeDomain && isDomain(trimmed)) return checkSuppressed(trimmed);
  return isOwn ? checkAddress(trimmed) : readAddressCell(cell);
}

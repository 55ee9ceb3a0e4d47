import type { Suppression, SuppressionCheck, SuppressionResult } from '../domain/suppression.js';
import { plural } from '../domain/text.js';
import { printable } from './printable.js';

/** An entry's values in the order they are shown in: address, topic, reason, source, since. */
export const suppressionCells = ({
  emailNorm,
  topic,
  reason,
  source,
  createdAt,
}: Suppression): string[] => [emailNorm, topic, reason, source, createdAt.toISOString()];

/** One entry for a pipe: cells separated by tabs, control characters escaped. */
export const suppressionLine = (entry: Suppression): string =>
  `${suppressionCells(entry).map(printable).join('\t')}\n`;

/** What keeps an address from being mailed, in words. */
export function entryInWords({ emailNorm, topic, reason, source, createdAt }: Suppression): string {
  const name = emailNorm.startsWith('@') ? `${emailNorm}, the whole domain, ` : '';
  const what = topic === '' ? 'everything' : `topic ${topic}`;
  return `${name}${what}: ${printable(reason)} (${printable(source)}, ${createdAt.toISOString()})`;
}

/** An address and what keeps it from being mailed, each entry on a line. */
export const checkLines = ({ email, entries }: SuppressionCheck): string =>
  entries.length === 0
    ? `${printable(email)}  may be mailed\n`
    : entries.map((entry) => `${printable(email)}  suppressed: ${entryInWords(entry)}\n`).join('');

/** The result of a change as `key: value` lines. */
export const resultLines = ({ changed, unchanged, rejected, leftOut, saved }: SuppressionResult) =>
  [
    `changed: ${changed}`,
    `unchanged: ${unchanged}`,
    `rejected: ${rejected}`,
    ...(leftOut > 0 ? [`left out: ${leftOut}`] : []),
    ...(saved === null ? [] : [`saved: ${printable(saved)}`]),
    '',
  ].join('\n');

/** What is suppressed still, though an entry was removed. */
export const stillSuppressed = (entries: readonly Suppression[]): string =>
  [
    `${plural(entries.length, 'entry keeps', 'entries keep')} some of them from being mailed still:`,
    ...entries.map((entry) => `  ${printable(entry.emailNorm)}: ${entryInWords(entry)}`),
  ].join('\n');

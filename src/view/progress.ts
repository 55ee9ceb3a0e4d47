import type { Progress } from '../domain/progress.js';
import { printable } from './printable.js';

/** `key: value` lines for programs that read text; an absent value is left empty. */
export function fieldLines(fields: Readonly<Record<string, string | number | null>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}: ${value === null ? '' : printable(String(value))}\n`)
    .join('');
}

/** One line that says how a send stands, for logs and pipes. */
export function progressLine({ send, status, pending, ratePerSecond, waiting }: Progress): string {
  const done = send.total - pending - send.sending;
  const parts = [
    `${status} ${done}/${send.total}`,
    `sent ${send.sent}`,
    ...(send.failed ? [`failed ${send.failed}`] : []),
    ...(send.unknown ? [`unknown ${send.unknown}`] : []),
    ...(send.skipped ? [`skipped ${send.skipped}`] : []),
    ...(ratePerSecond === null ? [] : [`${ratePerSecond}/s`]),
    ...(waiting ? [printable(waiting.text)] : []),
  ];
  return parts.join('  ');
}

/** id, name, status, sent, failed, unknown, skipped, pending, total, created, and what it waits for. */
export const sendLine = ({ send, status, pending, waiting }: Progress): string =>
  `${[
    send.id,
    printable(send.name),
    status,
    send.sent,
    send.failed,
    send.unknown,
    send.skipped,
    pending,
    send.total,
    send.createdAt.toISOString(),
    printable(waiting?.text ?? ''),
  ].join('\t')}\n`;

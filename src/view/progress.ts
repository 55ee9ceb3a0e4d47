import type { Progress } from '../domain/progress.js';
import { printable } from './printable.js';

const time = (date: Date | null): string | null => date?.toISOString() ?? null;

/** The documented JSON of a send's progress. */
export function progressJson({ send, ...progress }: Progress) {
  const { waiting } = progress;
  return {
    id: send.id,
    name: send.name,
    status: progress.status,
    reason: send.reason,
    total: send.total,
    sent: send.sent,
    failed: send.failed,
    unknown: send.unknown,
    skipped: send.skipped,
    pending: progress.pending,
    sending: send.sending,
    batchSize: send.batchSize,
    delayMs: send.delayMs,
    cooldownSeconds: send.cooldownSeconds,
    lastBatchAt: time(send.lastBatchAt),
    claimedBy: send.claimedBy,
    claimedAt: time(send.claimedAt),
    ratePerSecond: progress.ratePerSecond,
    etaSeconds: progress.etaSeconds,
    waiting: waiting && { for: waiting.for, until: time(waiting.until), text: waiting.text },
    createdAt: time(send.createdAt),
    startAt: time(send.startAt),
    startedAt: time(send.startedAt),
    finishedAt: time(send.finishedAt),
  };
}

/** `key: value` lines for programs that read text: the JSON's keys, an absent value left empty. */
export function progressLines(progress: Progress): string {
  const { waiting, ...rest } = progressJson(progress);
  const values = { ...rest, waiting: waiting?.text ?? null };
  return Object.entries(values)
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

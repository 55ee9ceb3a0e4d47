import type { Suppression, SuppressionCheck, SuppressionResult } from '../domain/suppression.js';
import { type RowsText, rowsDocument } from './document.js';
import { time, timeOrNull } from './time.js';

export type SuppressionJson = ReturnType<typeof suppressionJson>;

/** Who must not be mailed, and why. */
export const suppressionJson = ({ emailNorm, topic, reason, source, createdAt }: Suppression) => ({
  email: emailNorm,
  topic,
  reason,
  source,
  since: time(createdAt),
});

/** What became of a change. */
export const suppressionResultJson = (result: SuppressionResult) => ({
  changed: result.changed,
  unchanged: result.unchanged,
  rejected: result.rejected,
  rejections: result.rejections.map(({ line, value, reason }) => ({ line, value, reason })),
  leftOut: result.leftOut,
  dryRun: result.dryRun,
  saved: result.saved,
});

/** Whether somebody may be mailed; beside the entries what the oldest of them says. */
export function suppressionCheckJson({ email, entries }: SuppressionCheck) {
  const [oldest] = entries;
  return {
    email,
    suppressed: oldest !== undefined,
    topic: oldest?.topic ?? null,
    reason: oldest?.reason ?? null,
    source: oldest?.source ?? null,
    since: timeOrNull(oldest?.createdAt ?? null),
    entries: entries.map(suppressionJson),
  };
}

/** A page of suppressions, or all of them. */
export const suppressionsText = (): RowsText<Suppression> =>
  rowsDocument('suppressions', suppressionJson);

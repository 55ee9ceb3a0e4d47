import { plural } from '../domain/text.js';

/** What is said beside the files that were applied; null when there is nothing to say. */
export function migrationHint({
  applied,
  normalised = 0,
  left = 0,
}: {
  applied: readonly string[];
  normalised?: number;
  left?: number;
}): string | null {
  const lines = [
    ...(applied.length === 0 ? ['the schema is current'] : []),
    ...(normalised > 0
      ? [
          `${plural(normalised, 'suppression')} written by SQL brought into the form they are looked up in`,
        ]
      : []),
    ...(left > 0
      ? [
          `${plural(left, 'suppression is', 'suppressions are')} no address and keep nobody from being mailed; see \`campaign help suppression\``,
        ]
      : []),
  ];
  return lines.length === 0 ? null : lines.join('\n');
}

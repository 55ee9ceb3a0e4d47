/** What a line of a log has beside level, time and words. */
export type LogDetails = { event: string } & Record<string, unknown>;

/** Times are left to JSON.stringify; a number is measured finer than anybody who reads it needs. */
export function logDetails({ kind, ...details }: { kind: string }): LogDetails {
  const rounded = Object.entries(details).map(([name, value]) => [
    name,
    typeof value === 'number' ? Math.round(value) : value,
  ]);
  return { event: kind, ...Object.fromEntries(rounded) };
}

/** A time as all JSON has it: RFC 3339 in UTC, with milliseconds. */
export const time = (at: Date): string => at.toISOString();

export const timeOrNull = (at: Date | null): string | null => at && time(at);

/** Names of the IANA time zone database; an offset like `+01:00` is no zone that keeps summer time. */
const ZONE_NAME = /^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  return format;
}

/** Whether it names a time zone that this machine knows: `UTC`, `Europe/Berlin`, … */
export function isTimeZone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Minutes by which the clocks of a zone are ahead of UTC at an instant.
 * @param at milliseconds since 1970
 * @throws RangeError when there is no such zone
 */
export function minutesAhead(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const parts = formatOf(zone).formatToParts(at);
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = 0, minutes = 0, seconds = 0] =
    /([+-])(\d+):(\d+)(?::(\d+))?/.exec(offset) ?? [];
  const ahead = Number(hours) * 60 + Number(minutes) + Number(seconds) / 60;
  return sign === '-' ? -ahead : ahead;
}

import { durationInWords } from '../domain/duration.js';

/** `12 s ago`, `in 4 min`. */
export function relativeTime(time: Date, now: Date): string {
  const seconds = (now.getTime() - time.getTime()) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${durationInWords(seconds)} ago` : `in ${durationInWords(-seconds)}`;
}

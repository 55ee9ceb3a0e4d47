import { count } from './text.js';

/** Any server takes a message of so many bytes (RFC 5321 §4.5.3.1.7). */
export const ALWAYS_TAKEN = 64 * 1024;

/**
 * Why a send whose largest message is too large pauses.
 * @param largest the row whose file makes it so; null where every message is
 */
export const tooLargeReason = (
  bytes: number,
  takes: number,
  largest: { email: string; name: string } | null,
): string =>
  `too large for the SMTP server: ${largest ? `the message with ${largest.name} for ${largest.email} has` : 'each message has'} at least ${count(bytes)} bytes, and it takes ${count(takes)} (SIZE); ${
    largest
      ? 'resumed, the others are mailed, and such rows fail'
      : 'queue it with smaller files, or resume it when the server takes more'
  }`;

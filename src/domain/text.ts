/** The first `max` characters of a text, never half of a surrogate pair: MySQL counts code points. */
export const clip = (text: string, max: number): string =>
  text.length <= max ? text : [...text].slice(0, max).join('');

/** Characters that RESPONSE, REASON and STATUS_REASON hold. */
export const REASON_LENGTH = 500;

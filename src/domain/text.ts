/** A number for people: `12,345`. Whole ones without the locales' data, which take a process 16 ms to load. */
export const count = (value: number): string =>
  Number.isSafeInteger(value)
    ? String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
    : value.toLocaleString('en-US');

/** A number and what it counts, which may bring its verb: `1 recipient is`, `12,345 recipients are`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** The line behind the first ones of a list, where there are more. @param behind what follows the number */
export const andMore = (more: number, behind = ''): string[] =>
  more > 0 ? [`  and ${count(more)} more${behind}`] : [];

/** The first `max` characters of a text, never half of a surrogate pair: MySQL counts code points. */
export const clip = (text: string, max: number): string =>
  text.length <= max ? text : [...text].slice(0, max).join('');

/** Characters that RESPONSE, REASON and STATUS_REASON hold. */
export const REASON_LENGTH = 500;

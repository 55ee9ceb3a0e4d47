/** One `name=value` of a record. */
export interface Tag {
  name: string;
  value: string;
}

/** Characters that may stand around a name or a value: folding white space (RFC 6376 §2.8). */
const isSpace = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';

/** Without the spaces around it; linear, whatever stands in it. */
export function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text[from])) from++;
  while (to > from && isSpace(text[to - 1])) to--;
  return text.slice(from, to);
}

/** Without any spaces. */
export const unspaced = (text: string): string => text.replace(/[ \t\r\n]/g, '');

/**
 * Reads `v=DKIM1; k=rsa; p=…`, as records of DKIM and DMARC are written (RFC 6376 §3.2).
 * @returns the tags in their order, and the pieces that are none
 */
export function readTags(text: string): { tags: Tag[]; odd: string[] } {
  const tags: Tag[] = [];
  const odd: string[] = [];
  for (const given of text.split(';')) {
    const piece = trimmed(given);
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = trimmed(piece.slice(0, Math.max(equals, 0)));
    if (/^[a-z][a-z0-9_]*$/i.test(name))
      tags.push({ name, value: trimmed(piece.slice(equals + 1)) });
    else odd.push(piece);
  }
  return { tags, odd };
}

/** The first name that two tags have; a list with such is none (RFC 6376 §3.2). */
export function repeatedName(tags: readonly Tag[]): string | undefined {
  const seen = new Set<string>();
  return tags.find(({ name }) => seen.size === seen.add(name).size)?.name;
}

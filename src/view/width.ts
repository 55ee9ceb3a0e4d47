import stringWidth from 'string-width';

/** Columns that a text takes on a terminal, colours aside. */
export const width = (text: string): number => stringWidth(text);

const graphemes = new Intl.Segmenter();
/** UTF-16 units of a text that are looked at for each column it may have: no longer than the longest emoji. */
const UNITS_A_COLUMN = 40;

/** A text of at most so many columns: what is too long ends in `…`, and never in half of what is seen as one character. */
export function cut(text: string, columns: number): string {
  const head = text.slice(0, columns * UNITS_A_COLUMN);
  if (head.length === text.length && width(text) <= columns) return text;
  let used = 0;
  for (const { segment, index } of graphemes.segment(head)) {
    used += width(segment);
    if (used >= columns) return `${text.slice(0, index)}…`;
  }
  return `${head}…`;
}

/** As `cut`, but what stands behind its last `; ` is left whole, where there is room for it: what is done about it, and when. */
export function cutInside(text: string, columns: number): string {
  const at = text.lastIndexOf('; ');
  const end = text.slice(at);
  const room = columns - width(end);
  if (at < 0 || room < 1 || width(text) <= columns) return cut(text, columns);
  return cut(text.slice(0, at), room) + end;
}

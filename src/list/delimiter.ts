export const DELIMITERS = [',', ';', '\t', '|'] as const;

/** Cells of one line, quotes taken off; good enough to recognise a header, not to read a list. */
export function splitRoughly(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter).map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  let blank = true;
  for (const character of line) {
    if (character === '"' && (quoted || blank)) quoted = !quoted;
    else if (character === delimiter && !quoted) {
      cells.push(cell.trim());
      cell = '';
      blank = true;
    } else {
      cell += character;
      blank &&= character.trim() === '';
    }
  }
  cells.push(cell.trim());
  return cells;
}

/**
 * The delimiter of a list, from its header line: the one that sets an address column free, else the one that
 * makes the most cells, else a comma.
 * @param isAddressHeader tells the header of an address column
 */
export function findDelimiter(
  headerLine: string,
  isAddressHeader: (header: string) => boolean,
): string {
  let best: string = DELIMITERS[0];
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    const cells = splitRoughly(headerLine, delimiter);
    if (cells.length === 1) continue;
    const score = cells.length + (cells.some(isAddressHeader) ? 1e6 : 0);
    if (score > bestScore) {
      best = delimiter;
      bestScore = score;
    }
  }
  return best;
}

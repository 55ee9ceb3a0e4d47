/** Index of the last of these numbers, which grow, that is at most so large; 0 where none is. */
export function lastAtMost(numbers: readonly number[], most: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((numbers[middle] ?? 0) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Tells of places in a text in which line and column they are, both from 1, without reading it anew for each. */
export class LineIndex {
  private readonly starts = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      this.starts.push(at + 1);
    }
  }

  positionOf(index: number): [line: number, column: number] {
    const line = lastAtMost(this.starts, index);
    return [line + 1, index - (this.starts[line] ?? 0) + 1];
  }
}

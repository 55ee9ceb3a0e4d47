/**
 * The first match of a pattern at or behind places that are asked for in their order: however often it is asked, a text is read
 * once.
 */
export class Following {
  private found: RegExpExecArray | null | undefined;

  /** @param pattern global, and of nobody else */
  constructor(
    private readonly text: string,
    private readonly pattern: RegExp,
  ) {}

  at(from: number): RegExpExecArray | null {
    const { found, pattern } = this;
    if (found === undefined || (found !== null && found.index < from)) {
      pattern.lastIndex = from;
      this.found = pattern.exec(this.text);
    }
    return this.found ?? null;
  }

  /** Behind it; null where there is none. */
  behind(from: number): number | null {
    const found = this.at(from);
    return found && found.index + found[0].length;
  }
}

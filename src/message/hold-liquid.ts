/** What Liquid sees as a tag; quotes may hold its end. */
const OUTPUT = String.raw`\{\{(?:"[^"]*"|'[^']*'|[^"'}]|\}(?!\}))*\}\}|\{\{[\s\S]*?\}\}`;
const STATEMENT = String.raw`\{%(?:"[^"]*"|'[^']*'|[^"'%]|%(?!\}))*%\}|\{%[\s\S]*?%\}`;
const COMMENT = String.raw`\{%-?\s*comment\s*-?%\}[\s\S]*?\{%-?\s*endcomment\s*-?%\}`;
const LIQUID = new RegExp(`${COMMENT}|${OUTPUT}|${STATEMENT}`, 'g');

/**
 * A template whose Liquid is held by words of ASCII letters and digits, which parsers of Markdown, HTML and CSS leave as they
 * are, and put back when these have done their work.
 */
export class HeldLiquid {
  /** The template with the words. */
  readonly text: string;
  /** Sources of patterns: of any word, of one that holds an output, of one that holds a statement or a comment. */
  readonly word: string;
  readonly output: string;
  readonly statement: string;
  private readonly start: string;
  private readonly pieces: string[] = [];

  constructor(source: string) {
    let start = 'liquid';
    while (source.includes(start)) start += 'q';
    this.start = start;
    this.output = `${start}\\d+o`;
    this.statement = `${start}\\d+s`;
    this.word = `${start}\\d+[os]`;
    this.text = source.replace(LIQUID, (piece) => this.hold(piece));
  }

  /** A word for something else that is to stay as it is. */
  hold(piece: string): string {
    const index = this.pieces.push(piece) - 1;
    return `${this.start}${index}${piece.startsWith('{{') ? 'o' : 's'}`;
  }

  /** What the words hold in a text, theirs put back. */
  restore(text: string): string {
    const word = new RegExp(`${this.start}(\\d+)[os]`, 'g');
    // What is held later may hold words of what was held before.
    let restored = text;
    for (let before = ''; before !== restored; ) {
      before = restored;
      restored = before.replace(word, (_, index) => this.pieces[Number(index)] ?? '');
    }
    return restored;
  }

  /** The words of a text, in their order. */
  wordsIn(text: string): string[] {
    return text.match(new RegExp(this.word, 'g')) ?? [];
  }
}

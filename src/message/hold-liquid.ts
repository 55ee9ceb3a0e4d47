import { findLiquid, replaceSpans } from './liquid-spans.js';

const WORD = 'liquid';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const MORE = 5;

/** A short word of letters that does not stand in a text; there are more of them than fit into one. */
function wordNotIn(text: string): string {
  for (let word = WORD; word.length < 2 * WORD.length; word += 'q') {
    if (!text.includes(word)) return word;
  }
  const taken = new Set(
    [...text.matchAll(new RegExp(`(?=${WORD}([a-z]{${MORE}}))`, 'g'))].map(([, more]) => more),
  );
  for (let number = 0; ; number++) {
    const more = Array.from(
      { length: MORE },
      (_, place) => LETTERS[Math.floor(number / LETTERS.length ** place) % LETTERS.length],
    ).join('');
    if (!taken.has(more)) return WORD + more;
  }
}

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
    const start = wordNotIn(source);
    this.start = start;
    this.output = `${start}\\d+o`;
    this.statement = `${start}\\d+s`;
    this.word = `${start}\\d+[os]`;
    const tags = findLiquid(source, { unread: ['comment'], heedsQuotes: true });
    this.text = replaceSpans(source, tags, (piece) => this.hold(piece));
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

import { width } from '../../view/width.js';

/**
 * A topic is plain text that reads well as it stands, of blocks with an empty line between. What a block is, its first
 * line says, so that the man page can be made of it:
 *
 * - one line in capitals, not indented: a heading;
 * - `- ` and text, its further lines indented by 2: items;
 * - `  term  text`, or `  term` on a line of its own, the text's further lines indented by more than 2: terms;
 * - 4 spaces: literal, as are the empty lines between two such blocks;
 * - anything else: a paragraph.
 *
 * Lines have at most 78 columns, but for literal ones that cannot be broken. Code in running text stands in backticks,
 * which the files in `topics/` write as ‘…’.
 */
export type Block =
  | { kind: 'heading' | 'paragraph'; text: string }
  | { kind: 'items'; items: string[] }
  | { kind: 'terms'; terms: Term[] }
  | { kind: 'literal'; lines: string[] };

export interface Term {
  term: string;
  text: string;
}

const COLUMNS = 78;
/** A longer term has a line of its own. */
const LONGEST_TERM = 24;

/** The blocks of a topic, in order; running text is without its line breaks. */
export function parseTopic(text: string): Block[] {
  const blocks: Block[] = [];
  for (const block of text.trimEnd().split(/\n{2,}/)) {
    const parsed = parseBlock(block.split('\n'));
    const last = blocks.at(-1);
    if (parsed.kind === 'literal' && last?.kind === 'literal') {
      last.lines.push('', ...parsed.lines);
    } else if (parsed.kind === 'items' && last?.kind === 'items') {
      last.items.push(...parsed.items);
    } else {
      blocks.push(parsed);
    }
  }
  return blocks;
}

function parseBlock(lines: readonly string[]): Block {
  const [first = ''] = lines;
  if (first.startsWith('    ')) {
    return { kind: 'literal', lines: lines.map((line) => line.slice(4)) };
  }
  if (first.startsWith('  ')) {
    const terms = entries(lines, /^ {2}(?=\S)/).map((entry) => {
      const [, term = entry, text = ''] = /^(.+?)(?: {2,}|\n\s*)([\s\S]*)$/.exec(entry) ?? [];
      return { term, text: joined(text) };
    });
    return { kind: 'terms', terms };
  }
  if (first.startsWith('- ')) {
    return { kind: 'items', items: entries(lines, /^- /).map(joined) };
  }
  const text = joined(lines.join('\n'));
  return { kind: lines.length === 1 && !/\p{Ll}/u.test(text) ? 'heading' : 'paragraph', text };
}

/** The entries of a block, of which each begins with a mark, which is left out. */
function entries(lines: readonly string[], mark: RegExp): string[] {
  const found: string[] = [];
  for (const line of lines) {
    if (mark.test(line)) found.push(line.replace(mark, ''));
    else found.push(`${found.pop() ?? ''}\n${line}`);
  }
  return found;
}

const joined = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

/** A block of terms, for topics that are made from a table. */
export function termsBlock(terms: readonly Term[]): string {
  const longest = Math.max(...terms.map(({ term }) => width(term)));
  const beside = longest <= LONGEST_TERM;
  const indent = ' '.repeat(beside ? longest + 4 : 6);
  return terms
    .map(({ term, text }) => {
      const head = `  ${term}`;
      return beside
        ? wrap(text, head.padEnd(indent.length), indent)
        : `${head}\n${wrap(text, indent, indent)}`;
    })
    .join('\n');
}

/** @param first what the first line begins with, and @param rest all others */
function wrap(text: string, first: string, rest: string): string {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(' ')) {
    const empty = line === first || line === rest;
    if (!empty && width(line) + 1 + width(word) > COLUMNS) {
      lines.push(line);
      line = rest + word;
    } else {
      line += empty ? word : ` ${word}`;
    }
  }
  return [...lines, line].join('\n');
}

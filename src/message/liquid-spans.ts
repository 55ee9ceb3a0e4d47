import { Following } from './following.js';
import type { Span } from './html-attributes.js';

/** A block whose content Liquid does not read. */
export type Unread = 'comment' | 'raw';

type Closer = '}}' | '%}';

/** Where tags end that begin at places which are asked for in their order. */
class Ends {
  private readonly next: Following;
  private readonly firstEvent: Following;
  private readonly events: RegExp;
  /** Where a tag ends that is outside of quotes at this token; null where none does. */
  private readonly known = new Map<number, number | null>();
  /** Where each kind of quotes stands for the last time. */
  private readonly last = new Map<string, number>();

  constructor(
    private readonly text: string,
    private readonly closer: Closer,
    private readonly heedsQuotes: boolean,
  ) {
    const event = `["']|${closer}`;
    this.next = new Following(text, new RegExp(closer, 'g'));
    this.firstEvent = new Following(text, new RegExp(event, 'g'));
    this.events = new RegExp(event, 'g');
  }

  /** Behind the end of a tag whose content begins here; null where it has none. */
  behind(from: number): number | null {
    return (this.heedsQuotes ? this.outside(from) : null) ?? this.next.behind(from);
  }

  /** Behind the first end that is not in quotes. What follows a token is found once, however many come to it. */
  private outside(from: number): number | null {
    const passed: number[] = [];
    let end: number | null | undefined;
    let event = this.firstEvent.at(from);
    while (end === undefined) {
      if (event === null) end = null;
      else if (event[0] === this.closer) end = event.index + this.closer.length;
      else {
        end = this.known.get(event.index);
        if (end !== undefined) break;
        passed.push(event.index);
        const closing = this.quoteBehind(event.index, event[0]);
        if (closing === null) end = null;
        else event = this.eventAt(closing + 1);
      }
    }
    for (const at of passed) this.known.set(at, end);
    return end;
  }

  private eventAt(from: number): RegExpExecArray | null {
    this.events.lastIndex = from;
    return this.events.exec(this.text);
  }

  private quoteBehind(at: number, quote: string): number | null {
    const last = this.last.get(quote) ?? this.text.lastIndexOf(quote);
    this.last.set(quote, last);
    return at >= last ? null : this.text.indexOf(quote, at + 1);
  }
}

/** Where blocks end whose content is not read. */
class Blocks {
  private readonly begin: RegExp;
  private readonly ends: Map<string, Following>;

  constructor(
    private readonly text: string,
    unread: readonly Unread[],
  ) {
    this.begin = new RegExp(`\\{%-?\\s*(${unread.join('|')})\\s*-?%\\}`, 'y');
    this.ends = new Map(
      unread.map((name) => {
        const end = new RegExp(`\\{%-?\\s*end${name}\\s*-?%\\}`, 'g');
        return [name, new Following(text, end)] as const;
      }),
    );
  }

  /** Behind the end of a block that begins here; null where none does, or it has no end. */
  behind(from: number): number | null {
    this.begin.lastIndex = from;
    const [tag = '', name = ''] = this.begin.exec(this.text) ?? [];
    return this.ends.get(name)?.behind(from + tag.length) ?? null;
  }
}

export interface LiquidSearch {
  /** Blocks that are found as a whole. */
  unread?: readonly Unread[];
  /** Whether the end of a tag is none in quotes, as long as there is another. */
  heedsQuotes?: boolean;
  /** Whether an output or a statement is one. */
  takes?: (start: number, end: number) => boolean;
}

/**
 * Finds outputs, statements and blocks that are not read, in time that grows as the text does, whatever is left open in it.
 */
export function findLiquid(
  text: string,
  { unread = [], heedsQuotes = false, takes = () => true }: LiquidSearch = {},
): Span[] {
  const ends = { '{': new Ends(text, '}}', heedsQuotes), '%': new Ends(text, '%}', heedsQuotes) };
  const blocks = unread.length > 0 ? new Blocks(text, unread) : null;
  const spans: Span[] = [];
  for (let start = text.indexOf('{'); start !== -1; ) {
    const second = text[start + 1];
    let end: number | null = null;
    if (second === '{' || second === '%') {
      end = second === '%' && blocks ? blocks.behind(start) : null;
      if (end === null) {
        end = ends[second].behind(start + 2);
        if (end !== null && !takes(start, end)) end = null;
      }
    }
    if (end !== null) spans.push({ start, end });
    start = text.indexOf('{', end ?? start + 1);
  }
  return spans;
}

/** Blocks alone that Liquid does not read. */
export function findUnread(text: string): Span[] {
  return findLiquid(text, { unread: ['raw', 'comment'], takes: () => false });
}

/** A text with something else in place of parts of it. */
export function replaceSpans(
  text: string,
  spans: readonly Span[],
  replace: (part: string) => string,
): string {
  let replaced = '';
  let from = 0;
  for (const { start, end } of spans) {
    replaced += text.slice(from, start) + replace(text.slice(start, end));
    from = end;
  }
  return replaced + text.slice(from);
}

/** The same text with blanks in place of parts of it, so that places stay what they are. */
export const blanked = (text: string, spans: readonly Span[]): string =>
  replaceSpans(text, spans, (part) => part.replace(/[^\n]/g, ' '));

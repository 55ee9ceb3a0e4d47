import { LineIndex, lastAtMost } from '../line-index.js';
import {
  type FieldValues,
  lazyScope,
  type NamedTemplate,
  type ParsedTemplate,
  renderPiece,
} from '../template.js';
import type { Place } from './findings.js';

/** Pieces of a row that are looked for in the author's text, and how long one is at most. */
const MAX_LOOKS = 1000;
const LONGEST_LOOK = 2000;

/** A template of a message, and how its author knows it. */
export class LintedTemplate {
  private lines: LineIndex | undefined;

  /**
   * @param sent as it is parsed
   * @param authored as its author wrote it, where what is sent was made of that: Markdown
   */
  constructor(
    readonly sent: NamedTemplate,
    readonly parsed: ParsedTemplate,
    private readonly authored: string | null,
  ) {}

  render(values: FieldValues, now: Date, row: number): Rendered {
    const starts: number[] = [];
    const scope = lazyScope(this.parsed, values, now);
    let text = '';
    for (const piece of this.parsed.pieces) {
      starts.push(text.length);
      text += renderPiece(piece, values, scope);
    }
    return new Rendered(this, text, starts, row);
  }

  /** Where a place of the author's text is. */
  lineOf(index: number): string {
    this.lines ??= new LineIndex(this.authored ?? this.sent.source);
    return `${this.sent.name} line ${this.lines.positionOf(index)[0]}`;
  }

  /** The whole of it for one row, where rows differ. */
  whereOf(row: number): string {
    const { name } = this.sent;
    return this.parsed.fields.length === 0 ? name : `${name}, row ${row}`;
  }

  /** The author's text, where it is another than that which is sent. */
  get origin(): string | null {
    return this.authored;
  }
}

/** A template with the values of a row in it, which knows where its parts came from. */
export class Rendered {
  /** Behind what was found last in the author's text, and how often something was looked for there. */
  private cursor = 0;
  private looks = 0;

  constructor(
    private readonly template: LintedTemplate,
    readonly text: string,
    private readonly starts: readonly number[],
    readonly row: number,
  ) {}

  /** The whole of it. */
  get whereOfRow(): string {
    return this.template.whereOf(this.row);
  }

  /**
   * Where something stands in the author's text; by the row where it cannot be found there.
   * @param index where it begins in the text of this row
   * @param written what stands there
   * @param before what stands before it, and may be found where that is a value of the list
   */
  placeOf(index: number, written: string, before = ''): Place {
    const { origin } = this.template;
    const source = this.sourceOf(index, written, before);
    const at = origin === null ? source : this.look(origin, [written, this.tagAt(index)]);
    if (at === undefined) return { where: this.whereOfRow, key: `, ${source}` };
    const where = this.template.lineOf(at);
    return { where, key: where };
  }

  /** The tag of the template that brings what stands there; nothing where it is the template's own text. */
  private tagAt(index: number): string {
    const { pieces } = this.template.parsed;
    const number = lastAtMost(this.starts, index);
    const piece = pieces[number];
    if (!piece || piece.kind === 'static') return '';
    return this.template.sent.source.slice(piece.at, pieces[number + 1]?.at);
  }

  private sourceOf(index: number, written: string, before: string): number {
    const { pieces } = this.template.parsed;
    const number = lastAtMost(this.starts, index);
    const piece = pieces[number];
    if (!piece) return 0;
    if (piece.kind === 'static') return piece.at + index - (this.starts[number] ?? 0);
    const { source } = this.template.sent;
    const block = source.slice(piece.at, pieces[number + 1]?.at ?? source.length);
    // Where a value of the list stands there, its tag does in the template.
    const inside = [written, `${before}{{`, before]
      .filter((text) => text.trim() !== '')
      .map((text) => block.indexOf(text));
    return piece.at + (inside.find((at) => at !== -1) ?? 0);
  }

  /** Where the author wrote one of these: behind what was found last, for both texts have one order, else anywhere. */
  private look(origin: string, texts: readonly string[]): number | undefined {
    this.looks += 1;
    if (this.looks > MAX_LOOKS) return undefined;
    for (const form of new Set(texts.flatMap((text) => [text, text.replaceAll('&amp;', '&')]))) {
      if (form.trim() === '' || form.length > LONGEST_LOOK) continue;
      const next = origin.indexOf(form, this.cursor);
      const at = next === -1 ? origin.indexOf(form) : next;
      if (at === -1) continue;
      this.cursor = at + form.length;
      return at;
    }
    return undefined;
  }
}

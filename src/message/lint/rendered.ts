import type { Span } from '../html-attributes.js';
import { LineIndex, lastAtMost } from '../line-index.js';
import {
  type FieldValues,
  lazyScope,
  type NamedTemplate,
  type ParsedTemplate,
  renderPiece,
} from '../template.js';
import type { Place } from './findings.js';

/** Characters that are gone through for places in a template, all in all; those that are not found cost all there are. */
const SEARCHED = 32 * 1024 * 1024;
/** Characters by which a piece is looked for. */
const LONGEST_LOOK = 200;

/** A template of a message, and how its author knows it. */
export class LintedTemplate {
  private lines: LineIndex | undefined;
  private left = SEARCHED;

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

  /**
   * Where one of these stands in a text of this template: the first that does, behind a place, for a row and its template
   * have one order, or else anywhere. Undefined too where the search has come to cost too much.
   */
  find(text: string, forms: readonly string[], from: number): Span | undefined {
    for (const form of forms) {
      if (form.trim() === '' || this.left <= 0) continue;
      const behind = text.indexOf(form, from);
      const start = behind === -1 ? text.indexOf(form) : behind;
      const end = start === -1 ? text.length : start + form.length;
      this.left -= behind === -1 ? text.length - from + end : end - from;
      if (start !== -1) return { start, end };
    }
    return undefined;
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
  /** Behind what was found last: in the author's text, and in a block of the template. */
  private cursor = 0;
  private inBlock = { number: -1, cursor: 0 };

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
    const tail = before.slice(-LONGEST_LOOK);
    const forms = [written.slice(0, LONGEST_LOOK), `${tail}{{`, tail];
    if (this.inBlock.number !== number) this.inBlock = { number, cursor: 0 };
    const found = this.template.find(block, forms, this.inBlock.cursor);
    if (found) this.inBlock.cursor = found.end;
    return piece.at + (found?.start ?? 0);
  }

  private look(origin: string, texts: readonly string[]): number | undefined {
    const forms = texts
      .flatMap((text) => [text, text.replaceAll('&amp;', '&')])
      .map((text) => text.slice(0, LONGEST_LOOK));
    const found = this.template.find(origin, [...new Set(forms)], this.cursor);
    if (found) this.cursor = found.end;
    return found?.start;
  }
}

import { CampaignError } from '../errors.js';
import { countLines } from './decode.js';

/** Bounds what one row, or a quote that is never closed, can take of memory. */
export const MAX_ROW_CHARACTERS = 8 * 1024 * 1024;

const QUOTE = '"';
const QUOTE_CODE = 0x22;
const LINE_FEED_CODE = 0x0a;
const BACKSLASH_CODE = 0x5c;

/** One row of a list. */
export interface CsvRecord {
  /** Line on which the row begins, from 1. */
  line: number;
  cells: string[];
}

const WHITE_SPACE = /\s/;

/** Nothing but white space, quoted or not. */
export const isBlank = (cells: readonly string[]): boolean =>
  cells.every((cell) => cell.trim() === '');

/** Where something is next, or the end of the text. */
const find = (text: string, what: string, from: number): number => {
  const at = text.indexOf(what, from);
  return at === -1 ? text.length : at;
};

/**
 * Splits a CSV (RFC 4180) into rows as spreadsheets do. A quote opens a cell as its first character, white space
 * before it aside; every other quote is text, also behind the one that closes (`"abc"def` is abcdef). White space
 * around a cell is taken off. Rows with nothing in their cells are left out, as empty lines are.
 *
 * Where it is clear that a quote was not closed in time (another line, or a delimiter, lies between it and the one
 * that would close it before more text), and where quotes are escaped with backslashes, nothing is guessed.
 */
export class RowSplitter {
  /** Rows with nothing in their cells so far. */
  blank = 0;
  private records: CsvRecord[] = [];
  /** Cells of the row that is being read. */
  private cells: string[] = [];
  /** What there is so far of a cell whose quote is open. */
  private quoted: string | undefined;
  /** The open cell has `\""`: a quote, or in another dialect an escaped one and the cell's end. */
  private sawEscape = false;
  /** Characters of the row that came with earlier pieces of text. */
  private earlier = 0;

  /**
   * @param name of the list, for messages
   * @param line number of the first line
   */
  constructor(
    private readonly name: string,
    private readonly delimiter: string,
    private line: number,
  ) {}

  /**
   * @param text that ends with a line, unless it is the last or longer than a row may be
   * @returns rows that have ended
   * @throws CampaignError BAD_LIST naming the row, when its cells cannot be told apart
   */
  feed(text: string): CsvRecord[] {
    let at = this.quoted === undefined ? 0 : this.readRow(text, 0);
    let quote = find(text, QUOTE, at);
    while (at < text.length) {
      if (quote < at) quote = find(text, QUOTE, at);
      const end = find(text, '\n', at);
      if (quote > end || quote === text.length) {
        this.checkLength(end - at);
        this.splitLine(text.slice(at, end));
        at = end + 1;
      } else at = this.readRow(text, at);
    }
    const { records } = this;
    this.records = [];
    return records;
  }

  /** @throws CampaignError BAD_LIST when a quote is still open */
  end(): void {
    if (this.quoted !== undefined) {
      throw this.sawEscape
        ? this.backslashes()
        : this.fault(`a quote opened in ${this.where()} is never closed`);
    }
  }

  /** A line without a quote: delimiters are all there is to see. */
  private splitLine(line: string): void {
    const cells = line.split(this.delimiter);
    for (let i = 0; i < cells.length; i++) cells[i] = (cells[i] as string).trim();
    this.endRow(cells, 1);
  }

  private endRow(cells: string[], lines: number): void {
    if (isBlank(cells)) this.blank++;
    else this.records.push({ line: this.line, cells });
    this.line += lines;
  }

  /**
   * Begins a row, or goes on in its open cell.
   * @returns where the next row begins, or the end of the text when a quote is open there
   */
  private readRow(text: string, from: number): number {
    let at = from;
    for (;;) {
      let begin = at;
      if (this.quoted === undefined) {
        begin = this.skipSpace(text, at);
        if (text.charCodeAt(begin) === QUOTE_CODE) {
          this.quoted = '';
          begin++;
        }
      }
      const end = this.quoted === undefined ? this.cellEnd(text, at) : this.readQuoted(text, begin);
      if (end === undefined) {
        this.earlier += text.length - from;
        this.checkLength(0);
        return text.length;
      }
      if (this.quoted === undefined) this.cells.push(this.plain(text.slice(at, end).trim()));
      this.quoted = undefined;
      at = end + 1;
      if (text[end] === this.delimiter) continue;
      this.checkLength(end - from);
      this.earlier = 0;
      const { cells } = this;
      this.cells = [];
      this.endRow(
        cells,
        cells.reduce((sum, cell) => sum + countLines(cell), 1),
      );
      return at;
    }
  }

  /**
   * Reads a cell from behind the quote that opened it.
   * @returns where it ends, at a delimiter, a line end or the end of the text; undefined when the quote stays open
   */
  private readQuoted(text: string, begin: number): number | undefined {
    let value = this.quoted as string;
    let from = begin;
    let quote: number;
    for (;;) {
      quote = text.indexOf(QUOTE, from);
      if (quote === -1) {
        this.quoted = value + text.slice(from);
        return undefined;
      }
      if (text.charCodeAt(quote + 1) !== QUOTE_CODE) break;
      this.sawEscape ||= text.charCodeAt(quote - 1) === BACKSLASH_CODE;
      value += text.slice(from, quote + 1);
      from = quote + 2;
    }
    value += text.slice(from, quote);
    const after = this.skipSpace(text, quote + 1);
    if (!this.isCellEnd(text, after)) {
      if (this.sawEscape || value.endsWith('\\')) throw this.backslashes();
      if (value.includes('\n') || this.endsInDelimiter(value)) {
        throw this.fault(
          `a quote in ${this.where()} is followed by more text: it is not closed, or a quote inside is not doubled`,
        );
      }
      const end = this.cellEnd(text, after);
      this.cells.push(value + this.plain(text.slice(quote + 1, end).trimEnd()));
      return end;
    }
    this.cells.push(value);
    this.sawEscape = false;
    return after;
  }

  /** Spaces behind it aside. */
  private endsInDelimiter(value: string): boolean {
    let end = value.length;
    while (value[end - 1] === ' ') end--;
    return value[end - 1] === this.delimiter;
  }

  private skipSpace(text: string, from: number): number {
    let at = from;
    while (!this.isCellEnd(text, at) && WHITE_SPACE.test(text[at] as string)) at++;
    return at;
  }

  private isCellEnd(text: string, at: number): boolean {
    return (
      at >= text.length || text.charCodeAt(at) === LINE_FEED_CODE || text[at] === this.delimiter
    );
  }

  private cellEnd(text: string, from: number): number {
    let at = from;
    while (!this.isCellEnd(text, at)) at++;
    return at;
  }

  /** Text outside quotes, in which a quote may stand anywhere. */
  private plain(text: string): string {
    if (text.includes('\\"')) throw this.backslashes();
    return text;
  }

  private checkLength(characters: number): void {
    if (this.earlier + characters <= MAX_ROW_CHARACTERS) return;
    const row = `the row that begins on line ${this.line}`;
    throw this.fault(
      this.quoted === undefined
        ? `${row} is longer than 8 MB`
        : `${row} is longer than 8 MB: a quote opened in it (cell ${this.cells.length + 1}) is not closed`,
    );
  }

  private where(): string {
    return `the row that begins on line ${this.line} (cell ${this.cells.length + 1})`;
  }

  private fault(what: string): CampaignError {
    return new CampaignError(
      'BAD_LIST',
      `${this.name}: ${what}`,
      'close the quote, and write a quote inside a quoted cell twice',
    );
  }

  /** Spark, PHP's fputcsv, MySQL: `"a \"b\" c"`; a reader of RFC 4180 takes such a quote for the cell's end. */
  private backslashes(): CampaignError {
    return new CampaignError(
      'BAD_LIST',
      `${this.name}: ${this.where()} escapes a quote with a backslash (\\"), a dialect of MySQL's SELECT … INTO OUTFILE, PHP's fputcsv, Spark and others, which is not read`,
      'export the list with a quote inside a quoted cell written twice: in MySQL ESCAPED BY \'"\', in PHP fputcsv(…, escape: \'\'), in Spark escape="\\""',
    );
  }
}

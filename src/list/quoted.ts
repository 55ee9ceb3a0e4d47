import { type CsvError, type Info, Parser } from 'csv-parse';
import { CampaignError } from '../errors.js';
import { countLines, countOf } from './text.js';

/** Bounds what one row, or a quote that is never closed, can take of memory. */
export const MAX_ROW_BYTES = 8 * 1024 * 1024;

export const QUOTE = '"';

/** One row of a list: its cells, or the reason why they cannot be told apart. */
export interface CsvRecord {
  /** Line on which the row begins, from 1. */
  line: number;
  cells: string[];
  fault?: string;
}

const lineBreaks = (cells: readonly string[]): number =>
  cells.reduce((sum, cell) => sum + countLines(cell), 0);

/** What a fatal error of the parser means, in words that name the row it began in. */
function explainCsvError(error: CsvError, name: string, startLine: number): CampaignError {
  const column = Number(error['column'] ?? 0) + 1;
  const where = `the row that begins on line ${startLine}`;
  const what: Partial<Record<string, string>> = {
    CSV_QUOTE_NOT_CLOSED: `a quote opened in ${where} (cell ${column}) is never closed`,
    CSV_MAX_RECORD_SIZE: `${where} is longer than ${MAX_ROW_BYTES / 1024 / 1024} MB: a quote opened in it (cell ${column}) is not closed`,
    CSV_INVALID_CLOSING_QUOTE: `a quote in ${where} (cell ${column}) is followed by more text: it is not closed, or a quote inside is not doubled`,
    CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: `a closing quote in ${where} (cell ${column}) is followed by more text`,
  };
  return new CampaignError(
    'BAD_LIST',
    `${name}: ${what[error.code] ?? `${where} cannot be read: ${error.message}`}`,
    'close the quote, and write a quote inside a quoted cell twice',
    { cause: error },
  );
}

/** A stretch of a list with quotes in it, from the beginning of a row on. */
export class QuotedStretch {
  private readonly parser: Parser;
  private records: CsvRecord[] = [];
  /** Counted from the first line of the stretch. */
  private lastLine = 0;
  private emptyLines = 0;
  private faulty: CsvRecord | undefined;
  private failure: CsvError | undefined;
  private oddQuotes = false;
  private sawFault = false;
  private endsInLine = false;

  /**
   * @param name of the list, for messages
   * @param firstLine number of the line that the stretch begins on
   */
  constructor(
    private readonly name: string,
    delimiter: string,
    private readonly firstLine: number,
  ) {
    this.parser = new Parser({
      delimiter,
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: MAX_ROW_BYTES,
      on_record: (cells: string[], info: Info): null => {
        this.takeFaulty();
        const oneLine = info.lines === this.lastLine + 1;
        const line = oneLine ? info.lines : info.lines - lineBreaks(cells);
        this.records.push({ line: firstLine - 1 + line, cells });
        this.lastLine = info.lines;
        this.emptyLines = info.empty_lines;
        return null;
      },
      skip_records_with_error: true,
      on_skip: (error: CsvError | undefined): undefined => {
        if (error?.code !== 'INVALID_OPENING_QUOTE') throw error;
        // The parser goes on filling this very array to the end of the row, and then leaves it out.
        const { record: cells } = (this.parser as unknown as { state: { record: string[] } }).state;
        if (this.faulty?.cells === cells) return;
        this.takeFaulty();
        const line = error['lines'] as number;
        this.faulty = {
          line: firstLine - 1 + line - lineBreaks(cells),
          cells,
          fault: 'a quote in the middle of an unquoted cell',
        };
        this.sawFault = true;
        this.lastLine = line;
      },
    });
    this.parser.on('error', (error) => {
      this.failure ??= error as CsvError;
    });
  }

  /**
   * Whether a row ends where the text given so far does. After a quote out of place the number of quotes tells no
   * more, and it is never known again.
   */
  get isAtRowEnd(): boolean {
    return this.endsInLine && !this.oddQuotes && !this.sawFault;
  }

  /**
   * @returns rows that have ended
   * @throws CampaignError BAD_LIST
   */
  async feed(text: string): Promise<CsvRecord[]> {
    await new Promise<void>((resolve, reject) => {
      this.parser.write(text, this.whenDone(resolve, reject));
    });
    this.endsInLine = text.endsWith('\n');
    if (countOf(QUOTE, text) % 2 === 1) this.oddQuotes = !this.oddQuotes;
    return this.takeRecords();
  }

  /**
   * @returns the rows that are left
   * @throws CampaignError BAD_LIST
   */
  async end(): Promise<CsvRecord[]> {
    await new Promise<void>((resolve, reject) => {
      const done = this.whenDone(resolve, reject);
      this.parser.once('error', done);
      this.parser.end(() => done());
    });
    this.takeFaulty();
    return this.takeRecords();
  }

  destroy(): void {
    this.parser.destroy();
  }

  private whenDone(resolve: () => void, reject: (error: CampaignError) => void) {
    return (error?: Error | null): void => {
      const fault = (error ?? this.failure) as CsvError | null | undefined;
      if (!fault) {
        resolve();
        return;
      }
      const before = this.lastLine + this.parser.info.empty_lines - this.emptyLines;
      reject(explainCsvError(fault, this.name, this.firstLine + before));
    };
  }

  private takeFaulty(): void {
    if (this.faulty) this.records.push(this.faulty);
    this.faulty = undefined;
  }

  private takeRecords(): CsvRecord[] {
    const { records } = this;
    this.records = [];
    return records;
  }
}

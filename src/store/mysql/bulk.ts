import type { Database } from './database.js';
import { isHostUnfit } from './errors.js';
import { escapeRow, type Outcome, type Statement } from './packet.js';
import { LOAD_PIECE_BYTES } from './session.js';

type Value = string | number | null;

/** Where rows go. */
export interface Target {
  table: string;
  columns: readonly string[];
}

/** Rows that one statement writes, made ready while an earlier one is running; used again and again. */
export interface RowBlock {
  readonly rows: number;
  /** @returns false, with nothing changed, when there is no room for this row */
  add(values: readonly Value[]): boolean;
  /** Writes the rows, but for those whose key is taken. */
  statement(): Statement;
  /** Whether that wrote each row as it is or left it out for its key. */
  tookAll(outcome: Outcome): boolean;
  clear(): void;
}

/** A way to write many rows. */
export interface BulkInsert {
  /** From how many rows on a statement is worth its commit. */
  readonly minRows: number;
  readonly maxRows: number;
  block(target: Target): RowBlock;
}

/** Statements over about 200 KB stall a connection: the server reads a statement whole before it begins. */
const INSERT_CHARACTERS = 160_000;
/** Of a character of a JavaScript string (UTF-16), in UTF-8. */
const MAX_BYTES_PER_CHARACTER = 3;
/** For what stands in a packet beside the rows. */
const PACKET_RESERVE = 4096;

class InsertBlock implements RowBlock {
  private texts: string[] = [];
  private characters = 0;

  constructor(
    private readonly target: Target,
    private readonly maxCharacters: number,
  ) {}

  get rows(): number {
    return this.texts.length;
  }

  add(values: readonly Value[]): boolean {
    const text = escapeRow(values);
    if (this.rows > 0 && this.characters + text.length > this.maxCharacters) return false;
    this.texts.push(text);
    this.characters += text.length;
    return true;
  }

  statement(): Statement {
    const { table, columns } = this.target;
    return {
      sql: `INSERT INTO ${table} (${columns.join(', ')})
            VALUES ${this.texts.join(',')} ON DUPLICATE KEY UPDATE ${columns[0]} = ${columns[0]}`,
      params: [],
    };
  }

  /** INSERT itself fails on a row that it cannot write as it is. */
  tookAll(): boolean {
    return true;
  }

  clear(): void {
    this.texts = [];
    this.characters = 0;
  }
}

const insertRowsOf = (maxCharacters: number): BulkInsert => ({
  minRows: 1000,
  maxRows: 1000,
  block: (target) => new InsertBlock(target, maxCharacters),
});

/** INSERT with many rows, which every server takes. */
export const insertRows = insertRowsOf(INSERT_CHARACTERS);

/** The same in statements that a small `max_allowed_packet` lets through. */
function insertRowsWithin(packetLimit: number): BulkInsert {
  const fits = Math.floor((packetLimit - PACKET_RESERVE) / MAX_BYTES_PER_CHARACTER);
  return fits < INSERT_CHARACTERS ? insertRowsOf(fits) : insertRows;
}

const ESCAPED_AS: Partial<Record<string, string>> = { '\t': 't', '\n': 'n', '\0': '0' };

const loadField = (value: Value): string =>
  value === null
    ? '\\N'
    : String(value).replace(
        /[\\\t\n\0]/g,
        (character) => `\\${ESCAPED_AS[character] ?? character}`,
      );

const loadStatement = ({ table, columns }: Target, data: Buffer): Statement => ({
  sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${table} CHARACTER SET utf8mb4
        FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (${columns.join(', ')})`,
  params: [],
  data,
});

/** "Records: 5  Deleted: 0  Skipped: 1  Warnings: 1", in whatever language the server speaks. */
const LOADED = /^\D*(\d+)\D+0\D+(\d+)\D+(\d+)\D*$/;
const LOAD_BYTES = 1024 * 1024;

class LoadBlock implements RowBlock {
  rows = 0;
  /** One for all statements: memory made anew for each would be let go late, and the process would grow. */
  private buffer = Buffer.allocUnsafeSlow(LOAD_BYTES);
  private end = 0;

  constructor(private readonly target: Target) {}

  add(values: readonly Value[]): boolean {
    const text = `${values.map(loadField).join('\t')}\n`;
    const most = text.length * MAX_BYTES_PER_CHARACTER;
    if (this.end + most > this.buffer.length) {
      if (this.rows > 0) return false;
      this.buffer = Buffer.allocUnsafeSlow(most);
    }
    this.end += this.buffer.write(text, this.end);
    this.rows += 1;
    return true;
  }

  statement(): Statement {
    return loadStatement(this.target, this.buffer.subarray(0, this.end));
  }

  tookAll({ info = '' }: Outcome): boolean {
    const [, records, skipped, warnings] = LOADED.exec(info) ?? [];
    return Number(records) === this.rows && skipped === warnings;
  }

  clear(): void {
    this.rows = 0;
    this.end = 0;
  }
}

/**
 * LOAD DATA LOCAL from memory: a quarter less work for the server than INSERT, which it has to parse. It turns errors
 * into warnings, so these are counted: one for each row left out, and no other.
 */
export const loadRows: BulkInsert = {
  minRows: 1000,
  maxRows: 5000,
  block: (target) => new LoadBlock(target),
};

/**
 * The faster way of those that the server and whatever stands before it let through, found by loading no rows: MySQL
 * refuses LOCAL unless its `local_infile` is on, MariaDB takes it.
 * @param packetLimit bytes that the server takes in one packet
 */
export async function chooseBulkInsert(
  database: Database,
  target: Target,
  packetLimit: number,
): Promise<BulkInsert> {
  if (packetLimit < LOAD_PIECE_BYTES + PACKET_RESERVE) return insertRowsWithin(packetLimit);
  try {
    await database.packet([loadStatement(target, Buffer.alloc(0))]);
    return loadRows;
  } catch (error) {
    if (isHostUnfit(error)) throw error;
    return insertRowsWithin(packetLimit);
  }
}

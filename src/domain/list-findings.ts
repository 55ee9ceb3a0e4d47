/** Cells that look encoded twice, the first of them as an example. */
export interface EncodedTwice {
  cells: number;
  /** Of the example. */
  line: number;
  cell: string;
  /** What it was before. */
  probably: string;
}

/** A line of a list that cannot be mailed. */
export interface RejectedLine {
  line: number;
  reason: string;
  cells: readonly string[];
}

/** What a list is read as. */
export interface FoundEncoding {
  /** Name in lower case, by the WHATWG Encoding Standard where that has it. */
  encoding: string;
  /** What tells: the user, a byte order mark, the places of NUL bytes, or bytes that are not UTF-8. */
  by: 'flag' | 'mark' | 'nuls' | 'bytes';
  /** What a byte order mark says that the user overrules. */
  mark?: string;
  /** The first words that are not ASCII, where they alone tell. */
  example?: { line: number; text: string };
}

/** A column that may hold the address. */
export interface AddressColumn {
  /** From 0. */
  index: number;
  header: string;
  /** The cell of the first row that has one. */
  example: string;
}

/** A row as it stands. */
export interface FoundLine {
  /** From 1. */
  line: number;
  text: string;
}

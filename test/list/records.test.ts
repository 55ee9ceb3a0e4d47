import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CsvRecord } from '../../src/list/quoted.ts';
import { readRecords } from '../../src/list/records.ts';

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function readAll(text: string, size: number): Promise<CsvRecord[]> {
  const records: CsvRecord[] = [];
  const isEmail = (header: string): boolean => header === 'email';
  for await (const batch of readRecords(pieces(text, size), 'list.csv', isEmail)) {
    records.push(...batch);
  }
  return records;
}

const plainCell = fc.string({
  unit: fc.constantFrom('a', 'é', ' ', '\u00a0', ';', '.'),
  maxLength: 6,
});
const quotedCell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' '), maxLength: 6 });

interface Cell {
  written: string;
  read: string;
}

const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 6, arbitrary: plainCell.map((text) => ({ written: text, read: text.trim() })) },
  {
    weight: 1,
    arbitrary: fc.tuple(quotedCell, fc.constantFrom('', ' ')).map(([text, around]) => ({
      written: `${around}"${text.replaceAll('"', '""')}"${around}`,
      read: text,
    })),
  },
);

/** Two cells at least: one empty cell alone is an empty line. */
const row = fc.record({
  cells: fc.array(cell, { minLength: 2, maxLength: 4 }),
  emptyLines: fc.array(fc.constantFrom('', '  '), { maxLength: 2 }),
});

describe('rows of a list', () => {
  it('are the same whatever pieces it comes in, quotes before and after plain lines or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (rows, size, endsInLine) => {
          let text = 'email,name';
          let line = 2;
          const expected: CsvRecord[] = [{ line: 1, cells: ['email', 'name'] }];
          for (const { cells, emptyLines } of rows) {
            text += `\n${emptyLines.map((empty) => `${empty}\n`).join('')}`;
            line += emptyLines.length;
            expected.push({ line, cells: cells.map(({ read }) => read) });
            const written = cells.map((one) => one.written).join(',');
            text += written;
            line += written.split('\n').length;
          }
          expect(await readAll(endsInLine ? `${text}\n` : text, size)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keep their lines after a quote out of place, in plain lines too', async () => {
    const text = `email,n\na,5"\n${'b,1\n'.repeat(5)}c,"x\ny"\nd,2\n`;
    for (const size of [1, 4, 9, 1000]) {
      const records = await readAll(text, size);
      expect(records.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10]);
      expect(records.flatMap(({ fault, line }) => (fault ? [line] : []))).toEqual([2]);
    }
  });

  it('may be long, but not without end, quoted or not', async () => {
    const long = 'x'.repeat(5_000_000);
    expect(await readAll(`email,n\na,${long}\nb,1\n`, 100_000)).toHaveLength(3);
    await expect(readAll(`email,n\na,${long}${long}\nb,1\n`, 100_000)).rejects.toThrow(
      'begins on line 2 is longer than 8 MB',
    );
  });
});

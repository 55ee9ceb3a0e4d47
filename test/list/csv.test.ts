import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecords } from '../../src/list/csv.ts';
import type { CsvRecord } from '../../src/list/rows.ts';

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

const row = fc.record({
  cells: fc.array(cell, { minLength: 1, maxLength: 4 }),
  emptyLines: fc.array(fc.constantFrom('', '  ', ',,', ' , ,""'), { maxLength: 2 }),
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
            if (cells.some(({ read }) => read.trim() !== '')) {
              expected.push({ line, cells: cells.map(({ read }) => read) });
            }
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

  it('are those of another reader of RFC 4180', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\\', '.'),
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(text, { minLength: 2, maxLength: 4 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        async (rows, size) => {
          const list = [['email', 'name'], ...rows]
            .map((cells) => `${cells.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')}\n`)
            .join('');
          const read: string[][] = parse(list, { relax_column_count: true });
          expect((await readAll(list, size)).map(({ cells }) => cells)).toEqual(
            read.filter((cells) => cells.some((one) => one.trim() !== '')),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('take a quote that is not the first character of a cell for text, beside quoted cells too', async () => {
    const stray = fc
      .string({ unit: fc.constantFrom('a', '"', ' ', "'", '='), maxLength: 8 })
      .map((text) => `x${text}`);
    const quoted = quotedCell.map((text) => `"${text.replaceAll('"', '""')}"`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(stray, fc.oneof(fc.constant('plain'), quoted), stray), { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (rows, size) => {
          const list = ['email,a,b', ...rows.map((cells) => cells.join(','))].join('\n');
          expect((await readAll(list, size)).slice(1).map(({ cells }) => cells)).toEqual(
            rows.map(([first, middle, last]) => [
              first.trim(),
              middle.startsWith('"') ? middle.slice(1, -1).replaceAll('""', '"') : middle,
              last.trim(),
            ]),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['5\'10" tall', '5\'10" tall'],
    ['Joe "Bob" Smith', 'Joe "Bob" Smith'],
    ['24" screen, ', '24" screen'],
    ['="4030"', '="4030"'],
    ['"=""00971"""', '="00971"'],
    ['"abc"def', 'abcdef'],
    ['"abc" def ', 'abc def'],
    ['"Joe" "Bob" Smith', 'Joe "Bob" Smith'],
    ['"Example, Bob" <bob@example.org>', 'Example, Bob <bob@example.org>'],
    ['""abc""', 'abc""'],
    ['"""abc"""', '"abc"'],
    [' "a" ', 'a'],
    ['"C:\\"', 'C:\\'],
    ['"a \\""b\\"" c"', 'a \\"b\\" c'],
    ['"{""say"":""\\""no\\"", he said""}"', '{"say":"\\"no\\", he said"}'],
  ])('have a cell as spreadsheets read it: %s', async (written, read) => {
    for (const size of [1, 5, 1000]) {
      const records = await readAll(`n,email\n${written},a\nb,1\n`, size);
      expect(records.map(({ line, cells }) => [line, cells[0]])).toEqual([
        [1, 'n'],
        [2, read],
        [3, 'b'],
      ]);
    }
  });

  it('keep their lines after quoted line breaks, quotes out of place and rows of delimiters', async () => {
    const text = `email,n\na,5"\n${'b,1\n'.repeat(5)}c,"x\ny"\n,,"",\n\t, \nd,2\n`;
    for (const size of [1, 4, 9, 1000]) {
      const records = await readAll(text, size);
      expect(records.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 12]);
    }
  });

  it('begin behind rows of delimiters with the header, which tells the delimiter', async () => {
    const records = await readAll(';;;\n"";\n;email;"5"" x"\n1;a;2\n', 3);
    expect(records).toEqual([
      { line: 3, cells: ['', 'email', '5" x'] },
      { line: 4, cells: ['1', 'a', '2'] },
    ]);
  });

  it.each([
    [
      'closed by the quote of the next row',
      '1,x\n2,"y\n3,"z"\n',
      'line 3 (cell 2) is followed by more text',
    ],
    [
      'closed by the quote of the next cell',
      '1,x\n2,"y,3,"z"\n',
      'line 3 (cell 2) is followed by more text',
    ],
    ['never closed', '1,x\n2,"y\n3,z\n', 'line 3 (cell 2) is never closed'],
  ])('are not guessed at where a quote is %s', async (_, rows, message) => {
    for (const size of [1, 5, 1000]) {
      await expect(readAll(`email,n\n${rows}`, size)).rejects.toThrow(message);
    }
  });

  it.each([
    ['in a quoted cell', '2,"Joe \\"Bob\\" Smith"\n'],
    ['first in a quoted cell', '2,"\\"Bob\\" Smith"\n'],
    ['last in a quoted cell', '2,"screen 24\\""\n3,"x"\n'],
    ['last in a quoted cell, and another', '2,"screen 24\\"",x\n3,"screen 25\\"",y\n'],
    ['last in the list', '2,"screen 24\\""\n'],
    ['in an unquoted cell', '2,Joe \\"Bob\\" Smith\n'],
    ['first in an unquoted cell', '2,\\"Bob\\" Smith\n'],
    ['behind an escaped backslash', '2,"C:\\\\ \\"x\\""\n'],
  ])(
    'are refused with the name of the dialect where a quote is escaped with a backslash %s',
    async (_, rows) => {
      for (const size of [1, 5, 1000]) {
        const error = await readAll(`email,n\n1,x\n${rows}`, size).catch((error: Error) => error);
        expect(error).toMatchObject({
          code: 'BAD_LIST',
          message: expect.stringMatching(
            /line 3 \(cell 2\) escapes .* MySQL's SELECT … INTO OUTFILE/,
          ),
          remedy: expect.stringContaining('twice'),
        });
      }
    },
  );

  it.each([
    ['spaces before a stray quote', `email,n\na,"${' '.repeat(1_000_000)}x"abc\n`, 2],
    ['runs of spaces before a stray quote', `email,n\na,"${'x   '.repeat(500_000)}x"abc\n`, 2],
    ['stray quotes in a title', `${'x"'.repeat(400_000)}\nemail,n\na@b.org,b\n`, 2],
    ['at signs in a title', `${'a@'.repeat(400_000)} y\nemail,n\na@b.org,b\n`, 2],
    ['brackets in a title', `${'( '.repeat(400_000)} y\nemail,n\na@b.org,b\n`, 2],
    ['spaces in a header', `email,x${' '.repeat(500_000)}x\na,b\n`, 2],
    ['quotes around nothing', `email,n\na,${'"'.repeat(1_000_000)}\n`, 2],
    ['spaces between quoted cells', `email,n\n"a"${' '.repeat(1_000_000)},"b"\n`, 2],
  ])('come to their end with many %s', async (_, list, count) => {
    expect(await readAll(list, 1 << 16)).toHaveLength(count);
  });

  it('tell a delimiter before a stray quote, spaces behind it aside', async () => {
    for (const list of ['email,n\n1,"y,  "z\n', 'email\tn\n1\t"y\t  "z\n']) {
      await expect(readAll(list, 1000)).rejects.toThrow('line 2 (cell 2) is followed by more text');
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

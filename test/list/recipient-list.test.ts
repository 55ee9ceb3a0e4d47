import { describe, expect, it } from 'vitest';
import type { CampaignError } from '../../src/errors.ts';
import { openRecipients } from '../../src/list/recipient-list.ts';

/** The list cut into pieces of `size` bytes, as a file or a pipe would bring it. */
async function* pieces(list: string | Uint8Array, size = 1 << 16): AsyncGenerator<Uint8Array> {
  const bytes = typeof list === 'string' ? Buffer.from(list) : list;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(
  list: string | Uint8Array,
  options: { size?: number; emailColumn?: string | undefined } = {},
) {
  const opened = await openRecipients(pieces(list, options.size), {
    name: 'list.csv',
    emailColumn: options.emailColumn,
  });
  const accepted = [];
  const rejected = [];
  for await (const batch of opened.batches) {
    accepted.push(...batch.accepted);
    rejected.push(...batch.rejected);
  }
  return { columns: opened.columns, accepted, rejected };
}

const failure = (list: string | Uint8Array, options = {}): Promise<CampaignError> =>
  read(list, options).then(
    () => {
      throw new Error('the list was taken');
    },
    (error: CampaignError) => error,
  );

const emails = async (list: string | Uint8Array, options = {}): Promise<string[]> =>
  (await read(list, options)).accepted.map(({ email }) => email);

describe('dialects', () => {
  it.each([
    ['commas', 'name,email\nAnn,ann@example.org\n'],
    [
      'semicolons, though a comma is in the header',
      'name;"a,b,c,d";email\nAnn;x;ann@example.org\n',
    ],
    ['tabs, empty cells included', 'name\t\temail\nAnn\t\tann@example.org\n'],
    ['bars', 'name|email\nAnn|ann@example.org\n'],
    ['CRLF', 'name,email\r\nAnn,ann@example.org\r\n'],
    ['old Mac line ends', 'name,email\rAnn,ann@example.org\r'],
    ['no last line end', 'name,email\nAnn,ann@example.org'],
    ['a byte order mark', '\ufeffemail,name\nann@example.org,Ann\n'],
    ['quotes, spaces around them', ' "email" , name\n "ann@example.org" , "Ann ""A"" Lee"\n'],
    ['empty lines before and between', '\n\nemail\n\n   \nann@example.org\n\n'],
    ['one column', 'email\nann@example.org\n'],
    [
      "Excel's line that names the delimiter",
      'sep=|\r\nname,email,x|email\r\nAnn|ann@example.org\r\n',
    ],
  ])('reads %s', async (_, list) => {
    expect(await emails(list)).toEqual(['ann@example.org']);
    expect(await emails(list, { size: 1 })).toEqual(['ann@example.org']);
  });

  it('counts the line that names the delimiter', async () => {
    const { rejected } = await read('sep=;\nemail\nann@example.org\nbad\n');
    expect(rejected.map(({ line }) => line)).toEqual([4]);
  });

  it('puts a character that two pieces share together again', async () => {
    const { accepted } = await read('email,name\nann@example.org,Zoë 😀\n', { size: 3 });
    expect(accepted[0]?.fields).toBe('{"name":"Zoë 😀"}');
  });
});

describe('columns', () => {
  it.each([
    'Email',
    'E-mail 1 - Value',
    'Indirizzo e-mail',
    'E-MAIL',
    'e_mail',
    'Email Address',
    ' mail ',
    'E-Mail-Adresse',
  ])('takes "%s" for the address column', async (header) => {
    expect(await emails(`name,${header}\nAnn,ann@example.org\n`)).toEqual(['ann@example.org']);
  });

  it.each(['email_id,email', 'email,email_id', 'E-mail 1 - Value,Email'])(
    'prefers the better name: %s',
    async (header) => {
      const row = header
        .split(',')
        .map((name) => (/^email$/i.test(name) ? 'ann@example.org' : '17'))
        .join(',');
      expect(await emails(`${header}\n${row}\n`)).toEqual(['ann@example.org']);
    },
  );

  it('takes the column it is told to, whatever its case, and never fills `email` from another', async () => {
    const list = 'email,Work Mail\nhome@example.org,work@example.org\n';
    const { accepted, columns } = await read(list, { emailColumn: 'work mail' });
    expect(accepted[0]?.email).toBe('work@example.org');
    expect(columns.fields).toEqual([]);
  });

  it('names merge fields after the headers', async () => {
    const { accepted } = await read(
      'First Name,email,2nd,,Größe\nAnn,ann@example.org,x,y,"1 ""m"""\n',
    );
    expect(JSON.parse(accepted[0]?.fields ?? '')).toEqual({
      first_name: 'Ann',
      _2nd: 'x',
      column_4: 'y',
      größe: '1 "m"',
    });
  });

  it('leaves the fields out when there are none', async () => {
    expect((await read('email\nann@example.org\n')).accepted[0]?.fields).toBeNull();
  });

  it.each([
    ['no address column, naming those there are', 'name,city\nAnn,Rome\n', 'name, city'],
    [
      'a missing header',
      'ann@example.org\nbob@example.org\n',
      'no header: its first line holds an address',
    ],
    [
      'the address column twice',
      'email,EMAIL\na@example.org,b@example.org\n',
      'more than one column that could hold the address: "email" (column 1), "EMAIL" (column 2)',
    ],
    ['two address columns', 'email,mail\na@example.org,b@example.org\n', 'more than one column'],
    ['an empty list', '', 'list.csv is empty'],
    ['white space alone', '\n \n\n', 'list.csv is empty'],
  ])('refuses %s', async (_, list, message) => {
    const error = await failure(list);
    expect(error.code).toBe('BAD_LIST');
    expect(error.message).toContain(message);
  });

  it.each([
    ['of one name', 'email,Name,NAME,x\na@example.org,1,2,3\n', 'name', '"NAME" (column 3)'],
    ['of one merge field', 'C;C++;C#;email;x\n1;2;3;a@example.org;3\n', 'c', '"C#" (column 3)'],
    ['one of them unnamed', 'column 2,,x,email\n1,2,3,a@example.org\n', 'column_2', 'column 2'],
    [
      'one of them the address',
      'e_mail,E-Mail,x\n1,a@example.org,3\n',
      'e_mail',
      '"E-Mail" (column 2)',
    ],
  ])('leaves two columns %s out of the merge fields', async (_, list, field, column) => {
    const emailColumn = list.includes('E-Mail') ? '2' : undefined;
    const { accepted, columns } = await read(list, { emailColumn });
    expect(accepted.map(({ email, fields }) => [email, fields])).toEqual([
      ['a@example.org', '{"x":"3"}'],
    ]);
    expect([...columns.twins.keys()]).toEqual([field]);
    expect(columns.twins.get(field)).toContain(column);
  });

  it.each([
    ['Work Email,Personal Email', "'Work Email' or --email-column 'Personal Email'"],
    ['Email,E-mail', 'Email or --email-column E-mail'],
    ['Email,Email', '1 or --email-column 2'],
    [
      "Attendee's Email,Email (work),Email (home)",
      "'Email (work)' or --email-column 'Email (home)'",
    ],
  ])('says how to choose of several address columns: %s', async (headers, flags) => {
    const error = await failure(`${headers},n\na@example.org,b@example.org,c@example.org,1\n`);
    expect(error.code).toBe('BAD_LIST');
    expect(error.remedy).toBe(`say which: --email-column ${flags}`);
  });

  it('asks which of several address columns it is, where there is somebody to ask', async () => {
    const list = 'Home Email,name,Work Email\n,Ann,work@example.org\nhome@example.org,Bob,\n';
    const opened = await openRecipients(pieces(list), {
      name: 'list.csv',
      chooseColumn: async (columns) => {
        expect(columns).toEqual([
          { index: 0, header: 'Home Email', example: 'home@example.org' },
          { index: 2, header: 'Work Email', example: 'work@example.org' },
        ]);
        return 2;
      },
    });
    expect(opened.columns.email).toBe(2);
    await opened.close();
  });

  it('takes the position of the column where its name is that of another', async () => {
    const list = 'email,email\na@example.org,b@example.org\n';
    expect(await emails(list, { emailColumn: '2' })).toEqual(['b@example.org']);
    expect((await failure(list, { emailColumn: '3' })).message).toContain('no column "3"');
    expect(await emails('2,1\na@example.org,x\n', { emailColumn: '2' })).toEqual(['a@example.org']);
  });

  it('names the column that holds addresses, where no name tells it', async () => {
    const error = await failure('Name;Erreichbar unter\n;\nAnn;ann@example.org\n');
    expect(error.message).toContain('"Erreichbar unter" (column 2) holds addresses');
    expect(error.remedy).toBe(
      'if "Erreichbar unter" (column 2) is the one: --email-column \'Erreichbar unter\'',
    );
  });

  it('come to their end where headers and the cells below are long', async () => {
    const gap = `a${' '.repeat(500_000)}b`;
    const quotes = "'".repeat(200_000);
    const list = `Title\nemail,${gap}\n${quotes}a@example.org${quotes},x\nann@example.org,y\n`;
    expect(await emails(list)).toEqual(['ann@example.org']);
    expect(await emails(list, { emailColumn: 'email' })).toEqual(['ann@example.org']);
  });

  it('may be 4,096, of one name too, and no more', async () => {
    const wide = (columns: number): string => `email${',a'.repeat(columns - 1)}\nann@example.org\n`;
    const { accepted, columns } = await read(wide(4096));
    expect(accepted).toHaveLength(1);
    expect(columns.twins.get('a')).toHaveLength(4095);
    const refused: [string, string?][] = [
      [wide(4097)],
      [wide(4097), 'a'],
      [wide(150_000)],
      [`${'a@example.org;'.repeat(20_000)}\n`],
    ];
    for (const [list, emailColumn] of refused) {
      const error = await failure(list, { emailColumn });
      expect(error.code).toBe('BAD_LIST');
      expect(error.message).toMatch(/line 1, the header, has \d+ columns; 4096 are allowed/);
    }
  });

  it('may be fewer than the cells of a row, which is rejected', async () => {
    const list = `email,n\nann@example.org${',x'.repeat(200_000)}\nbob@example.org\n`;
    const { accepted, rejected } = await read(list);
    expect(accepted.map(({ email }) => email)).toEqual(['bob@example.org']);
    expect(rejected[0]?.reason).toBe('too many cells: 200001, where the header has 2');
  });

  it('names the columns when --email-column is none of them', async () => {
    const error = await failure('a,b\n1,2\n', { emailColumn: 'c' });
    expect(error.message).toBe('list.csv has no column "c"; its columns are: a, b');
  });
});

describe('what stands above the header', () => {
  const table = 'Name;E-Mail\nAnn;ann@example.org\nBob;no\n';

  it.each([
    ['a title', `Customers\n${table}`, 2],
    ['a title filled up with delimiters, and an empty line', `Mailing list;;;\n;;;\n\n${table}`, 4],
    ['a remark with other delimiters', `Export of 12.11.2026, 2 rows, by Ann\n${table}`, 2],
    ['a quoted remark over two lines', `Notes:\n"One, two\nthree"\n\n${table}`, 5],
    ['a remark with a stray quote', `Screens of 12" and 15" or "more\n${table}`, 2],
    ['a group of columns', `Person;Contact\n${table}`, 2],
    ['a title below the line that names the delimiter', `sep=;\nCustomers, all\n${table}`, 3],
    ['a remark that mentions an address', `Ask office@example.org for more\n${table}`, 2],
    ['a title with the sign', `Spring @ Rome, and @home\n${table}`, 2],
    ['a byte order mark that was taken for text', `ï»¿${table}`, 1],
  ])('is left out and told: %s', async (_, list, headerLine) => {
    for (const size of [1, 7, 1 << 16]) {
      const opened = await openRecipients(pieces(list, size), { name: 'list.csv' });
      const rejected: number[] = [];
      const accepted: string[] = [];
      for await (const batch of opened.batches) {
        accepted.push(...batch.accepted.map(({ email }) => email));
        rejected.push(...batch.rejected.map(({ line }) => line));
      }
      expect(accepted).toEqual(['ann@example.org']);
      expect(rejected).toEqual([headerLine + 2]);
      expect(opened.headerLine).toBe(headerLine);
      expect(opened.above.map(({ text }) => text)).toEqual(
        headerLine === 1 ? [] : expect.arrayContaining([expect.stringMatching(/\w/)]),
      );
    }
  });

  it('is found by the name that --email-column gives', async () => {
    const list = 'All of them\nName;Erreichbar unter\nAnn;ann@example.org\n';
    expect(await emails(list, { emailColumn: 'erreichbar unter' })).toEqual(['ann@example.org']);
    expect((await failure(list)).message).toContain('its columns, on line 2, are: Name,');
  });

  it('is refused when an address stands there in a cell of its own', async () => {
    const error = await failure(`ann@example.org;Ann\n${table}`);
    expect(error.code).toBe('BAD_LIST');
    expect(error.message).toContain(
      'line 1 holds an address (ann@example.org), but stands above line 2',
    );
  });

  it('is no reason to take a row for the header in whose column no addresses are', async () => {
    const error = await failure(
      'name,contact,channel\nAnn,+49 1,email\nBob,bob@example.org,phone\n',
    );
    expect(error.message).toContain('its columns are: name, contact, channel');
  });
});

describe('a row with the word for an address in it, below a header without', () => {
  it.each([
    [
      'with addresses in another column',
      'Name,Kontakt,Preferred\nAnn,,Phone\nBob,,Email\nCid,cid@example.org,\nEve,eve@example.org,x@y.org\n',
    ],
    [
      'with other words below it',
      'Name,Channel,Kontakt\nAnn,Phone,\nBob,Email,\nCid,Phone,1\nDan,Phone,2\nEve,x@y.org,\n',
    ],
    [
      'with an address in the same row',
      'Name,Channel,Kontakt\nAnn,Phone,\nBob,Email,bob(at)example.org\nEve,x@y.org,\n',
    ],
    [
      'with the word in other rows too',
      'Name;Kontakt;Channel\nAnn;;Phone\nBob;;Email\nCid;;Email\nEve;eve@example.org;Email\n',
    ],
  ])('is not taken for the header: %s', async (_, list) => {
    for (const size of [1, 1 << 16]) {
      const error = await failure(list, { size });
      expect(error.code).toBe('BAD_LIST');
      expect(error.message).toMatch(/no address column/);
    }
  });

  it.each([
    ['dan(at)example.org', 'Dan,dan(at)example.org,Phone'],
    ['dan [at] example.org', 'dan [at] example.org'],
    ['dan @ example.org', 'dan @ example.org'],
    ['dan@localhost', 'dan@localhost'],
    ["'dan@example.org", "'dan@example.org"],
    ['Dan dan@example.org', 'Dan dan@example.org,,Phone'],
    ['dan@example.org (left)', '1,dan@example.org (left),'],
  ])('is not taken for it silently where above it stands %s', async (address, row) => {
    const list = `Name,Kontakt,Channel\n${row}\nBob,,Email\nCid,,c@example.org\nEve,,e@example.org\n`;
    expect((await failure(list)).message).toContain(
      `line 2 holds an address (${address}), but stands above line 3`,
    );
  });
});

describe('cells that look encoded twice', () => {
  it('are counted, the first of them kept, in accepted rows and in rejected ones', async () => {
    const opened = await openRecipients(
      pieces(
        'email,name,city\na@example.org,Ann,Köln\nb@example.org,MÃ¼ller,ZÃ¼rich\nc,JosÃ©,x\n',
        9,
      ),
      { name: 'list.csv' },
    );
    for await (const _ of opened.batches);
    expect(opened.encodedTwice).toEqual({ cells: 3, line: 3, cell: 'MÃ¼ller', probably: 'Müller' });
  });

  it('are looked for in the header too, and not found where all is right', async () => {
    const opened = await openRecipients(pieces('email,PrÃ©nom\na@example.org,x\n'), { name: 'l' });
    expect(opened.encodedTwice).toMatchObject({ line: 1, probably: 'Prénom' });
    await opened.close();
    const right = await openRecipients(pieces('email,Prénom\na@example.org,Zoë Иванова 用户\n'), {
      name: 'l',
    });
    for await (const _ of right.batches);
    expect(right.encodedTwice).toBeNull();
  });
});

describe('rows that are rejected', () => {
  it('numbers them by the line they begin on, after quoted line breaks, CRLF and empty lines too', async () => {
    const list =
      'email,note\r\nann@example.org,"one\r\ntwo"\r\n\r\nbad\r\nbob@example.org\r\n"x\r\ny",z\r\nq,r,s\r\n';
    const { rejected } = await read(list);
    expect(rejected.map(({ line, reason }) => [line, reason])).toEqual([
      [5, 'no @ in the address'],
      [7, 'a line break in the address'],
      [9, 'too many cells: 3, where the header has 2'],
    ]);
  });

  it.each([
    [
      'in the first cell',
      'name,email\n"Ann,ann@example.org\nBob,bob@example.org\nCid ""C"",cid@example.org\nDan",dan@example.org\nEve,eve@example.org\n',
      [2, 'line 2 holds ann@example.org'],
    ],
    [
      'in the last cell',
      'email;name\nann@example.org;"Ann\nbob@example.org;Bob\ncid@example.org;Cid"\neve@example.org;Eve\n',
      [2, 'line 3 holds bob@example.org'],
    ],
    [
      'with no address behind it',
      'name,email\n"Ann,ann@example.org\nDan",\nEve,eve@example.org\n',
      [2, 'line 2 holds ann@example.org'],
    ],
    [
      'behind a cell of several lines, with addresses dressed',
      'id\ta\tb\temail\n1\t"x\n\ny"\t"\n2\t\tz\tBob <bob@example.org>\n3\t\t"\tcid@example.org\n4\t\t\teve@example.org\n',
      [2, 'line 5 holds bob@example.org'],
    ],
  ])(
    'names the row that a quote closed by chance seems to have swallowed: %s',
    async (_, list, [line, says]) => {
      for (const size of [1, 7, 1 << 16]) {
        const { accepted, rejected } = await read(list, { size });
        expect(accepted.map(({ email }) => email)).toEqual(['eve@example.org']);
        expect(rejected.map((one) => [one.line, one.reason])).toEqual([
          [line, `a quote that is probably not closed: ${says}`],
        ]);
      }
    },
  );

  it('takes a cell of several lines in which an address stands alone in its line, or in a sentence', async () => {
    const note = 'Example Ltd, Rome\noffice@example.org\nWrite to me, or to office@example.org';
    const list = `email,note\nann@example.org,"${note}"\nbob@example.org,"a, b\n@home, c\n"\n`;
    expect(await emails(list)).toEqual(['ann@example.org', 'bob@example.org']);
  });

  it('takes missing cells at the end for empty, and drops empty ones beyond the header', async () => {
    const list =
      'name,email,a,b\nAnn,ann@example.org\nBob,bob@example.org,1,2,,"", \nCy,cy@example.org,"x"\nDee,dee@example.org,1,2,,x\nEd\n';
    const { accepted, rejected } = await read(list);
    expect(accepted.map(({ fields }) => JSON.parse(fields ?? ''))).toEqual([
      { name: 'Ann', a: '', b: '' },
      { name: 'Bob', a: '1', b: '2' },
      { name: 'Cy', a: 'x', b: '' },
    ]);
    expect(rejected).toEqual([
      {
        line: 5,
        reason: 'too many cells: 6, where the header has 4',
        cells: ['Dee', 'dee@example.org', '1', '2', '', 'x'],
      },
      { line: 6, reason: 'no address', cells: ['Ed'] },
    ]);
  });

  it('takes rows of nothing but delimiters for blank lines, in every dialect', async () => {
    for (const delimiter of [',', ';', '\t', '|']) {
      const list =
        '\n,,\nemail,name,x\n,,\n , ,\nann@example.org,Ann,1\n"",,""\n,,,,,\n" ",\nbad,,\n,,';
      const { accepted, rejected } = await read(list.replaceAll(',', delimiter));
      expect(accepted.map(({ line }) => line)).toEqual([6]);
      expect(rejected.map(({ line }) => line)).toEqual([10]);
    }
  });
});

describe('lists that cannot be read on', () => {
  it.each([
    [
      'a quote opened on line 3 and never closed',
      'email,n\na@example.org,x\nb@example.org,"y\nc@example.org,z\n',
      'begins on line 3 (cell 2) is never closed',
    ],
    [
      'one that the next quote seems to close',
      'email,n\na@example.org,"x\nb@example.org,"y"\n',
      'begins on line 2 (cell 2) is followed by more text',
    ],
    ['a NUL byte', 'email\na@example.org\n\0b@example.org\n', 'line 3 holds a NUL byte'],
  ])('names the line of %s', async (_, list, message) => {
    for (const size of [1, 7, 1 << 16]) {
      const error = await failure(list, { size });
      expect(error.code).toBe('BAD_LIST');
      expect(error.message).toContain(message);
    }
  });

  it('recognises a spreadsheet', async () => {
    expect((await failure(Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 6, 0]))).message).toContain(
      '.xlsx',
    );
  });

  it('recognises a gzip file', async () => {
    const error = await failure(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]));
    expect([error.code, error.remedy]).toEqual(['BAD_LIST', 'unpack it first']);
    expect(error.message).toContain('gzip');
  });

  it('gives up on a huge unclosed quote in bounded memory', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('email,n\na@example.org,ok\nb@example.org,"');
      const filler = Buffer.alloc(1 << 16, 'x,y\n');
      for (;;) {
        given += filler.length;
        yield filler;
      }
    }
    const list = await openRecipients(endless(), { name: 'list.csv' });
    const drain = async (): Promise<void> => {
      for await (const _ of list.batches);
    };
    await expect(drain()).rejects.toThrow('the row that begins on line 3 is longer than 8 MB');
    expect(given).toBeLessThan(10 * 1024 * 1024);
  });

  it('takes a row of a megabyte', async () => {
    const big = 'x'.repeat(1 << 20);
    const { accepted } = await read(`email,n\na@example.org,"${big}"\nb@example.org,y\n`);
    expect(accepted).toHaveLength(2);
    expect(accepted[0]?.fields).toHaveLength(big.length + 8);
  });
});

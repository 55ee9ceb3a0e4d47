import { describe, expect, it } from 'vitest';
import type { CampaignError } from '../../src/errors.ts';
import { openRecipients } from '../../src/list/recipients.ts';

/** The list cut into pieces of `size` bytes, as a file or a pipe would bring it. */
async function* pieces(list: string | Uint8Array, size = 1 << 16): AsyncGenerator<Uint8Array> {
  const bytes = typeof list === 'string' ? Buffer.from(list) : list;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(
  list: string | Uint8Array,
  options: { size?: number; emailColumn?: string } = {},
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
      'a column twice, whatever its case',
      'email,Name,NAME\na@example.org,x,y\n',
      'two columns named "NAME"',
    ],
    [
      'two headers of one merge field',
      'email,First Name,first_name\na@b.org,x,y\n',
      'the merge field "first_name"',
    ],
    [
      'the address column twice',
      'email,EMAIL\na@example.org,b@example.org\n',
      'two columns named "EMAIL"',
    ],
    ['two address columns', 'email,mail\na@example.org,b@example.org\n', 'more than one column'],
    ['an empty list', '', 'list.csv is empty'],
    ['white space alone', '\n \n\n', 'list.csv is empty'],
  ])('refuses %s', async (_, list, message) => {
    const error = await failure(list);
    expect(error.code).toBe('BAD_LIST');
    expect(error.message).toContain(message);
  });

  it('names the columns when --email-column is none of them', async () => {
    const error = await failure('a,b\n1,2\n', { emailColumn: 'c' });
    expect(error.message).toBe('list.csv has no column "c"; its columns are: a, b');
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

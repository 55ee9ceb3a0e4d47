import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { encodingName } from '../../src/domain/encoding-name.ts';
import type { FoundEncoding } from '../../src/domain/list-findings.ts';
import type { CampaignError } from '../../src/errors.ts';
import { decodeText } from '../../src/list/decode.ts';

/** Through one buffer, as a file comes: each piece is overwritten by the next. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
  }
}

async function read(bytes: Uint8Array, size: number, encoding?: string) {
  const found: FoundEncoding[] = [];
  const onEncoding = (one: FoundEncoding): void => void found.push(one);
  let text = '';
  const options = { name: 'list.csv', encoding, onEncoding };
  for await (const piece of decodeText(pieces(bytes, size), options)) text += piece;
  return { text, found };
}

const failure = (bytes: Uint8Array, size: number, encoding?: string): Promise<CampaignError> =>
  read(bytes, size, encoding).then(
    ({ text }) => {
      throw new Error(`read as ${text}`);
    },
    (error: CampaignError) => error,
  );

const SIZES = [1, 2, 3, 7, 4096, 1 << 16];

const plain = (rows: number): string =>
  Array.from({ length: rows }, (_, i) => `p${i}@example.org,Person ${i}\r\n`).join('');

const LIST = `email,name\r\n${plain(300)}`;
const asRead = (text: string): string => text.replaceAll('\r\n', '\n');

describe('the encoding of a list is found in one pass', () => {
  const utf16 = (text: string, order: 'le' | 'be'): Buffer => iconv.encode(text, `utf-16${order}`);
  const mixed = `${LIST}josé@example.org,Zoë 😀 一\u3000龍\r\n${plain(300)}`;

  it.each([
    ['UTF-8', Buffer.from(mixed), []],
    ['UTF-8 with its mark', Buffer.from(`\ufeff${mixed}`), []],
    [
      'UTF-16LE with its mark',
      utf16(`\ufeff${mixed}`, 'le'),
      [{ encoding: 'utf-16le', by: 'mark' }],
    ],
    [
      'UTF-16BE with its mark',
      utf16(`\ufeff${mixed}`, 'be'),
      [{ encoding: 'utf-16be', by: 'mark' }],
    ],
    ['UTF-16LE without', utf16(mixed, 'le'), [{ encoding: 'utf-16le', by: 'nuls' }]],
    ['UTF-16BE without', utf16(mixed, 'be'), [{ encoding: 'utf-16be', by: 'nuls' }]],
  ])('%s', async (_, bytes, found) => {
    for (const size of SIZES) {
      expect(await read(bytes, size)).toEqual({ text: asRead(mixed), found });
    }
  });

  it.each(['le', 'be'] as const)(
    'UTF-16 %s without a mark, in few and in foreign words',
    async (order) => {
      for (const text of [
        'email\na@b.org\n',
        '姓名\t电子邮件\n张一一\tzhang@example.cn\n一\u3000二\twang@example.cn\n',
        'Имя;Почта\nИван;ivan@example.ru\n',
      ]) {
        for (const size of SIZES) {
          const { text: read16, found } = await read(utf16(text, order), size);
          expect([read16, found[0]?.encoding]).toEqual([text, `utf-16${order}`]);
        }
      }
    },
  );

  it('Windows-1252 from the first byte on that is not ASCII, and says where that is', async () => {
    const text = `${LIST}z@example.org,Zoë Müller – “€5”\r\n${plain(500)}x@example.org,naïve\r\n`;
    for (const size of SIZES) {
      expect(await read(iconv.encode(text, 'windows-1252'), size)).toEqual({
        text: asRead(text),
        found: [
          {
            encoding: 'windows-1252',
            by: 'bytes',
            example: {
              line: 302,
              text: 'Zoë',
            },
          },
        ],
      });
    }
  });

  it.each([
    'créée, Øyvind Åsgård, Ærø, façade, Straße',
    'Mª José, nº 5, m²/m³, O’Brien, l·l, 20°C, ½ Liter',
    '„Gänsefüßchen“, ‚einfach‘, «Éluard», ¿Qué? ¡No!',
    'L’Été, d’Œuvre, “Zürich”, 5 – über, 5…über, “Ann”s, “Übermut”sagt er',
    'MÜLLER, ŠKODA, BAŽANT, PAŸS, ŒUVRE, Žižka, Košice, Uršula, Tomáš, DŽemal',
    'Zoë†, †1999, Jörg‡, 5‰, 20 €, §5, Absatz§3, CAFÉ™, Mª, ‹Ü›, »Ä«, ƒ(é), 5”é, O’Néill',
    'ends with é',
  ])('Windows-1252 as people have it: %s', async (text) => {
    for (const size of SIZES) {
      expect((await read(iconv.encode(text, 'windows-1252'), size)).text).toBe(text);
    }
  });

  it('UTF-8 of nothing, and of a list shorter than a mark', async () => {
    expect(await read(Buffer.from(''), 1)).toEqual({ text: '', found: [] });
    expect(await read(Buffer.from('é'), 1)).toEqual({ text: 'é', found: [] });
  });

  it('from a pipe that brings a byte at a time, and waits', async () => {
    const pipe = new PassThrough();
    const text = (async () => {
      let all = '';
      for await (const piece of decodeText(pipe, { name: 'standard input' })) all += piece;
      return all;
    })();
    for (const byte of iconv.encode('email\nzoë@example.org\n', 'utf-16le')) {
      if (!pipe.write(Buffer.from([byte]))) await once(pipe, 'drain');
    }
    pipe.end();
    expect(await text).toBe('email\nzoë@example.org\n');
  });
});

describe('a list is refused with its line', () => {
  const listWith = (head: string, ...bytes: number[]): Buffer =>
    Buffer.concat([
      Buffer.from(`${LIST}${head}`),
      Buffer.from([...bytes, 0x0a]),
      Buffer.from(plain(9)),
    ]);

  it('when bytes that are not UTF-8 follow characters that are', async () => {
    for (const size of SIZES) {
      for (const head of ['é@example.org,', 'é@example.org,x\n\n', `é${plain(200)}`]) {
        const error = await failure(listWith(head, 0x5a, 0x6f, 0xeb), size);
        const line = 302 + head.split('\n').length - 1;
        expect(error.message).toBe(
          `list.csv mixes encodings: line ${line} holds bytes that are not UTF-8, behind characters that are`,
        );
        expect([error.code, error.remedy]).toEqual([
          'BAD_LIST',
          expect.stringContaining('--encoding'),
        ]);
      }
    }
  });

  it('when its mark says UTF-8 and its bytes do not', async () => {
    const bytes = Buffer.concat([Buffer.from('\ufeffemail\n'), Buffer.from([0xe9, 0x0a])]);
    expect((await failure(bytes, 5)).message).toContain('is not in UTF-8: line 2');
  });

  it('when UTF-8 follows Windows-1252', async () => {
    const bytes = Buffer.concat([
      iconv.encode('email,name\na@example.org,Zoë\n', 'windows-1252'),
      Buffer.from('b@example.org,x\nc@example.org,Müller\n'),
    ]);
    for (const size of SIZES) {
      expect((await failure(bytes, size)).message).toMatch(
        /^list.csv mixes encodings: line 4 holds "MÃ¼/,
      );
    }
  });

  it.each([
    ['windows-1251', 'Иван', 'windows-1251 ("Иван")'],
    ['koi8-r', 'Анна', 'koi8-r ("Анна")'],
    ['windows-1253', 'Νίκος', 'windows-1253 ("Νίκος")'],
    ['iso-8859-7', 'Νίκος', 'windows-1253 ("Νίκος")'],
    ['windows-1255', 'שלום', 'windows-1255 ("שלום")'],
    ['cp866', 'Привет', '--encoding'],
    ['windows-1250', 'Wałęsa', 'windows-1250 ("Wałęsa")'],
    ['cp850', 'München', 'cp850 ("München")'],
    ['macintosh', 'Straßenbahn', 'macintosh ("Straßenbahn")'],
    ['shift_jis', '東京都', '--encoding'],
  ])('when it is in %s, with encodings it may have: %s', async (encoding, word, reading) => {
    const bytes = iconv.encode(`${LIST}a@example.org,${word}\r\n${plain(9)}`, encoding);
    for (const size of SIZES) {
      const error = await failure(bytes, size);
      expect(error.code).toBe('BAD_LIST');
      expect(error.message).toMatch(
        /^list.csv is neither in UTF-8 nor in Windows-1252: line 302 holds/,
      );
      expect(error.remedy).toContain(size > 64 ? reading : '--encoding');
    }
    const told = await read(bytes, 7, encodingName(encoding));
    expect(told.text).toContain(`a@example.org,${word}\n`);
  });

  it.each([
    ['macintosh', 'Thomas Müller'],
    ['macintosh', 'Günther Köhler'],
    ['macintosh', 'René Schäfer'],
    ['macintosh', 'José, Zoë'],
    ['macintosh', 'Özlem Übel'],
    ['macintosh', 'MÜLLER'],
    ['macintosh', 'François, Château'],
    ['macintosh', 'Strauß, Anna'],
    ['macintosh', 'João'],
    ['macintosh', 'Søren'],
    ['cp850', 'Jörg'],
    ['cp850', 'Köhler'],
    ['cp850', 'Zoë'],
    ['cp850', 'MÜLLER'],
    ['cp850', 'Bjørn'],
    ['cp437', 'Maître'],
    ['cp437', 'Genève'],
    ['cp437', 'Lucía'],
    ['cp437', 'Château'],
    ['cp860', 'Óscar'],
  ])(
    'when Windows-1252 shows letters of %s as signs, or in the wrong case: %s',
    async (encoding, words) => {
      const bytes = iconv.encode(`${LIST}a@example.org,${words}\r\n${plain(9)}`, encoding);
      for (const size of SIZES) {
        expect((await failure(bytes, size)).message).toMatch(/nor in Windows-1252: line 302 holds/);
      }
    },
  );

  it.each([
    ['ISO-2022-JP', '\u001b$B;3ED\u001b(B'],
    ['ISO-2022-JP of 1978', '\u001b$@;3ED\u001b(J'],
    ['ISO-2022-JP for narrow kana', '\u001b(I1\u001b(B'],
    ['ISO-2022-KR', '\u001b$)C'],
    ['ISO-2022-CN', '\u001b$)A\u000e='],
  ])('when all of it is ASCII, with escape sequences of %s', async (_, word) => {
    const bytes = Buffer.from(`${LIST}a@example.org,${word}\r\n${plain(9)}`);
    for (const size of SIZES) {
      const error = await failure(bytes, size);
      expect([error.code, error.remedy]).toEqual(['BAD_LIST', 'export the list as CSV in UTF-8']);
      expect(error.message).toContain(
        'is not in UTF-8: line 302 holds an escape sequence of ISO-2022',
      );
      expect((await read(bytes, size, 'utf-8')).text).toContain(word);
      const coloured = Buffer.from('email,n\na@b.org,\u001b[31mred\u001b\n$,(');
      expect((await read(coloured, size)).found).toEqual([]);
    }
  });

  it.each([0x81, 0x8d, 0x8f, 0x90, 0x9d])(
    'when it holds the byte %i, which Windows-1252 has not',
    async (byte) => {
      for (const size of SIZES) {
        const error = await failure(listWith('a@example.org,', 0xe9, 0x20, byte), size);
        expect(error.message).toMatch(/nor in Windows-1252: line 302 /);
      }
    },
  );

  it('when UTF-16 breaks off, or has half of a pair', async () => {
    const text = iconv.encode('\ufeffemail\na@example.org\nb@example.org\n', 'utf-16le');
    for (const size of SIZES) {
      expect((await failure(text.subarray(0, -5), size)).message).toContain(
        'not in UTF-16LE: line 3',
      );
      const lone = Buffer.concat([text, Buffer.from([0x00, 0xd8, 0x41, 0x00])]);
      expect((await failure(lone, size)).message).toContain('not in UTF-16LE: line 4');
    }
  });

  it.each([
    [[0, 0, 0], 302],
    [[0x41, 0, 0x42], 302],
  ])('when a NUL byte stands in text of one byte a character', async (bytes, line) => {
    for (const size of SIZES) {
      expect((await failure(listWith('', ...bytes), size)).message).toContain(
        `line ${line} holds a NUL byte`,
      );
    }
  });
});

describe('the encoding that is told', () => {
  const text = 'email,name\na@example.org,Ünver Gül\n';

  it.each([
    'windows-1254',
    'cp1254',
    'ISO-8859-9',
    'latin5',
    'cp857',
    'utf-16be',
    'UTF-16',
    'utf-32le',
    'UTF8',
  ])('%s is read', async (label) => {
    const name = encodingName(label);
    for (const size of SIZES) {
      const got = await read(
        iconv.encode(text, label === 'UTF-16' ? 'utf-16be' : label),
        size,
        name,
      );
      expect(got.text).toBe(text);
    }
  });

  it.each(['klingon', '', 'windows-125', 'constructor', '__proto__'])(
    '"%s" is not known',
    (label) => {
      expect(encodingName(label)).toBeUndefined();
    },
  );

  it('latin1 is Windows-1252, as in the WHATWG Encoding Standard', async () => {
    const name = encodingName('latin1');
    expect((await read(Buffer.from([0x80, 0xe9]), 1, name)).text).toBe('€é');
  });

  it('is taken at its word, with four letters beyond ASCII in a row', async () => {
    const { text, found } = await read(Buffer.from([0xc4, 0xd6, 0xdc, 0xe4]), 2, 'windows-1252');
    expect([text, found]).toEqual(['ÄÖÜä', [{ encoding: 'windows-1252', by: 'flag' }]]);
  });

  it.each([
    ['utf-8', Buffer.from([0x61, 0x0a, 0xe9, 0x0a]), 'is not in UTF-8: line 2'],
    ['windows-1252', Buffer.from([0x61, 0x0a, 0x81, 0x0a]), 'is not in windows-1252: line 2'],
    ['shift_jis', Buffer.from([0x61, 0x0a, 0x83]), 'is not in shift_jis: line 2'],
  ])('%s is refused where the bytes are others', async (encoding, bytes, message) => {
    for (const size of SIZES) {
      expect((await failure(bytes, size, encoding)).message).toContain(message);
    }
  });

  it('overrules a mark, which is said and left out', async () => {
    const { text, found } = await read(Buffer.from('\ufeffemail\n'), 1, 'windows-1252');
    expect([text, found]).toEqual([
      'email\n',
      [{ encoding: 'windows-1252', by: 'flag', mark: 'utf-8' }],
    ]);
  });
});

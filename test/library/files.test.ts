import { randomBytes } from 'node:crypto';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  Campaign,
  type CampaignError,
  type QueueFinding,
  type QueueOptions,
} from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parseByMailparser } from '../support/parsed-mail.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let smtp: SmtpServer;
let directory: string;
let campaign: Campaign;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-files-'));
  smtp = await startSmtpServer();
  campaign = new Campaign({ databaseUrl: db.url, smtpUrl: smtp.url, actor: 'shop@web1' });
});
afterEach(async () => {
  await campaign.close();
  await smtp.close();
  rmSync(directory, { recursive: true });
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE STATUS = 'running'");
  for (const table of ['CAMPAIGN_SEND_FILES', 'CAMPAIGN_FILE_CHUNKS', 'CAMPAIGN_FILES']) {
    await db.database.run(`DELETE FROM ${table}`);
  }
});

const LIST = 'email,name,invoice\nann@example.org,Ann,a.pdf\nbob@example.org,Bob,b.pdf\n';

const message = (more: Partial<QueueOptions> = {}): QueueOptions => ({
  list: [LIST],
  from: 'News <news@example.org>',
  subject: 'Hello {{ name }}',
  html: '<p>Dear {{ name }}</p>',
  ...more,
});

const failure = (call: Promise<unknown>): Promise<CampaignError> =>
  call.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: CampaignError) => error,
  );

const count = async (table: string, where = '1 = 1'): Promise<number> =>
  (await db.database.rows<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`))[0]
    ?.n ?? -1;

/** What came for somebody, read by mailparser. */
async function received(address: string) {
  const raw = smtp.messages.find(({ to }) => to[0] === address)?.raw;
  if (raw === undefined) throw new Error(`nothing came for ${address}`);
  return parseByMailparser(raw);
}

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.from('x');
  throw new Error('torn');
}

const put = (name: string, content: Buffer | string = randomBytes(1_000)): Buffer => {
  const bytes = Buffer.from(content);
  writeFileSync(join(directory, name), bytes);
  return bytes;
};

describe('attachments', () => {
  test('given as bytes or as a stream come to everybody byte for byte, and are stored once', async () => {
    const content = randomBytes(200_000);
    writeFileSync(join(directory, 'x'), content);
    await campaign.queue(
      message({
        attachments: [
          { name: 'Übersicht.pdf', content },
          {
            name: 'again.bin',
            content: createReadStream(join(directory, 'x')),
            type: 'application/x-own',
          },
          { name: 'notes.txt', content: new Uint8Array(Buffer.from('Grüße\n')) },
        ],
      }),
    );
    expect(await count('CAMPAIGN_FILES')).toBe(2);
    await campaign.runScheduler({ until: 'idle' });
    for (const address of ['ann@example.org', 'bob@example.org']) {
      const { files } = await received(address);
      expect(files.map(({ name, type }) => [name, type])).toEqual([
        ['Übersicht.pdf', 'application/pdf'],
        ['again.bin', 'application/x-own'],
        ['notes.txt', 'text/plain'],
      ]);
      expect(files[0]?.content.equals(content)).toBe(true);
      expect(files[1]?.content.equals(content)).toBe(true);
      expect(files[2]?.content.toString()).toBe('Grüße\n');
    }
  });

  test('of several sends that are alike are stored once, in chunks', async () => {
    const content = randomBytes(2_500_000);
    await campaign.queue(message({ attachments: [{ name: 'a.pdf', content }] }));
    await campaign.queue(message({ attachments: [{ name: 'b.pdf', content }] }));
    expect(await count('CAMPAIGN_FILES')).toBe(1);
    expect(await count('CAMPAIGN_FILE_CHUNKS')).toBe(3);
    const [row] = await db.database.rows<{ most: number; sum: number }>(
      'SELECT MAX(LENGTH(CONTENT)) AS most, SUM(LENGTH(CONTENT)) AS sum FROM CAMPAIGN_FILE_CHUNKS',
    );
    expect(row?.most).toBeLessThanOrEqual(1024 * 1024);
    expect(row?.sum).toBe(content.length);
    await campaign.runScheduler({ until: 'idle' });
    expect(smtp.messages).toHaveLength(4);
    for (const { raw } of smtp.messages) {
      expect((await parseByMailparser(raw)).files[0]?.content.equals(content)).toBe(true);
    }
  });

  test.each([
    [
      'nothing',
      { content: Buffer.alloc(0), name: 'a' },
      'BAD_FILE',
      /attachments\[0\] \("a"\): it is empty/,
    ],
    ['a path', { content: '/etc/passwd', name: 'a' }, 'BAD_SETTING', /attachments\[0\]\.content/],
    ['no name', { content: Buffer.from('x') }, 'BAD_SETTING', /attachments\[0\]\.name/],
    ['a path as its name', { content: Buffer.from('x'), name: '../a' }, 'BAD_FILE', /is no name/],
    [
      'a line break in its name',
      { content: Buffer.from('x'), name: 'a\r\nBcc: b' },
      'BAD_FILE',
      /characters/,
    ],
    [
      'a type that is none',
      { content: Buffer.from('x'), name: 'a', type: 'pdf' },
      'BAD_FILE',
      /"pdf" is no type/,
    ],
    [
      'an option that there is not',
      { content: Buffer.from('x'), name: 'a', path: 'b' },
      'BAD_SETTING',
      /no option "path"/,
    ],
    ['a stream that fails', { content: failing(), name: 'a' }, 'BAD_FILE', /torn/],
  ])('with %s are refused, and nothing is queued', async (_, attachment, code, words) => {
    const before = await count('CAMPAIGN_SENDS');
    const error = await failure(
      campaign.queue(
        message({
          attachments: [attachment] as unknown as NonNullable<QueueOptions['attachments']>,
        }),
      ),
    );
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(await count('CAMPAIGN_SENDS')).toBe(before);
    expect(await count('CAMPAIGN_FILES')).toBe(0);
  });

  test('of an import that fails leave nothing behind', async () => {
    const attachments = [{ name: 'a.pdf', content: randomBytes(10_000) }];
    const list = Readable.from(
      (async function* () {
        yield LIST;
        throw new Error('torn');
      })(),
    );
    expect(await failure(campaign.queue(message({ list, attachments })))).toMatchObject({
      code: 'BAD_LIST',
    });
    expect(await count('CAMPAIGN_FILES')).toBe(0);
    expect(await count('CAMPAIGN_FILE_CHUNKS')).toBe(0);
    expect(await count('CAMPAIGN_SEND_FILES')).toBe(0);
  });

  test('of an import that fails stay where another send has them', async () => {
    const attachments = [{ name: 'a.pdf', content: randomBytes(10_000) }];
    await campaign.queue(message({ attachments }));
    await failure(campaign.queue(message({ list: ['email\nnobody\n'], attachments })));
    await campaign.runScheduler({ until: 'idle' });
    expect(
      (await received('ann@example.org')).files[0]?.content.equals(
        attachments[0]?.content as Buffer,
      ),
    ).toBe(true);
  });
});

describe('pictures of the HTML', () => {
  test('in its folder are one part each, however often and by whatever path they are named', async () => {
    mkdirSync(join(directory, 'img'));
    const logo = put('img/logo.png');
    put('img/copy.png', logo);
    const photo = put('two words & more.jpg');
    const background = put('bg.gif');
    await campaign.queue(
      message({
        imageFolder: directory,
        html: `<html><head><style>.a { background: url("./bg.gif") }</style></head>
<body background="bg.gif" style="background-image: url(&quot;bg.gif&quot;)"><img src="img/logo.png" alt="a"><IMG alt='x > y' SRC = './img/../img/logo.png'>
<img src=img/copy.png><img src="two%20words%20&amp;%20more.jpg?v=1" srcset="img/logo.png 1x, two%20words%20&amp;%20more.jpg 2x">
<!--[if mso]><v:fill src="bg.gif" /><![endif]--><!-- <img src="none.png"> --><script>"<img src=none.png>"</script>
<img src="https://example.org/logo.png"><img src="//example.org/logo.png"><img src="data:image/png;base64,AAAA"></body></html>`,
      }),
    );
    await campaign.runScheduler({ until: 'idle' });
    const { files, html } = await received('ann@example.org');
    expect(files.map(({ name, disposition }) => [name, disposition])).toEqual([
      ['bg.gif', 'inline'],
      ['logo.png', 'inline'],
      ['two words & more.jpg', 'inline'],
    ]);
    const byName = new Map(files.map((file) => [file.name, file]));
    expect(byName.get('logo.png')?.content.equals(logo)).toBe(true);
    expect(byName.get('bg.gif')?.content.equals(background)).toBe(true);
    expect(byName.get('two words & more.jpg')?.content.equals(photo)).toBe(true);
    const cids = files.map(({ cid }) => cid);
    const named = [...(html ?? '').matchAll(/cid:([^"'\s)&>]+)/g)].map(([, cid]) => cid);
    expect(named).toHaveLength(10);
    expect(new Set(named)).toEqual(new Set(cids));
    expect(html).toContain('src="https://example.org/logo.png"');
    expect(html).toContain('<!-- <img src="none.png"> -->');
  });

  test('with Liquid in their place are left, and said, as is a Content-ID that no file has', async () => {
    const findings: QueueFinding[] = [];
    await campaign.queue(
      message({
        imageFolder: directory,
        html: '<p>{% comment %}<img src="none.png">{% endcomment %}\n<img src="{{ name }}.png"><img src="https://example.org/{{ name }}.png">\n<img src="cid:nobody"></p>',
        onFinding: (finding) => findings.push(finding),
      }),
    );
    expect(findings).toContainEqual({
      kind: 'images-left',
      html: 'html',
      images: [
        expect.objectContaining({ line: 2, written: '{{ name }}.png' }),
        expect.objectContaining({ line: 3, written: 'cid:nobody' }),
      ],
    });
    await campaign.runScheduler({ until: 'idle' });
    expect((await received('ann@example.org')).html).toContain('<img src="Ann.png">');
  });

  test('given by a program are named by their names or Content-IDs', async () => {
    await campaign.queue(
      message({
        html: '<img src="logo.png"><img src="cid:photo"><img src="elsewhere.png">',
        inline: [
          { name: 'logo.png', content: Buffer.from('logo') },
          { name: 'p.jpg', content: Buffer.from('photo'), cid: 'photo' },
        ],
      }),
    );
    await campaign.runScheduler({ until: 'idle' });
    const { files, html } = await received('ann@example.org');
    expect(files.map(({ content }) => content.toString())).toEqual(['photo', 'logo']);
    expect(files[0]?.cid).toContain('photo');
    expect(html).toMatch(
      /<img src="cid:\w{32}@example\.org"><img src="cid:photo"><img src="elsewhere\.png">/,
    );
  });

  const ways = (): [string, string, RegExp][] => [
    ['a parent', '../secret.png', /it leads out of/],
    ['a parent further on', 'img/../../secret.png', /it leads out of/],
    ['an encoded parent', '..%2Fsecret.png', /it leads out of/],
    ['a parent as Windows writes it', '..\\secret.png', /it leads out of/],
    ['an absolute path', '/etc/hostname', /no path within/],
    ['a drive', 'C:\\secret.png', /no path within/],
    ['file:', 'file:///etc/hostname', /no path within/],
    ['a link', 'link.png', /link that leads out of/],
    ['a linked folder', 'linked/hostname', /link that leads out of/],
    ['a device', 'device', /link that leads out|no regular file/],
    ['a NUL', 'a%00.png', /NUL/],
    ['a folder', 'img', /it is a directory/],
    ['nothing', 'none.png', /there is no such file/],
    ['an empty file', 'empty.png', /it is empty/],
  ];
  test.each(ways())(
    'named by %s are refused by their line, and nothing is read',
    async (_, src, words) => {
      mkdirSync(join(directory, 'img'));
      put('empty.png', '');
      symlinkSync('/etc/hostname', join(directory, 'link.png'));
      symlinkSync('/etc', join(directory, 'linked'));
      symlinkSync('/dev/zero', join(directory, 'device'));
      const before = await count('CAMPAIGN_SENDS');
      const error = await failure(
        campaign.queue(message({ imageFolder: directory, html: `<p>\n<img src="${src}"></p>` })),
      );
      expect(error).toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(words) });
      expect(error.message).toMatch(/^html, line 2: /);
      expect(await count('CAMPAIGN_SENDS')).toBe(before);
    },
  );

  test('that are links within the folder are taken', async () => {
    put('v2.png', 'picture');
    symlinkSync('v2.png', join(directory, 'logo.png'));
    await campaign.queue(message({ imageFolder: directory, html: '<img src="logo.png">' }));
    await campaign.runScheduler({ until: 'idle' });
    expect((await received('ann@example.org')).files[0]).toMatchObject({
      name: 'logo.png',
      content: Buffer.from('picture'),
    });
  });
});

describe('a file a row', () => {
  const rows = (more: Partial<QueueOptions> = {}): QueueOptions =>
    message({ attachColumn: 'Invoice', attachDir: directory, ...more });

  test('comes to its row alone, behind what everybody gets', async () => {
    const [a, b] = [put('a.pdf'), put('b.pdf')];
    await campaign.queue(
      rows({ attachments: [{ name: 'terms.txt', content: Buffer.from('terms') }] }),
    );
    await campaign.runScheduler({ until: 'idle' });
    for (const [address, name, content] of [
      ['ann@example.org', 'a.pdf', a],
      ['bob@example.org', 'b.pdf', b],
    ] as const) {
      const { files } = await received(address);
      expect(files.map((file) => file.name)).toEqual(['terms.txt', name]);
      expect(files[1]?.content.equals(content)).toBe(true);
    }
  });

  test('is sent again on a second try', async () => {
    const [a] = [put('a.pdf'), put('b.pdf')];
    let first = true;
    await smtp.close();
    smtp = await startSmtpServer({
      onRcptTo: (address) => {
        if (address !== 'ann@example.org' || !first) return undefined;
        first = false;
        return { reply: [451, '4.3.0 later'] };
      },
    });
    await campaign.close();
    campaign = new Campaign({ databaseUrl: db.url, smtpUrl: smtp.url, actor: 'shop@web1' });
    await campaign.queue(rows());
    await campaign.runScheduler({ until: 'idle', retryFirstSeconds: 1 });
    expect((await received('ann@example.org')).files[0]?.content.equals(a)).toBe(true);
  });

  test('that is missing, empty or not named is told by its line, and nothing is queued', async () => {
    put('a.pdf');
    put('empty.pdf', '');
    const before = await count('CAMPAIGN_SENDS');
    const list = [
      'email,name,invoice\nann@example.org,Ann,a.pdf\nbob@example.org,Bob,none.pdf\ncyd@example.org,Cyd,\ndee@example.org,Dee,empty.pdf\neve@example.org,Eve,../x.pdf\nfay@example.org,Fay,/etc/hostname\ngus@example.org,Gus,also-none.pdf\n',
    ];
    for (const dryRun of [false, true]) {
      const error = await failure(campaign.queue(rows({ list, dryRun: dryRun as true })));
      expect(error).toMatchObject({ code: 'BAD_FILE' });
      expect(error.message).toMatch(
        /^6 rows have no file to attach: line 3 \(bob@example\.org\): none\.pdf: there is no such file; line 4 \(cyd@example\.org\): Invoice is empty; line 5 \(dee@example\.org\): empty\.pdf: it is empty; line 6 \(eve@example\.org\): \.\.\/x\.pdf: it leads out of [^;]+; line 7 \(fay@example\.org\): \/etc\/hostname: it is no path within [^;]+; and 1 more$/,
      );
    }
    expect(await count('CAMPAIGN_SENDS')).toBe(before);
    expect(await count('CAMPAIGN_FILES')).toBe(0);
    expect(await count('CAMPAIGN_SEND_FILES')).toBe(0);
  });

  test('is asked of nobody who is not mailed: second lines, other conditions, those who said no', async () => {
    put('a.pdf');
    const list = [
      'email,invoice,unsubscribed,country\nann@example.org,a.pdf,no,DE\nANN@example.org,,no,DE\nbob@example.org,,yes,DE\ncyd@example.org,,no,FR\nnot an address,,no,DE\n',
    ];
    const where = "country == 'DE'";
    const dry = await campaign.queue({
      ...rows({ list, where }),
      html: '<p>x</p>',
      subject: 'x',
      dryRun: true,
    });
    expect(dry.total).toBe(2);
    const { total } = await campaign.queue({
      ...rows({ list, where }),
      html: '<p>x</p>',
      subject: 'x',
    });
    expect(total).toBe(2);
    await campaign.runScheduler({ until: 'idle' });
    expect(smtp.messages.map(({ to }) => to[0])).toEqual(['ann@example.org']);
  });

  test('of a column that the list has not, or of no folder, is refused', async () => {
    expect(await failure(campaign.queue(rows({ attachColumn: 'bill' })))).toMatchObject({
      code: 'BAD_LIST',
      message: 'list has no column "bill" beside the address; its fields are: name, invoice',
    });
    expect(await failure(campaign.queue(rows({ attachDir: '/nowhere' })))).toMatchObject({
      code: 'BAD_FILE',
      message: '/nowhere: there is no such file',
    });
    const { attachDir: _, ...without } = rows();
    expect(await failure(campaign.queue(without))).toMatchObject({ code: 'BAD_SETTING' });
  });

  test('that many rows share is stored once', async () => {
    put('de.pdf');
    put('en.pdf');
    const list = [
      `email,invoice\n${Array.from({ length: 500 }, (_, i) => `p${i}@example.org,${i % 2 ? 'de' : 'en'}.pdf`).join('\n')}\n`,
    ];
    const { id } = await campaign.queue({
      ...rows({ list }),
      html: '<p>x</p>',
      subject: 'x',
      cooldownSeconds: 0,
    });
    expect(await count('CAMPAIGN_FILES')).toBe(2);
    expect(await count('CAMPAIGN_SEND_FILES', `SEND_ID = ${id}`)).toBe(500);
    await campaign.runScheduler({ until: 'idle' });
    expect(smtp.messages).toHaveLength(500);
  });
});

describe('a preview and a test mail', () => {
  const full = (): QueueOptions =>
    message({
      html: '<p>Dear {{ name }} <img src="logo.png"></p>',
      inline: [{ name: 'logo.png', content: Buffer.from('logo') }],
      attachments: [{ name: 'terms.txt', content: Buffer.from('terms') }],
      attachColumn: 'invoice',
      attachDir: directory,
    });

  test('of a list show the files of everybody, and of that row', async () => {
    put('a.pdf', 'bill of Ann');
    put('b.pdf', 'bill of Bob');
    const { attachments, html } = await campaign.preview(full(), { row: 2 });
    expect(attachments.map(({ name, content }) => [name, Buffer.from(content).toString()])).toEqual(
      [
        ['logo.png', 'logo'],
        ['terms.txt', 'terms'],
        ['b.pdf', 'bill of Bob'],
      ],
    );
    expect(html).toContain(`src="cid:${attachments[0]?.cid}"`);
    await campaign.test(full(), { to: ['tester@example.org'], rows: 2, now: true });
    const bills = await Promise.all(smtp.messages.map(({ raw }) => parseByMailparser(raw)));
    expect(bills.map(({ files }) => files.map(({ content }) => content.toString())).sort()).toEqual(
      [
        ['logo', 'terms', 'bill of Ann'],
        ['logo', 'terms', 'bill of Bob'],
      ],
    );
  });

  test('of a send show those that it was queued with, whatever the folder has by now', async () => {
    put('a.pdf', 'bill of Ann');
    put('b.pdf', 'bill of Bob');
    const { id } = await campaign.queue({ ...full(), paused: true });
    put('b.pdf', 'another');
    const { attachments } = await campaign.preview(id, { email: 'bob@example.org' });
    expect(attachments.map(({ content }) => Buffer.from(content).toString())).toEqual([
      'logo',
      'terms',
      'bill of Bob',
    ]);
    await campaign.test(id, { to: ['tester@example.org'], email: 'bob@example.org', now: true });
    expect(
      (await received('tester@example.org')).files.map(({ content }) => content.toString()),
    ).toEqual(['logo', 'terms', 'bill of Bob']);
    expect(await count('CAMPAIGN_FILES')).toBe(4);
    expect(await campaign.verify(id)).toMatchObject({ ok: true });
  });
});

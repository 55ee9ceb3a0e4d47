import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let smtp: SmtpServer;
let directory: string;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'queue-headers-'));
  writeFileSync(join(directory, 'body.txt'), 'Hello {{ name }}');
  writeFileSync(
    join(directory, 'list.csv'),
    'email,name,segment\nann@example.org,Ann,"a\r\nBcc: eve@example.net"\nbob@example.org,Bob,\n',
  );
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  smtp = await startSmtpServer();
});
afterEach(async () => {
  await smtp.close();
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE STATUS = 'running'");
});

const queue = (...more: string[]) =>
  runCommand(
    [
      'queue',
      `--list=${join(directory, 'list.csv')}`,
      '--from=News <news@example.org>',
      '--subject=Hi',
      `--text=${join(directory, 'body.txt')}`,
      '--yes',
      '--json',
      ...more,
    ],
    { url: db.url },
  );

/** What the server got, in the order of the list, as headers unfolded. */
async function sent(...more: string[]): Promise<{ from: string; headers: string[] }[]> {
  const queued = await queue(...more);
  expect(queued).toMatchObject({ code: 0 });
  const { code } = await runCommand(['run-scheduler', '--until-idle'], {
    url: db.url,
    env: { CAMPAIGN_SMTP_URL: smtp.url },
  });
  expect(code).toBe(0);
  return smtp.messages
    .sort((a, b) => String(a.to).localeCompare(String(b.to)))
    .map(({ from, raw }) => ({
      from,
      headers: raw
        .slice(0, raw.indexOf('\r\n\r\n'))
        .replace(/\r\n[ \t]+/g, ' ')
        .split('\r\n'),
    }));
}

describe('headers of the sender’s own choice', () => {
  it('are in each message, filled by its row, and no value makes another header', async () => {
    const [ann, bob] = await sent(
      '--header=X-Segment: {{ segment }}',
      '--header',
      'Organization: Büro {{ name }}',
      '--header=List-Help: <https://example.org/help?e={{ segment }}>',
      '--header=References: <a.{{ name }}@example.org> <b@example.org>',
      '--header=importance: high',
    );
    expect(ann?.headers).toEqual(
      expect.arrayContaining([
        'X-Segment: a Bcc: eve@example.net',
        'Organization: =?UTF-8?Q?B=C3=BCro_Ann?=',
        'List-Help: <https://example.org/help?e=a%0ABcc%3A%20eve%40example.net>',
        'References: <a.Ann@example.org> <b@example.org>',
        'importance: high',
      ]),
    );
    expect(ann?.headers.filter((line) => /^(b?cc|to):/i.test(line))).toEqual([
      'To: ann@example.org',
    ]);
    expect(bob?.headers.filter((line) => line.startsWith('X-Segment'))).toEqual([]);
  });

  it.each([
    ['Bcc: eve@example.net', 'the header Bcc is not to be given', /^X-…/],
    ['bcc : eve@example.net', 'the header bcc is not to be given', /^X-…/],
    ['Subject: x', 'the header Subject is not to be given', /^give --subject$/],
    ['Return-Path: x@example.org', 'the header Return-Path is not to be given', /--envelope-from/],
    ['X-Campaign-Id: 7', 'the header X-Campaign-Id is not to be given', /but X-Campaign-…/],
    ['DKIM-Signature: v=1', 'the header DKIM-Signature is not to be given', /^X-…/],
    ['List-Unsubscribe: <x>', 'the header List-Unsubscribe is not', /--list-unsubscribe/],
    ['X-A b: 1', '"X-A b" is no name of a header', /X-Name: value/],
    ['X-Ä: 1', '"X-Ä" is no name of a header', /X-Name: value/],
    [': 1', '"" is no name of a header', /X-Name: value/],
    ['X-A:', 'the header X-A has no value', /X-A: value/],
    ['X-A', '--header "X-A" is not allowed', /'Name: value'/],
  ])('%s is refused, and nothing is queued', async (header, what, remedy) => {
    const { code, stderr } = await queue(`--header=${header}`);
    const error = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
    expect([code, error.code]).toEqual([2, 'USAGE']);
    expect(error.message).toContain(what);
    expect(error.remedy).toMatch(remedy);
  });

  it('are refused when one stands twice, in whatever case, and when they are more than 50', async () => {
    const twice = await queue('--header=X-A: 1', '--header=x-a: 2');
    expect([twice.code, twice.stderr]).toEqual([
      2,
      expect.stringContaining('the header x-a is given twice'),
    ]);
    const many = Array.from({ length: 300 }, (_, i) => `--header=X-H${i}: ${i}`);
    const tooMany = await queue(...many);
    expect([tooMany.code, tooMany.stderr]).toEqual([
      2,
      expect.stringContaining('there are 300 headers; at most 50 are allowed'),
    ]);
    expect((await queue(...many.slice(0, 50))).code).toBe(0);
  });

  it.each([
    ['X-A: {{ nmae }}', /the header X-A, line 1, column 4: there is no merge field "nmae"/],
    ['X-A: {{ name', /the header X-A, line 1, column 1: .*not closed/],
    ['References: no id', /the header References: References would have something beside/],
    ['List-Help: call us', /the header List-Help: List-Help would have something beside URLs/],
  ])('%s is refused by what its template makes', async (header, message) => {
    const { code, stderr } = await queue(`--header=${header}`);
    const error = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
    expect([code, error.code]).toEqual([2, 'BAD_TEMPLATE']);
    expect(error.message).toMatch(message);
  });
});

describe('--envelope-from', () => {
  it('is the address of MAIL FROM, and From stays', async () => {
    const [ann] = await sent('--envelope-from=bounces@bücher.example');
    // Written as A-labels, which the server of the tests turns back.
    expect(ann?.from).toBe('bounces@bücher.example');
    const [message] = await db.database.rows<{ address: string }>(
      'SELECT ENVELOPE_FROM AS address FROM CAMPAIGN_MESSAGES ORDER BY SEND_ID DESC LIMIT 1',
    );
    expect(message?.address).toBe('bounces@xn--bcher-kva.example');
    expect(ann?.headers[0]).toBe('From: News <news@example.org>');
    expect(ann?.headers.find((line) => line.startsWith('Message-ID'))).toContain('@example.org>');
  });

  it.each([
    ['Bounces <b@example.org>', /has a name, and an envelope has none/],
    ['b@example.org, c@example.org', /names more than one/],
    ['nobody', /--envelope-from: "nobody" is not one sender/],
    ['', /--envelope-from: "" is not one sender/],
  ])('%j is refused', async (address, message) => {
    const { code, stderr } = await queue(`--envelope-from=${address}`);
    const error = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
    expect([code, error.code]).toEqual([2, 'BAD_ADDRESS']);
    expect(error.message).toMatch(message);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DkimKey } from '../../src/domain/dkim.ts';
import { expectShape, jsonLines } from '../support/contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { keyOf, newPem, pemOf, verifyDkim } from '../support/dkim.ts';
import { canRunPostfix, type Postfix, startPostfix } from '../support/postfix.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';
import { spawnCampaign } from '../support/spawn-campaign.ts';

let db: TestDatabase;
let smtp: SmtpServer;
let directory: string;

beforeEach(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
  directory = mkdtempSync(join(tmpdir(), 'campaign-dkim-'));
});

afterEach(async () => {
  await smtp.close();
  await db.drop();
  rmSync(directory, { recursive: true });
});

const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(directory, name);
  writeFileSync(path, text, { mode });
  return path;
};

/** The settings of a key, which it has in a file. */
const settingsOf = (
  { domain, selector, algorithm }: DkimKey,
  behind = '',
): Record<string, string> => ({
  [`CAMPAIGN_DKIM_KEY_FILE${behind}`]: file(
    `key${behind}.pem`,
    pemOf(algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'),
  ),
  [`CAMPAIGN_DKIM_DOMAIN${behind}`]: domain,
  [`CAMPAIGN_DKIM_SELECTOR${behind}`]: selector,
});

const campaign = (args: readonly string[], env: Record<string, string> = {}) =>
  spawnCampaign(args, { env: { CAMPAIGN_DATABASE_URL: db.url, ...env } });

const LIST = `email,name
ann@example.net,Ann
bob@example.net,Zoë  with  blanks
cy@example.net,${'a very long name '.repeat(12)}
`;

const HTML = `<p>Dear {{ name }},</p>
.
..
<pre>
   two   blanks\t a tab
line with blanks at its end   
.dots. . .
</pre>
From here on: ${'äöü€ '.repeat(60)}



`;

/** Queues a list whose messages have all that a relay might trip over. */
async function queue(from: string, ...options: readonly string[]): Promise<number> {
  const given = [
    ...['--list', file('list.csv', LIST), '--from', from, '--yes', '--json'],
    ...['--subject', 'Grüße an {{ name }}: ein Betreff, der länger ist, als eine Zeile sein soll'],
    ...['--html', file('message.html', HTML), '--cooldown-seconds', '0'],
    ...['--unsubscribe-url', 'https://news.example.org/u', '--reply-to', 'Ä <a@example.org>'],
  ];
  const { code, stdout, stderr } = await campaign(['queue', ...given, ...options]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout).id;
}

const send = (env: Record<string, string>, url = smtp.url) =>
  campaign(['run-scheduler', '--until-idle', '--json'], { CAMPAIGN_SMTP_URL: url, ...env });

const logLines = (stderr: string) =>
  jsonLines(stderr) as { event: string; msg: string; sendId: number }[];

const rsa = keyOf('rsa');
const ed25519 = keyOf('ed25519');

describe('run-scheduler', () => {
  test('says what it signs with, what a key should not be, and which send goes out unsigned', async () => {
    const weak = {
      ...settingsOf(ed25519),
      CAMPAIGN_DKIM_KEY_FILE_2: file('weak.pem', newPem('rsa', 1024), 0o644),
      CAMPAIGN_DKIM_DOMAIN_2: 'example.net',
      CAMPAIGN_DKIM_SELECTOR_2: 'weak',
    };
    const foreign = await queue('news@example.com');
    const off = await queue('news@example.org', '--dkim', 'off');
    const { code, stderr } = await send(weak);
    expect(code).toBe(0);
    const lines = logLines(stderr);
    for (const line of lines) expectShape('log', line);
    const of = (event: string) => lines.filter((line) => line.event === event);
    expect(of('dkim-keys')).toMatchObject([
      {
        keys: [
          'ed25519._domainkey.example.org (ed25519-sha256, 256 bits)',
          'weak._domainkey.example.net (rsa-sha256, 1024 bits)',
        ],
      },
    ]);
    expect(of('dkim-doubt').map(({ msg }) => msg)).toEqual([
      expect.stringContaining('1024 bits'),
      expect.stringContaining('mode 0644'),
    ]);
    // Both are opened at once.
    expect(of('unsigned').toSorted((a, b) => a.sendId - b.sendId)).toMatchObject([
      { level: 40, sendId: foreign, domain: 'example.com', because: 'no-key' },
      { level: 30, sendId: off, because: 'off' },
    ]);
    expect(smtp.messages).toHaveLength(6);
    expect(smtp.messages.filter(({ raw }) => raw.includes('DKIM-Signature'))).toEqual([]);
  });

  test.each([
    ['is none', () => 'hello\n', 'holds no private key in PEM'],
    ['is too short', () => newPem('rsa', 512), '512 bits'],
  ])('with a key that %s ends with exit code 2, and tells no part of it', async (_, text, why) => {
    const pem = text();
    const { code, stdout, stderr } = await send({
      ...settingsOf(rsa),
      CAMPAIGN_DKIM_KEY_FILE: file('bad.pem', pem),
    });
    expect(code).toBe(2);
    expect(JSON.parse(stderr.trim())).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining(why),
    });
    for (const line of pem.split('\n').filter(({ length }) => length > 30)) {
      if (!line.startsWith('-----')) expect(stdout + stderr).not.toContain(line.slice(0, 12));
    }
  });

  test('leaves a send that must be signed to one that has the key, and progress says so', async () => {
    const id = await queue('news@mail.example.org', '--dkim', 'required');
    const { code, stderr } = await send({});
    expect(code).toBe(0);
    expect(logLines(stderr).filter(({ event }) => event === 'unsignable')).toMatchObject([
      { level: 40, sendId: id, domain: 'mail.example.org' },
    ]);
    expect(smtp.messages).toHaveLength(0);
    const { stdout } = await campaign(['progress', String(id), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ dkim: 'required', sent: 0, status: 'running' });
    await send({ ...settingsOf(rsa), ...settingsOf(ed25519, '_ED') });
    const results = await verifyDkim(
      smtp.messages.map(({ raw }) => raw),
      [rsa, ed25519],
    );
    expect(results.map((all) => all.map(({ selector, ok }) => [selector, ok]))).toEqual(
      Array.from({ length: 3 }, () => [
        ['rsa', true],
        ['ed25519', true],
      ]),
    );
  });
});

test('a send that must be signed is claimed by the key of the From that an edit gave it', async () => {
  const id = await queue('news@example.org', '--dkim', 'required', '--paused');
  const edited = ['edit', String(id), '--from', 'news@example.net'];
  expect(await campaign(edited)).toMatchObject({ code: 0 });
  await campaign(['resume', String(id)]);
  await send(settingsOf(rsa));
  expect(smtp.messages).toHaveLength(0);
  const key = keyOf('rsa', 'example.net');
  await send(settingsOf(key));
  const results = await verifyDkim(
    smtp.messages.map(({ raw }) => raw),
    [key],
  );
  expect(results).toEqual(
    Array.from({ length: 3 }, () => [{ domain: 'example.net', selector: 'rsa', ok: true }]),
  );
});

describe.runIf(canRunPostfix())('what a Postfix has relayed', () => {
  let postfix: Postfix;
  beforeEach(async () => {
    postfix = await startPostfix(smtp.port);
  });
  afterEach(() => postfix.stop());

  test.each([
    ['RSA and Ed25519', 'Example News <news@example.org>', [rsa, ed25519]],
    ['the key of a parent domain', 'Grüße <news@mail.example.org>', [ed25519]],
    [
      'a domain with an umlaut',
      'Müller <news@müller.example>',
      [keyOf('ed25519', 'xn--mller-kva.example')],
    ],
    ['a sender that needs SMTPUTF8', 'Jörg <jörg@example.org>', [rsa]],
  ])('verifies: %s', async (_, from, keys) => {
    const attached = file('notes.txt', `${'.\n..dots and  blanks \n\n'.repeat(4_000)}`);
    await queue(
      from,
      '--dkim',
      'required',
      '--header',
      `References: ${'<ref@example.org> '.repeat(20)}`,
      '--attach',
      attached,
    );
    const settings = keys.map((key, i) => settingsOf(key, i === 0 ? '' : `_${i}`));
    const { code } = await send(
      Object.assign({}, ...settings) as Record<string, string>,
      `smtp://127.0.0.1:${postfix.port}`,
    );
    expect(code).toBe(0);
    await vi.waitFor(() => expect(smtp.messages, postfix.log()).toHaveLength(3), 30_000);
    const messages = smtp.messages.map(({ raw }) => raw);
    expect(messages.every((raw) => /^Received: .*relay\.test/s.test(raw))).toBe(true);
    const results = await verifyDkim(messages, keys);
    expect(results.map((all) => all.map(({ selector, ok }) => [selector, ok]))).toEqual(
      messages.map(() => keys.map(({ selector }) => [selector, true])),
    );
  });
});

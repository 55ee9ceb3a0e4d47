import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keyOf, newPem, pemOf, recordOf } from '../support/dkim.ts';
import { type DnsServer, startDnsServer, type Zone } from '../support/dns-server.ts';
import { GOOD } from '../support/in-dns.ts';
import { runCommand } from '../support/run-command.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';

const scene = schedulerScene();

const directory = mkdtempSync(join(tmpdir(), 'campaign-lint-dns-test-'));
beforeAll(() => {
  writeFileSync(join(directory, 'list.csv'), 'email\nada@example.org\n');
  writeFileSync(
    join(directory, 'mail.txt'),
    'Dear reader,\nto unsubscribe: https://example.org/u?e={{ email }}\n',
  );
  writeFileSync(join(directory, 'key.pem'), pemOf('rsa'), { mode: 0o600 });
  writeFileSync(join(directory, 'other.pem'), newPem('rsa'), { mode: 0o600 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const servers: DnsServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

const RECORD = recordOf(keyOf('rsa'));
const SIGNED: Zone = { ...GOOD, 'rsa._domainkey.example.org': { txt: [RECORD] } };

const LIST = join(directory, 'list.csv');
const MESSAGE = [
  ['--list', LIST, '--from', 'news@example.org', '--subject', 'Hello'],
  [
    '--text',
    join(directory, 'mail.txt'),
    '--list-unsubscribe',
    'https://example.org/u?e={{ email }}',
  ],
].flat();

/** Runs `lint` over a DNS server that has this zone. */
async function lint(
  zone: Zone,
  args: readonly string[],
  { env = {}, key = 'key.pem', url = '', terminal = false } = {},
) {
  const server = await startDnsServer(zone);
  servers.push(server);
  const result = await runCommand(['lint', ...args], {
    url,
    terminal,
    env: {
      CAMPAIGN_SANDBOX_DIR: '/nowhere',
      CAMPAIGN_DNS_SERVERS: server.address,
      CAMPAIGN_DKIM_KEY_FILE: join(directory, key),
      CAMPAIGN_DKIM_DOMAIN: 'example.org',
      CAMPAIGN_DKIM_SELECTOR: 'rsa',
      NO_COLOR: '1',
      ...env,
    },
  });
  return { ...result, asked: server.asked };
}

const rulesOf = ({ stdout }: { stdout: string }): string[] =>
  (JSON.parse(stdout) as { findings: { rule: string }[] }).findings
    .map(({ rule }) => rule)
    .filter((rule) => /^(?:dns|domain|spf|dkim|dmarc)-/.test(rule));

test('without --dns nothing is asked of DNS, and its settings are not read', async () => {
  const { asked, code } = await lint({}, MESSAGE);
  expect({ asked, code }).toEqual({ asked: [], code: 0 });
  const bad = await lint({}, MESSAGE, { key: 'missing.pem', env: { CAMPAIGN_DNS_SERVERS: 'x' } });
  expect(bad.code).toBe(0);
});

test('a domain that all is right with brings nothing', async () => {
  const result = await lint(SIGNED, [...MESSAGE, '--dns', '--strict', '--json']);
  expect({ code: result.code, rules: rulesOf(result) }).toEqual({ code: 0, rules: [] });
  expect(result.asked).toContain('TXT rsa._domainkey.example.org');
});

test('a selector whose DNS key is another is an error that says what to publish', async () => {
  const result = await lint(SIGNED, [...MESSAGE, '--dns', '--json'], { key: 'other.pem' });
  expect(result.code).toBe(0);
  expect(rulesOf(result)).toEqual(['dkim-key-differs']);
  expect(JSON.parse(result.stdout)).toMatchObject({
    findings: expect.arrayContaining([
      {
        rule: 'dkim-key-differs',
        severity: 'error',
        message: expect.stringContaining('another RSA key, of 2048 bits'),
        remedy: expect.stringContaining('rsa._domainkey.example.org'),
        where: 'DNS of rsa._domainkey.example.org',
      },
    ]),
  });
});

test('--strict counts what DNS says, and --ignore leaves it out', async () => {
  const { '_dmarc.example.org': _, ...zone } = SIGNED;
  const strict = await lint(zone, [...MESSAGE, '--dns', '--strict']);
  expect(strict.code).toBe(2);
  expect(strict.stderr).toContain('--ignore dmarc-missing');
  const ignored = await lint(zone, [...MESSAGE, '--dns', '--strict', '--ignore', 'dmarc-missing']);
  expect(ignored.code).toBe(0);
});

test('what is wrong with the settings is said by their names', async () => {
  const servers = await lint({}, [...MESSAGE, '--dns'], { env: { CAMPAIGN_DNS_SERVERS: 'dns' } });
  expect(servers.code).toBe(2);
  expect(servers.stderr).toContain('CAMPAIGN_DNS_SERVERS has "dns"');
  const key = await lint({}, [...MESSAGE, '--dns'], { key: 'missing.pem' });
  expect(key.code).toBe(2);
  expect(key.stderr).toContain('CAMPAIGN_DKIM_KEY_FILE');
});

test.each([false, true])('no record reaches a terminal unescaped (%s)', async (terminal) => {
  const evil = '\x1b]0;gotcha\x07\x1b[2J\r\nrule\t\x9b31m';
  const zone: Zone = {
    ...GOOD,
    'example.org': { ...GOOD['example.org'], txt: [`v=spf1 ${evil} -all`] },
    'rsa._domainkey.example.org': { txt: [`v=DKIM1; ${evil}; p=`] },
    '_dmarc.example.org': { txt: [`v=dmarc1; ${evil}`] },
  };
  const { stdout, stderr } = await lint(zone, [...MESSAGE, '--dns'], { terminal });
  for (const rule of ['spf-invalid', 'dkim-record-invalid', 'dmarc-invalid']) {
    expect(stdout).toContain(rule);
  }
  expect(stdout).toContain('\\x1b]0;gotcha');
  expect(`${stdout}${stderr}`.replace(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u);
});

test('a relay of CAMPAIGN_SMTP_URL that SPF does not name is told of', async () => {
  const zone: Zone = { ...SIGNED, 'smtp.provider.net': { a: ['198.51.100.7'] } };
  const env = { CAMPAIGN_SMTP_URL: 'smtp://smtp.provider.net' };
  const result = await lint(zone, [...MESSAGE, '--dns', '--json'], { env });
  expect(rulesOf(result)).toEqual(['spf-relay']);
});

test('a message that cannot be read is none the less from somebody', async () => {
  const html = join(directory, 'bad.html');
  writeFileSync(html, '<p>Dear *|FNAME|*, {{#if x}}</p>');
  const args = ['--html', html, '--dns', '--json'];
  const result = await lint({}, [...MESSAGE.slice(0, 6), ...args]);
  expect(rulesOf(result)).toContain('domain-unknown');
});

test('a send is asked for by its ledger, signed or not', async () => {
  const { url } = scene.db;
  const queued = await runCommand(['queue', ...MESSAGE, '--dkim', 'off', '--paused', '--yes'], {
    url,
  });
  const id = queued.stdout.trim();
  const result = await lint(SIGNED, [id, '--dns', '--json'], { url });
  expect(rulesOf(result)).toEqual(['dkim-unsigned']);
  expect(result.asked).toContain('MX example.org');
});

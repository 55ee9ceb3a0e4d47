import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { loadSettings } from '../../src/config/settings.ts';
import { dnsNameOf } from '../../src/domain/dkim.ts';
import { CampaignError } from '../../src/errors.ts';
import { newPem, pemOf } from '../support/dkim.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'campaign-dkim-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const URLS = { CAMPAIGN_DATABASE_URL: 'mysql://u@localhost/app' };

function keyFile(name: string, text: string | Uint8Array, mode = 0o600): string {
  const file = join(cwd, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const load = (env: Record<string, string>) => loadSettings({ ...URLS, ...env }, cwd).dkim();
const key = (file: string, behind = '', domain = 'example.org') => ({
  [`CAMPAIGN_DKIM_KEY_FILE${behind}`]: file,
  [`CAMPAIGN_DKIM_DOMAIN${behind}`]: domain,
  [`CAMPAIGN_DKIM_SELECTOR${behind}`]: `s${behind.toLowerCase()}`,
});

function refusal(work: () => unknown): CampaignError {
  try {
    work();
  } catch (error) {
    if (error instanceof CampaignError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the keys of the settings', () => {
  it('are none where none is set, and none is read before it is asked for', () => {
    expect(load({})).toEqual({ keys: [], skip: [], doubts: [] });
    expect(() => loadSettings({ ...URLS, ...key('/nonexistent') }, cwd)).not.toThrow();
  });

  it('are one, and further ones by names of their own', () => {
    const [one, two] = [keyFile('a', pemOf('rsa')), keyFile('b', pemOf('ed25519'))];
    const { keys, doubts } = load({
      ...key(one, '', ' Example.ORG '),
      ...key(two, '_ED'),
      ...key(two, '_2_b', 'müller.example'),
    });
    expect(keys.map((found) => [dnsNameOf(found), found.algorithm])).toEqual([
      ['s._domainkey.example.org', 'rsa-sha256'],
      ['s_2_b._domainkey.xn--mller-kva.example', 'ed25519-sha256'],
      ['s_ed._domainkey.example.org', 'ed25519-sha256'],
    ]);
    expect(doubts).toEqual([]);
  });

  it('come from a .env too, where a name of a setting that there is not is still refused', () => {
    const lines = Object.entries(key(keyFile('a', pemOf('ed25519')), '_NEWS'));
    writeFileSync(join(cwd, '.env'), lines.map(([name, value]) => `${name}=${value}\n`).join(''));
    expect(load({}).keys).toHaveLength(1);
    writeFileSync(join(cwd, '.env'), 'CAMPAIGN_DKIM_KEY=x\n');
    expect(refusal(() => load({})).message).toContain('there is no setting CAMPAIGN_DKIM_KEY');
    writeFileSync(join(cwd, '.env'), 'CAMPAIGN_DKIM_SKIP_HEADERS_X=date\n');
    expect(refusal(() => load({})).message).toContain('there is no setting');
  });

  it("are systemd's credentials where no file is named, whose mode is systemd's", () => {
    const credentials = join(cwd, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'campaign-dkim-key'), pemOf('rsa'), { mode: 0o440 });
    writeFileSync(join(credentials, 'campaign-dkim-key-two'), pemOf('ed25519'), { mode: 0o440 });
    const { CAMPAIGN_DKIM_KEY_FILE: _, ...first } = key('');
    const { CAMPAIGN_DKIM_KEY_FILE_TWO: __, ...second } = key('', '_TWO');
    const env = { ...first, ...second, CREDENTIALS_DIRECTORY: credentials };
    expect(load(env)).toMatchObject({
      keys: [{ selector: 's' }, { selector: 's_two' }],
      doubts: [],
    });
    const other = { ...env, ...key(keyFile('own', pemOf('ed25519'))) };
    expect(load(other).keys[0]).toMatchObject({ algorithm: 'ed25519-sha256' });
    const message = refusal(() => load({ CREDENTIALS_DIRECTORY: credentials })).message;
    expect(message).toMatch(/credential .*campaign-dkim-key is set, but CAMPAIGN_DKIM_DOMAIN/);
  });

  it.each([0o640, 0o604, 0o644])('that a file of the mode %o holds bring a warning', (mode) => {
    expect(load(key(keyFile('a', pemOf('rsa'), mode))).doubts).toEqual([
      expect.stringMatching(/CAMPAIGN_DKIM_KEY_FILE .*can be read by others .*make it 0600/),
    ]);
  });

  it('that are short, though allowed, bring a warning', () => {
    expect(load(key(keyFile('a', newPem('rsa', 1024)))).doubts).toEqual([
      expect.stringContaining('RSA key of 1024 bits, where 2048 are advised'),
    ]);
  });

  it('may be written as Windows does, with a byte order mark', () => {
    const utf16 = Buffer.from(`\ufeff${pemOf('ed25519').replaceAll('\n', '\r\n')}`, 'utf16le');
    expect(load(key(keyFile('a', utf16))).keys).toHaveLength(1);
  });
});

describe('a key that cannot be used', () => {
  test.each([
    ['none', 'CAMPAIGN_DKIM_KEY_FILE'],
    ['no domain', 'CAMPAIGN_DKIM_DOMAIN'],
    ['no selector', 'CAMPAIGN_DKIM_SELECTOR'],
  ])('has %s, and the setting is named', (_, missing) => {
    const file = keyFile('a', pemOf('rsa'));
    const { [missing]: __, ...rest } = key(file);
    expect(refusal(() => load(rest))).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining(`but ${missing} is not`),
    });
    const { [`${missing}_2`]: ___, ...others } = key(file, '_2');
    expect(refusal(() => load(others)).message).toContain(`but ${missing}_2 is not`);
  });

  test.each([
    ['is not there', () => '/nonexistent/key', 'there is no such file'],
    ['is a folder', () => cwd, 'is no file'],
    ['is a device', () => '/dev/zero', 'is no file'],
    ['is large', () => keyFile('a', 'x'.repeat(100_000)), 'too large to be a key'],
    ['is no key', () => keyFile('a', 'hello\n'), 'holds no private key in PEM'],
    ['is no text', () => keyFile('a', Buffer.from([0xff, 0, 0xfe, 0x80])), 'cannot be read'],
    ['has 512 bits', () => keyFile('a', newPem('rsa', 512)), '512 bits; 1024 are the least'],
    [
      'has a passphrase',
      () => {
        const file = keyFile('a', pemOf('rsa'));
        const args = ['-topk8', '-v2', 'aes256', '-passout', 'pass:x', '-in', file];
        execFileSync('openssl', ['pkcs8', ...args, '-out', join(cwd, 'b')]);
        return join(cwd, 'b');
      },
      'a key with a passphrase',
    ],
  ])('%s', (_, file, why) => {
    const error = refusal(() => load(key(file())));
    expect(error.code).toBe('BAD_SETTING');
    expect(error.message).toContain('CAMPAIGN_DKIM_KEY_FILE');
    expect(error.message).toContain(why);
  });

  it('is one of two with one place in DNS', () => {
    const file = keyFile('a', pemOf('rsa'));
    const env = { ...key(file), ...key(file, '_2'), CAMPAIGN_DKIM_SELECTOR_2: 's' };
    expect(refusal(() => load(env)).message).toContain('s._domainkey.example.org');
  });

  test.each(['CAMPAIGN_DKIM_KEY_FILE', 'CAMPAIGN_DKIM_DOMAIN', 'CAMPAIGN_DKIM_SELECTOR'])(
    'may stand in %s itself, and no part of it is told',
    (variable) => {
      const pem = pemOf('ed25519');
      const error = refusal(() => load({ ...key(keyFile('a', pem)), [variable]: pem }));
      const [, secret = ''] = pem.split('\n');
      expect(inspect(error)).not.toContain(secret.slice(20, 40));
      expect(error.message).toContain(variable);
      const inSettings = inspect(loadSettings({ ...URLS, [variable]: pem }, cwd), { depth: 9 });
      expect(inSettings).not.toContain(secret.slice(20, 40));
    },
  );
});

describe('the header fields that are not signed', () => {
  it('are those of the setting', () => {
    expect(load({ CAMPAIGN_DKIM_SKIP_HEADERS: 'Date, Message-ID' }).skip).toEqual([
      'date',
      'message-id',
    ]);
  });

  it.each(['From', 'Date,Dat'])('cannot be %s', (value) => {
    expect(refusal(() => load({ CAMPAIGN_DKIM_SKIP_HEADERS: value }))).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining('CAMPAIGN_DKIM_SKIP_HEADERS'),
    });
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadEnvironmentSettings, loadSettings, requireSmtp } from '../../src/config/settings.ts';
import { CampaignError } from '../../src/errors.ts';
import { parseSmtpUrl } from '../../src/smtp/url.ts';
import { describeAddress } from '../../src/store/mysql/url.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'campaign-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const DATABASE = 'mysql://u:secret@localhost/app';
const SMTP = 'smtp://localhost:1025';
const bothUrls = { CAMPAIGN_DATABASE_URL: DATABASE, CAMPAIGN_SMTP_URL: SMTP };

/** The error that `work` throws. */
function refusal(work: () => unknown): { code: string; message: string; remedy: string } {
  try {
    work();
  } catch (error) {
    return error as { code: string; message: string; remedy: string };
  }
  throw new Error('nothing was thrown');
}

describe('where a setting comes from', () => {
  it('is the environment before .env before the default', () => {
    writeFileSync(
      join(cwd, '.env'),
      'CAMPAIGN_BLOCK_AFTER=30\nCAMPAIGN_RETRY_FIRST_SECONDS=31\nSESSION_TTL_SECONDS=32\n',
    );
    const env = { ...bothUrls, CAMPAIGN_BLOCK_AFTER: '40', CAMPAIGN_RETRY_FIRST_SECONDS: '41' };
    expect(loadSettings(env, cwd)).toMatchObject({
      blockAfter: 40,
      retryFirstSeconds: 41,
      sessionTtlSeconds: 32,
      retryMaxSeconds: 3600,
      maxServerFailures: 10,
      backoffMaxSeconds: 60,
    });
  });

  it('is a URL of links without a password, which an error does not repeat', () => {
    const env = { ...bothUrls, CAMPAIGN_UNSUBSCRIBE_URL: 'https://news.example.org/u/' };
    expect(loadSettings(env, cwd).unsubscribeUrl).toBe('https://news.example.org/u');
    env.CAMPAIGN_UNSUBSCRIBE_URL = 'https://u:secret@news.example.org';
    const error = refusal(() => loadSettings(env, cwd));
    expect(error).toMatchObject({
      code: 'BAD_SETTING',
      message: 'CAMPAIGN_UNSUBSCRIBE_URL has a user or a password in it',
    });
  });

  it('counts an empty variable as not set, and the result cannot be changed', () => {
    const settings = loadSettings({ ...bothUrls, CAMPAIGN_BLOCK_AFTER: '' }, cwd);
    expect(settings.blockAfter).toBe(20);
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it.each(['abc', '-1', '1.5', '1e3', '1'])('refuses CAMPAIGN_BLOCK_AFTER=%s by name', (value) => {
    const error = refusal(() => loadSettings({ ...bothUrls, CAMPAIGN_BLOCK_AFTER: value }, cwd));
    expect(error).toMatchObject({ code: 'BAD_SETTING' });
    expect(error.message).toContain('CAMPAIGN_BLOCK_AFTER');
  });
});

describe('the file .env', () => {
  const env = (bytes: string | Uint8Array) => {
    writeFileSync(join(cwd, '.env'), bytes);
    return loadSettings({}, cwd);
  };
  const LINES = [
    '# für Zeitungen',
    `export CAMPAIGN_DATABASE_URL="${DATABASE}"`,
    `CAMPAIGN_SMTP_URL = '${SMTP}'   # the relay`,
    'OTHER=CAMPAIGN_DATABASE_URL',
    '',
  ];

  it.each(['\n', '\r\n', '\r'])('is read with line ends %j, in UTF-8 and UTF-16', (end) => {
    const text = LINES.join(end);
    for (const bytes of [text, `\ufeff${text}`, Buffer.from(`\ufeff${text}`, 'utf16le')]) {
      const settings = env(bytes);
      expect(settings.database.password).toBe('secret');
      expect(settings.smtp?.port).toBe(1025);
    }
  });

  it.each([
    ['Latin-1', Buffer.from('A=ü\n', 'latin1')],
    ['a NUL', 'A=1\0\n'],
    ['a command of cmd', 'set CAMPAIGN_SMTP_URL=smtp://u:hush@h'],
    ['a command of PowerShell', '$env:CAMPAIGN_SMTP_URL = "smtp://u:hush@h"'],
    ['no equals sign', 'CAMPAIGN_SMTP_URL smtp://u:hush@h'],
    ['a quote that is not closed', "A='\nCAMPAIGN_SMTP_URL=smtp://u:hush@h\nB='"],
    ['a # in an unquoted value', 'CAMPAIGN_SMTP_URL=smtp://news:12#hush@h'],
  ])('with %s is refused by its name and line, exit 2', (_, bytes) => {
    const error = refusal(() => env(bytes));
    expect(error).toMatchObject({ code: 'BAD_SETTING', exitCode: 2 });
    expect(error.message).toContain(join(cwd, '.env'));
    expect(error.message).toMatch(/line \d/);
    expect(error.message + error.remedy).not.toContain('hush');
  });

  it.each(['CAMPAIGN_DB_URL', 'campaign_database_url', 'export CAMPAIGN_BLOCK_AFTR'])(
    'with a name that is no setting (%s) is refused by line, not taken for none',
    (name) => {
      writeFileSync(join(cwd, '.env'), `# ours\n${name}=5\n`);
      expect(refusal(() => loadSettings({}, cwd))).toMatchObject({
        code: 'BAD_SETTING',
        message: `${join(cwd, '.env')}, line 2: there is no setting ${name.split(' ').at(-1)}`,
      });
    },
  );

  it.each([
    ['CAMPAIGN_HOLD_MAX_SECONDS=0', 'CAMPAIGN_HOLD_MAX_SECONDS is "0"'],
    ['export CAMPAIGN_GIVE_UP_SECONDS=1e3', 'CAMPAIGN_GIVE_UP_SECONDS is "1e3"'],
    ['CAMPAIGN_RETRY_MAX_SECONDS=5', 'CAMPAIGN_RETRY_MAX_SECONDS (5) is below CAMPAIGN_'],
    ['CAMPAIGN_SMTP_URL=ftp://u:secret@example.org', 'CAMPAIGN_SMTP_URL '],
    ['CAMPAIGN_SMTP_PASSWORD_FILE=/none', 'the file that CAMPAIGN_SMTP_PASSWORD_FILE names'],
    ['CAMPAIGN_LINT_IGNORE=no-such-rule', 'CAMPAIGN_LINT_IGNORE: '],
    ['CAMPAIGN_DNS_SERVERS=nowhere', 'CAMPAIGN_DNS_SERVERS has "nowhere"'],
  ])('is named, with the line, where what it sets cannot be: %s', (line, words) => {
    const { CAMPAIGN_SMTP_URL: _, ...database } = bothUrls;
    const rest = line.includes('SMTP_URL') ? database : bothUrls;
    writeFileSync(join(cwd, '.env'), `# ours\nPORT=80\n${line}\n`);
    const read = () => {
      const settings = loadSettings(rest, cwd);
      settings.lintIgnore();
      settings.dnsServers();
    };
    const { code, message } = refusal(read);
    expect(code).toBe('BAD_SETTING');
    expect(message).toContain(`${join(cwd, '.env')}, line 3: ${words}`);
    expect(message).not.toContain('secret');
  });

  it('is not named where the environment sets it', () => {
    writeFileSync(join(cwd, '.env'), 'CAMPAIGN_HOLD_MAX_SECONDS=5\n');
    const env = { ...bothUrls, CAMPAIGN_HOLD_MAX_SECONDS: '0' };
    expect(refusal(() => loadSettings(env, cwd)).message).toBe('CAMPAIGN_HOLD_MAX_SECONDS is "0"');
  });

  it('with what other programs read is left to them', () => {
    writeFileSync(join(cwd, '.env'), 'APP_CAMPAIGN_URL=x\n# CAMPAIGN_OLD=1\nPORT=80\n');
    expect(() => loadSettings(bothUrls, cwd)).not.toThrow();
  });

  it('that is a directory is not taken for none', () => {
    mkdirSync(join(cwd, '.env'));
    expect(refusal(() => loadSettings({}, cwd))).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining(join(cwd, '.env')),
    });
  });
});

describe('passwords', () => {
  it('come from a file named in the environment before the one in the URL', () => {
    writeFileSync(join(cwd, 'pw'), 'from file\n');
    const env = { ...bothUrls, CAMPAIGN_DATABASE_PASSWORD_FILE: join(cwd, 'pw') };
    expect(loadSettings(env, cwd).database.password).toBe('from file');
    expect(loadSettings(bothUrls, cwd).database.password).toBe('secret');
  });

  it("come from systemd's credentials directory", () => {
    writeFileSync(join(cwd, 'campaign-smtp-password'), 'sys');
    const env = {
      ...bothUrls,
      CAMPAIGN_SMTP_URL: 'smtps://me@mail.example.org',
      CREDENTIALS_DIRECTORY: cwd,
    };
    const settings = loadSettings(env, cwd);
    expect(settings.smtp).toMatchObject({ user: 'me', password: 'sys' });
    expect(settings.database.password).toBe('secret');
  });

  it('are in no message about a setting', () => {
    const urls = [
      { CAMPAIGN_DATABASE_URL: 'mysql://u:secret@localhost' },
      { CAMPAIGN_DATABASE_URL: 'mysql://u:secret%ZZ@localhost/app' },
      { ...bothUrls, CAMPAIGN_SMTP_URL: 'smtp://u:secret@mail.example.org:99999999' },
      { ...bothUrls, CAMPAIGN_SMTP_URL: 'ftp://u:secret@mail.example.org' },
      { ...bothUrls, CAMPAIGN_SMTP_URL: 'smtp://u:secret@mail.example.org?tls=off' },
      { ...bothUrls, CAMPAIGN_SMTP_URL: 'smtp://news:12?secret@mail.example.org:587' },
      { ...bothUrls, CAMPAIGN_DATABASE_URL: 'mysql://u:12/app?secret@db.example.org/x' },
    ];
    for (const env of urls) {
      const { code, message, remedy } = refusal(() => loadSettings(env, cwd));
      expect(code).toBe('BAD_SETTING');
      expect(message + remedy).not.toContain('secret');
    }
  });
});

/** Letters that no message of ours strings together, and all that means something in a URL or a shell. */
const SECRET_CHARACTERS = [...'QXZJVqxzj79', ...'@:/?#%&=+,;[]()$!*\'"\\`|<>{}^~ -_.'];

describe('a password', () => {
  const secret = fc
    .array(fc.constantFrom(...SECRET_CHARACTERS), { minLength: 4, maxLength: 24 })
    .map((characters) => characters.join(''));
  const encodings: ((text: string) => string)[] = [
    (text) => text,
    encodeURIComponent,
    (text) => text.replaceAll('%', '%25'),
    (text) => text.replace(/[@/]/g, encodeURIComponent),
  ];
  const shapes: ((written: string) => Record<string, string>)[] = [
    (p) => ({ CAMPAIGN_DATABASE_URL: `mysql://news:${p}@db.example.org:3306/mail` }),
    (p) => ({ CAMPAIGN_DATABASE_URL: `mysql://news:${p}@db1.example.org,db2.example.org/mail` }),
    (p) => ({ CAMPAIGN_DATABASE_URL: `mysql://news:${p}@:3306/mail/?tls=on` }),
    (p) => ({ CAMPAIGN_DATABASE_URL: `mysql:news:${p}@db.example.org/mail?tls=off` }),
    (p) => ({
      CAMPAIGN_DATABASE_URL: DATABASE,
      CAMPAIGN_SMTP_URL: `smtp://news:${p}@relay.example.org:587`,
    }),
    (p) => ({
      CAMPAIGN_DATABASE_URL: DATABASE,
      CAMPAIGN_SMTP_URL: `smtps://news:${p}@relay.example.org?tls=maybe`,
    }),
    (p) => ({
      CAMPAIGN_DATABASE_URL: DATABASE,
      CAMPAIGN_SMTP_URL: `smtp://news:${p}@relay.example.org?name=a&b=${p}`,
    }),
    (p) => ({ ...bothUrls, CAMPAIGN_SMTP_PASSWORD_FILE: p }),
    (p) => ({ ...bothUrls, CAMPAIGN_DATABASE_PASSWORD_FILE: p }),
  ];

  const pieces = (text: string): string[] =>
    Array.from({ length: text.length - 3 }, (_, at) => text.slice(at, at + 4)).filter((piece) =>
      /[QXZJVqxzj79]/.test(piece),
    );

  it('of any characters, encoded or not, is used as it is meant or refused, and no part of it is shown', () => {
    fc.assert(
      fc.property(
        secret,
        fc.constantFrom(...encodings),
        fc.constantFrom(...shapes),
        (password, encode, shape) => {
          const written = encode(password);
          let shown: string;
          try {
            const { database, smtp } = loadSettings(shape(written), cwd);
            const used = [database.password, smtp?.password].find((p) => p && p !== 'secret');
            if (used !== undefined) expect(used).toBe(decodeURIComponent(written));
            shown = `${describeAddress(database)} ${smtp?.host}:${smtp?.port}`;
          } catch (error) {
            if (!(error instanceof CampaignError)) throw error;
            expect(error).toMatchObject({ code: 'BAD_SETTING', exitCode: 2 });
            shown = `${error.stack} ${error.remedy} ${inspect(error)} ${JSON.stringify(error)}`;
          }
          for (const piece of pieces(written)) expect(shown).not.toContain(piece);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['mysql://u:p@ss@host/db', 'p@ss'],
    ['mysql://u:p:a@s:s@h1:3307,h2/db', 'p:a@s:s'],
    ['mysql://u:p%23%2F%3F%25@host/db', 'p#/?%'],
  ])('in %s ends at the last @', (url, password) => {
    const { database } = loadSettings({ CAMPAIGN_DATABASE_URL: url }, cwd);
    expect(database).toMatchObject({ user: 'u', password });
    expect(describeAddress(database)).toMatch(/^database db at (host:3306|h1:3307,h2:3306)$/);
  });

  it.each([
    'smtp://news:12#34@host',
    'smtp://news:12/34@host',
    'smtp://news:12?34@host',
    'smtp://news:12?tls=geheim@host',
    'smtp://news:12?geheim=1',
    'smtp://news:geheim',
    'smtp://news:12@host:geheim',
    'smtp://news:12@geheim host',
    'smtp://news:12@gehe%2Fim',
    'smtp://news:12@h1,h2',
    'smtp://:geheim@host',
    'smtp://news:ge%0D%0Aheim@host',
    'smtp://news:12@[::1',
    'smtp://news:12@',
    'news:geheim@host',
  ])('written as in %s is refused by the name of the variable, with what to write', (url) => {
    const error = refusal(() => loadSettings({ ...bothUrls, CAMPAIGN_SMTP_URL: url }, cwd));
    expect(error.code).toBe('BAD_SETTING');
    expect(error.message).toMatch(/^CAMPAIGN_SMTP_URL /);
    expect(error.remedy).toContain('# as %23');
    expect(error.message + error.remedy).not.toMatch(/geheim|34/);
  });
});

describe('the two servers', () => {
  it('with neither URL set are the sandbox, all or nothing', () => {
    const addresses = {
      database: loadSettings(bothUrls, cwd).database,
      smtp: parseSmtpUrl('smtp://127.0.0.1:2525'),
    };
    const settings = loadSettings({}, cwd, () => addresses);
    expect(settings.source).toBe('sandbox');
    expect(settings.smtp?.port).toBe(2525);
    const stopped = loadSettings({ CAMPAIGN_SANDBOX_DIR: '/s' }, cwd);
    expect(stopped.sandboxDirectory).toBe('/s');
    expect(refusal(() => stopped.database)).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      remedy: expect.stringContaining('campaign sandbox start'),
    });
  });

  it('of the environment alone are its own, or the sandbox where no .env may name others', () => {
    const addresses = {
      database: loadSettings(bothUrls, cwd).database,
      smtp: parseSmtpUrl('smtp://127.0.0.1:2525'),
    };
    const load = (env: Record<string, string>) =>
      loadEnvironmentSettings(env, cwd, () => addresses);
    expect(load({}).database).toBe(addresses.database);
    writeFileSync(join(cwd, '.env'), 'CAMPAIGN_DATABASE_URL=mysql://u@elsewhere/app\n');
    expect(refusal(() => load({}).database)).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(load(bothUrls).database).toEqual(addresses.database);
  });

  it('of a sandbox in a relative folder are found from the working directory', () => {
    expect(loadSettings({ CAMPAIGN_SANDBOX_DIR: 'box' }, cwd).sandboxDirectory).toBe(
      join(cwd, 'box'),
    );
  });

  it('with only the database set work but for sending, which names the other', () => {
    const settings = loadSettings({ CAMPAIGN_DATABASE_URL: DATABASE }, cwd, () => {
      throw new Error('the sandbox is asked');
    });
    expect(settings.database.database).toBe('app');
    expect(refusal(() => requireSmtp(settings)).message).toContain('CAMPAIGN_SMTP_URL');
  });

  it('with only the SMTP server set cannot be used, which names the other', () => {
    const settings = loadSettings({ CAMPAIGN_SMTP_URL: SMTP }, cwd);
    expect(refusal(() => settings.database)).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining('CAMPAIGN_DATABASE_URL'),
    });
  });
});

describe('the folders of a state', () => {
  const folders = (env: Record<string, string>) =>
    loadSettings({ ...bothUrls, ...env }, cwd).stateFolders.map(({ directory }) => directory);

  it('are the one of CAMPAIGN_STATE_DIR, else those of service, session and user in this order', () => {
    const all = {
      RUNTIME_DIRECTORY: '/run/campaign:/run/other',
      XDG_RUNTIME_DIR: '/run/user/7',
      HOME: '/home/u',
    };
    expect(folders(all)).toEqual([
      '/run/campaign',
      '/run/user/7/campaign',
      '/home/u/.local/state/campaign',
    ]);
    expect(folders({ ...all, CAMPAIGN_STATE_DIR: '/var/lib/campaign' })).toEqual([
      '/var/lib/campaign',
    ]);
    expect(folders({ CAMPAIGN_STATE_DIR: 'state' })).toEqual([join(cwd, 'state')]);
    expect(folders({ HOME: '/home/u', XDG_STATE_HOME: '/state' })).toEqual(['/state/campaign']);
    expect(folders({})).toEqual([]);
  });
});

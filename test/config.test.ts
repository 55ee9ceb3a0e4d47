import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, requireSmtp } from '../src/config.ts';
import { parseSmtpUrl } from '../src/mail/url.ts';

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
  it('is a flag before the environment before .env before the default', () => {
    writeFileSync(
      join(cwd, '.env'),
      'CAMPAIGN_BLOCK_AFTER=30\nCAMPAIGN_RETRY_FIRST_SECONDS=31\nSESSION_TTL_SECONDS=32\n',
    );
    const env = { ...bothUrls, CAMPAIGN_BLOCK_AFTER: '40', CAMPAIGN_RETRY_FIRST_SECONDS: '41' };
    expect(loadSettings(env, cwd, { blockAfter: 50 })).toMatchObject({
      blockAfter: 50,
      retryFirstSeconds: 41,
      sessionTtlSeconds: 32,
      retryMaxSeconds: 3600,
      maxServerFailures: 10,
      backoffMaxSeconds: 60,
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

describe('the two servers', () => {
  it('with neither URL set are the sandbox, all or nothing', () => {
    const addresses = {
      database: loadSettings(bothUrls, cwd).database,
      smtp: parseSmtpUrl('smtp://127.0.0.1:2525'),
    };
    const settings = loadSettings({}, cwd, {}, () => addresses);
    expect(settings.source).toBe('sandbox');
    expect(settings.smtp?.port).toBe(2525);
    const stopped = loadSettings({ CAMPAIGN_SANDBOX_DIR: '/s' }, cwd);
    expect(stopped.sandboxDirectory).toBe('/s');
    expect(refusal(() => stopped.database)).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      remedy: expect.stringContaining('campaign sandbox start'),
    });
  });

  it('with only the database set work but for sending, which names the other', () => {
    const settings = loadSettings({ CAMPAIGN_DATABASE_URL: DATABASE }, cwd, {}, () => {
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

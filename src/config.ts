import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import envPaths from 'env-paths';
import { CampaignError } from './errors.js';
import { parseSmtpUrl, type SmtpSettings } from './mail/url.js';
import { type DatabaseAddress, parseDatabaseUrl } from './store/url.js';

/** Every setting, checked and frozen. The only reader of process.env is this file. */
export interface Settings {
  /** Where the two servers come from: the user's URLs, or the sandbox when neither is set. */
  source: 'urls' | 'sandbox';
  /**
   * @throws CampaignError BAD_SETTING when only the SMTP server is set, DATABASE_UNREACHABLE when it is to be the
   * sandbox's and that is not running
   */
  readonly database: DatabaseAddress;
  /** Undefined when only the database is set: everything but run-scheduler works. */
  readonly smtp?: SmtpSettings | undefined;
  sessionTtlSeconds: number;
  retryFirstSeconds: number;
  retryMaxSeconds: number;
  /** Server failures in a row, with no success between, after which a send pauses itself. */
  maxServerFailures: number;
  backoffMaxSeconds: number;
  /** Identical refusals in a row after which a send pauses itself and takes them back. */
  blockAfter: number;
  sandboxDirectory: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The two servers of a running sandbox. */
export interface SandboxAddresses {
  database: DatabaseAddress;
  smtp: SmtpSettings;
}

/** Finds the sandbox of a directory; undefined when it is not running. */
export type SandboxLookup = (directory: string) => SandboxAddresses | undefined;

/** The environment of this process. */
export const processEnvironment = (): Environment => process.env;

/** Whole numbers that a setting may hold, by the name of its variable. */
const NUMBERS = {
  sessionTtlSeconds: { variable: 'SESSION_TTL_SECONDS', otherwise: 1800, min: 0, max: 31_536_000 },
  retryFirstSeconds: {
    variable: 'CAMPAIGN_RETRY_FIRST_SECONDS',
    otherwise: 60,
    min: 1,
    max: 86_400,
  },
  retryMaxSeconds: {
    variable: 'CAMPAIGN_RETRY_MAX_SECONDS',
    otherwise: 3600,
    min: 1,
    max: 604_800,
  },
  maxServerFailures: {
    variable: 'CAMPAIGN_MAX_SERVER_FAILURES',
    otherwise: 10,
    min: 1,
    max: 1_000_000,
  },
  backoffMaxSeconds: {
    variable: 'CAMPAIGN_BACKOFF_MAX_SECONDS',
    otherwise: 60,
    min: 1,
    max: 86_400,
  },
  blockAfter: { variable: 'CAMPAIGN_BLOCK_AFTER', otherwise: 20, min: 2, max: 1_000_000 },
} as const;

type NumberName = keyof typeof NUMBERS;

/** Settings that a command's own flags may carry; never one that holds a password. */
export type SettingFlags = Partial<Record<NumberName, number> & { sandboxDirectory: string }>;

/**
 * Reads the settings: flags over `env` over the file `.env` of `cwd`, and the sandbox's servers when neither URL is set.
 * @throws CampaignError BAD_SETTING naming the variable, and never its value where that may hold a password
 */
export function loadSettings(
  env: Environment,
  cwd: string,
  flags: SettingFlags = {},
  findSandbox: SandboxLookup = () => undefined,
): Settings {
  const variables = withDotenv(env, cwd);
  const databaseUrl = variables.get('CAMPAIGN_DATABASE_URL');
  const smtpUrl = variables.get('CAMPAIGN_SMTP_URL');
  const sandboxDirectory =
    flags.sandboxDirectory ??
    variables.get('CAMPAIGN_SANDBOX_DIR') ??
    join(envPaths('campaign', { suffix: '' }).data, 'sandbox');
  const numbers = Object.fromEntries(
    (Object.keys(NUMBERS) as NumberName[]).map((name) => [
      name,
      flags[name] ?? readNumber(variables, name),
    ]),
  ) as Record<NumberName, number>;
  if (numbers.retryMaxSeconds < numbers.retryFirstSeconds) {
    throw new CampaignError(
      'BAD_SETTING',
      `CAMPAIGN_RETRY_MAX_SECONDS (${numbers.retryMaxSeconds}) is below CAMPAIGN_RETRY_FIRST_SECONDS (${numbers.retryFirstSeconds})`,
      'raise the first or lower the second',
    );
  }
  if (databaseUrl === undefined && smtpUrl === undefined) {
    return Object.freeze(sandboxSettings({ ...numbers, sandboxDirectory }, findSandbox));
  }
  const smtp = smtpUrl && parseSmtpUrl(smtpUrl, readPassword(variables, 'SMTP'));
  const database =
    databaseUrl &&
    Object.freeze(parseDatabaseUrl(databaseUrl, readPassword(variables, 'DATABASE')));
  return Object.freeze({
    source: 'urls' as const,
    ...numbers,
    sandboxDirectory,
    ...(smtp ? { smtp: Object.freeze(smtp) } : {}),
    get database() {
      if (database) return database;
      throw new CampaignError(
        'BAD_SETTING',
        'CAMPAIGN_SMTP_URL is set, but CAMPAIGN_DATABASE_URL is not',
        'set CAMPAIGN_DATABASE_URL too, or neither to use the sandbox',
      );
    },
  });
}

function sandboxSettings(
  rest: Omit<Settings, 'source' | 'database' | 'smtp'>,
  findSandbox: SandboxLookup,
): Settings {
  let found: SandboxAddresses | undefined;
  const addresses = (): SandboxAddresses => {
    found ??= findSandbox(rest.sandboxDirectory);
    if (found) return found;
    throw new CampaignError(
      'DATABASE_UNREACHABLE',
      'neither CAMPAIGN_DATABASE_URL nor CAMPAIGN_SMTP_URL is set, and the sandbox is not running',
      'run `campaign sandbox start` to try campaign without servers of your own, or set both URLs',
    );
  };
  return {
    source: 'sandbox',
    ...rest,
    get database() {
      return addresses().database;
    },
    get smtp() {
      return addresses().smtp;
    },
  };
}

/**
 * The SMTP server, for commands that send.
 * @throws CampaignError BAD_SETTING when only the database is set: no real list goes into a sandbox
 */
export function requireSmtp(settings: Settings): SmtpSettings {
  if (settings.smtp) return settings.smtp;
  throw new CampaignError(
    'BAD_SETTING',
    'CAMPAIGN_DATABASE_URL is set, but CAMPAIGN_SMTP_URL is not',
    'set CAMPAIGN_SMTP_URL too (smtp://user:password@host:587), or neither to use the sandbox',
  );
}

/** The variables that hold something; an empty one counts as not set. */
function withDotenv(env: Environment, cwd: string): Map<string, string> {
  const variables = new Map(Object.entries(readDotenv(join(cwd, '.env'))));
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value !== '') variables.set(name, value);
  }
  for (const [name, value] of variables) if (value === '') variables.delete(name);
  return variables;
}

function readDotenv(file: string): Record<string, string> {
  try {
    return parseDotenv(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR') return {};
    throw new CampaignError(
      'BAD_SETTING',
      `${file} cannot be read: ${message}`,
      'make it readable',
    );
  }
}

function readNumber(variables: ReadonlyMap<string, string>, name: NumberName): number {
  const { variable, otherwise, min, max } = NUMBERS[name];
  const text = variables.get(variable);
  if (text === undefined) return otherwise;
  const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CampaignError(
    'BAD_SETTING',
    `${variable} is "${text}"`,
    `set it to a whole number from ${min} to ${max}, or leave it out for ${otherwise}`,
  );
}

/** From CAMPAIGN_…_PASSWORD_FILE, else from systemd's $CREDENTIALS_DIRECTORY/campaign-…-password; without its last line break. */
function readPassword(
  variables: ReadonlyMap<string, string>,
  server: 'SMTP' | 'DATABASE',
): string | undefined {
  const variable = `CAMPAIGN_${server}_PASSWORD_FILE`;
  const named = variables.get(variable);
  const credentials = variables.get('CREDENTIALS_DIRECTORY');
  const file =
    named ?? (credentials && join(credentials, `campaign-${server.toLowerCase()}-password`));
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (named === undefined && code === 'ENOENT') return undefined;
    throw new CampaignError(
      'BAD_SETTING',
      `${named === undefined ? file : variable} cannot be read: ${message}`,
      'name a readable file that holds the password and nothing else',
    );
  }
}

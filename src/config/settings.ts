import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { CampaignError } from '../errors.js';
import type { StateFolder } from '../host/state-folder.js';
import { parseSmtpUrl, type SmtpSettings } from '../smtp/url.js';
import { type DatabaseAddress, parseDatabaseUrl } from '../store/mysql/url.js';
import { readTextFile, UnreadableText } from './text-file.js';

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
  /**
   * Absolute.
   * @throws CampaignError BAD_SETTING when it is not set, and there is no home to have it in
   */
  readonly sandboxDirectory: string;
  /** Where a scheduler keeps what its successor learns its end from: the first folder that can be used. */
  stateFolders: readonly StateFolder[];
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
  const sandboxDirectory = (): string =>
    resolve(
      cwd,
      flags.sandboxDirectory ??
        variables.get('CAMPAIGN_SANDBOX_DIR') ??
        join(userDataFolder(variables), 'sandbox'),
    );
  const stateFolders = stateFoldersOf(variables, cwd);
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
    return Object.freeze(
      sandboxSettings({ ...numbers, stateFolders }, sandboxDirectory, findSandbox),
    );
  }
  const smtp = smtpUrl && parseSmtpUrl(smtpUrl, readPassword(variables, 'SMTP'));
  const database =
    databaseUrl &&
    Object.freeze(parseDatabaseUrl(databaseUrl, readPassword(variables, 'DATABASE')));
  return Object.freeze({
    source: 'urls' as const,
    ...numbers,
    get sandboxDirectory() {
      return sandboxDirectory();
    },
    stateFolders,
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
  rest: Record<NumberName, number> & Pick<Settings, 'stateFolders'>,
  directory: () => string,
  findSandbox: SandboxLookup,
): Settings {
  let found: SandboxAddresses | undefined;
  const addresses = (): SandboxAddresses => {
    found ??= findSandbox(directory());
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
    get sandboxDirectory() {
      return directory();
    },
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

/** CAMPAIGN_STATE_DIR alone where it is set; else systemd's and the user's runtime folders, then the user's state folder. */
function stateFoldersOf(variables: ReadonlyMap<string, string>, cwd: string): StateFolder[] {
  const given = variables.get('CAMPAIGN_STATE_DIR');
  if (given !== undefined) return [{ directory: resolve(cwd, given) }];
  const [service] = (variables.get('RUNTIME_DIRECTORY') ?? '').split(':');
  const session = variables.get('XDG_RUNTIME_DIR');
  const home = variables.get('HOME');
  const state = variables.get('XDG_STATE_HOME') ?? (home && join(home, '.local', 'state'));
  return [
    ...(service ? [{ directory: service, within: service }] : []),
    ...(session ? [{ directory: join(session, 'campaign'), within: session }] : []),
    ...(state ? [{ directory: join(state, 'campaign'), within: home ?? state }] : []),
  ];
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
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    if (error.code === 'ENOENT') return {};
    throw new CampaignError(
      'BAD_SETTING',
      `${file} cannot be read: ${error.message}`,
      'make it a file in UTF-8 that this user may read, or start the command in another folder',
    );
  }
  const variables = parseDotenv(text);
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    const fault = dotenvFault(line, variables);
    if (fault === undefined) continue;
    throw new CampaignError(
      'BAD_SETTING',
      `${file}, line ${index + 1}: ${fault}`,
      'write NAME=value with a name that the README has, the value in quotes where it holds anything special; in a URL write # as %23',
    );
  }
  return variables;
}

const OUR_NAME = '(CAMPAIGN_\\w+|SESSION_TTL_SECONDS)';
/** Beside those of NUMBERS; the last is the tests'. */
const OTHER_NAMES = [
  'CAMPAIGN_DATABASE_URL',
  'CAMPAIGN_DATABASE_PASSWORD_FILE',
  'CAMPAIGN_SMTP_URL',
  'CAMPAIGN_SMTP_PASSWORD_FILE',
  'CAMPAIGN_SANDBOX_DIR',
  'CAMPAIGN_STATE_DIR',
  'CAMPAIGN_DEBUG',
  'CAMPAIGN_TEST_DATABASE_URL',
];
const NAMES: ReadonlySet<string> = new Set([
  ...OTHER_NAMES,
  ...Object.values(NUMBERS).map(({ variable }) => variable),
]);
/** `export NAME=`, `NAME: `, but also `set NAME=` of Windows, `$env:NAME =`, `NAME value`: the name before any value. */
const NAME_IN_LINE = new RegExp(`^\\s*[^=#'"\`]*?\\b${OUR_NAME}\\b`, 'i');
/** An unquoted value with a # in it that follows no blank. */
const CUT_VALUE = new RegExp(
  `^\\s*(?:export\\s+)?${OUR_NAME}\\s*[=:]\\s*[^\\s'"\`#][^#]*(?<!\\s)#`,
);

/** What keeps a line from being the setting it is meant as; undefined for all other lines. Never quotes a value. */
function dotenvFault(line: string, parsed: Record<string, string>): string | undefined {
  const name = NAME_IN_LINE.exec(line)?.[1];
  if (name === undefined) return undefined;
  if (!NAMES.has(name)) return `there is no setting ${name}`;
  if (parsed[name] === undefined) return `${name} is not set by it`;
  if (CUT_VALUE.test(line)) return `the # in the value of ${name} would begin a comment`;
  return undefined;
}

/**
 * Where programs of a user keep their data, by the XDG Base Directory Specification and the customs of macOS and Windows.
 * @throws CampaignError BAD_SETTING for a user without a home
 */
function userDataFolder(variables: ReadonlyMap<string, string>): string {
  if (process.platform === 'win32') {
    const local = variables.get('LOCALAPPDATA') ?? join(homeFolder(variables), 'AppData/Local');
    return join(local, 'campaign', 'Data');
  }
  if (process.platform === 'darwin') {
    return join(homeFolder(variables), 'Library/Application Support/campaign');
  }
  const data = variables.get('XDG_DATA_HOME') ?? join(homeFolder(variables), '.local/share');
  return join(data, 'campaign');
}

function homeFolder(variables: ReadonlyMap<string, string>): string {
  const home = variables.get('HOME');
  if (home !== undefined) return home;
  try {
    return userInfo().homedir;
  } catch {
    throw new CampaignError(
      'BAD_SETTING',
      'this user has no home folder to keep the sandbox in (no HOME, no entry in the passwd database)',
      'set CAMPAIGN_SANDBOX_DIR to the absolute path of a folder for the sandbox, or CAMPAIGN_DATABASE_URL and CAMPAIGN_SMTP_URL to use servers of your own',
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
    return readTextFile(file).replace(/\r?\n$/, '');
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    if (named === undefined && error.code === 'ENOENT') return undefined;
    throw new CampaignError(
      'BAD_SETTING',
      // A password that was set in place of its file's name would be shown with the name.
      `the file ${named === undefined ? file : `that ${variable} names`} cannot be read: ${error.message}`,
      `let ${variable} name a readable file that holds the password and nothing else`,
    );
  }
}

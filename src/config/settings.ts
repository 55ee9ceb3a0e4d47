import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DkimSettings } from '../domain/dkim.js';
import { type LintRule, readLintRules } from '../domain/lint.js';
import { checkUnsubscribeUrl } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import type { StateFolder } from '../host/state-folder.js';
import { parseSmtpUrl, type SmtpSettings } from '../smtp/url.js';
import { type DatabaseAddress, describeAddress, parseDatabaseUrl } from '../store/mysql/url.js';
import { readDkim } from './dkim-keys.js';
import { readDnsServers } from './dns-servers.js';
import { type Environment, Variables } from './environment.js';
import { stateFolders, userDataFolder } from './folders.js';
import { readPassword } from './password-files.js';
import { SETTINGS } from './table.js';
import { readValues, type Values } from './values.js';

/** Settings that are read into something else: the two servers and the folders. */
type Raw =
  | 'databaseUrl'
  | 'databasePasswordFile'
  | 'smtpUrl'
  | 'smtpPasswordFile'
  | 'sandboxDirectory'
  | 'stateDirectory'
  | 'dkimSkipHeaders'
  | 'lintIgnore'
  | 'dnsServers';

/** Every setting of the table, checked and frozen. */
export interface Settings extends Readonly<Omit<Values, Raw>> {
  /** Where the two servers come from: the user's URLs, or the sandbox when neither is set. */
  readonly source: 'urls' | 'sandbox';
  /**
   * @throws CampaignError BAD_SETTING when only the SMTP server is set, DATABASE_UNREACHABLE when it is to be the
   * sandbox's and that is not running
   */
  readonly database: DatabaseAddress;
  /** Undefined when only the database is set: everything but run-scheduler works. */
  readonly smtp?: SmtpSettings | undefined;
  /**
   * Absolute.
   * @throws CampaignError BAD_SETTING when it is not set, and there is no home to have it in
   */
  readonly sandboxDirectory: string;
  /** Where a scheduler keeps what its successor learns its end from: the first folder that can be used. */
  readonly stateFolders: readonly StateFolder[];
  /**
   * The keys that messages are signed with, for commands that send: read when they are asked for, since only those may
   * have to be able to.
   * @throws CampaignError BAD_SETTING naming the variable, never with any part of a key
   */
  dkim(): DkimSettings;
  /**
   * Rules that messages are not looked at for; read when they are asked for.
   * @throws CampaignError BAD_SETTING naming the one that is none, and what may have been meant
   */
  lintIgnore(): readonly LintRule[];
  /**
   * Addresses of DNS servers, some with a port; none for those of the system.
   * @throws CampaignError BAD_SETTING naming the entry that is none
   */
  dnsServers(): readonly string[];
}

/** The two servers of a running sandbox. */
interface SandboxAddresses {
  database: DatabaseAddress;
  smtp: SmtpSettings;
}

/** Finds the sandbox of a directory; undefined when it is not running. */
export type SandboxLookup = (directory: string) => SandboxAddresses | undefined;

/**
 * Reads the settings: `env` over the file `.env` of `cwd` over the defaults, and the sandbox's servers when neither
 * URL is set.
 * @throws CampaignError BAD_SETTING naming the variable, and never its value where that may hold a password
 */
export function loadSettings(
  env: Environment,
  cwd: string,
  findSandbox: SandboxLookup = () => undefined,
): Settings {
  const variables = new Variables(env, dotenvOf(cwd));
  return variables.placed(() => settingsOf(variables, cwd, findSandbox));
}

/**
 * Reads the settings of the environment alone, for what connects without being told to: a `.env` may be of somebody who
 * wants a connection, and a password, to come to a host of theirs. Beside one there is no sandbox either, since a command
 * may mean another database then.
 * @throws CampaignError BAD_SETTING as `loadSettings`
 */
export function loadEnvironmentSettings(
  env: Environment,
  cwd: string,
  findSandbox: SandboxLookup,
): Settings {
  const lookup: SandboxLookup = existsSync(dotenvOf(cwd)) ? () => undefined : findSandbox;
  return settingsOf(new Variables(env), cwd, lookup);
}

const dotenvOf = (folder: string): string => join(folder, '.env');

function settingsOf(variables: Variables, cwd: string, findSandbox: SandboxLookup): Settings {
  const {
    databaseUrl,
    smtpUrl,
    databasePasswordFile,
    smtpPasswordFile,
    sandboxDirectory,
    stateDirectory,
    unsubscribeUrl,
    dkimSkipHeaders: _,
    lintIgnore,
    dnsServers,
    ...rest
  } = readValues(variables, cwd);
  const credentials = variables.get('CREDENTIALS_DIRECTORY');
  const common = {
    ...rest,
    unsubscribeUrl:
      unsubscribeUrl &&
      checkUnsubscribeUrl(SETTINGS.unsubscribeUrl.variable, unsubscribeUrl, 'BAD_SETTING'),
    stateFolders: stateDirectory ? [{ directory: stateDirectory }] : stateFolders(variables),
    dkim: () => variables.placed(() => readDkim(variables, credentials)),
    lintIgnore: () => variables.placed(() => readIgnored(lintIgnore)),
    dnsServers: () => variables.placed(() => readDnsServers(dnsServers)),
  };
  const sandbox = (): string =>
    sandboxDirectory ?? resolve(cwd, join(userDataFolder(variables), 'sandbox'));
  if (databaseUrl === undefined && smtpUrl === undefined) {
    return Object.freeze(sandboxSettings(common, sandbox, findSandbox));
  }
  const smtp =
    smtpUrl && parseSmtpUrl(smtpUrl, readPassword('smtp', smtpPasswordFile, credentials));
  const database =
    databaseUrl &&
    Object.freeze(
      parseDatabaseUrl(databaseUrl, readPassword('database', databasePasswordFile, credentials)),
    );
  return Object.freeze({
    source: 'urls' as const,
    ...common,
    get sandboxDirectory() {
      return sandbox();
    },
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

function readIgnored(text = ''): readonly LintRule[] {
  const read = readLintRules(text);
  if ('rules' in read) return read.rules;
  throw new CampaignError(
    'BAD_SETTING',
    `${SETTINGS.lintIgnore.variable}: ${read.what}`,
    read.remedy,
  );
}

function sandboxSettings(
  common: Omit<Settings, 'source' | 'database' | 'smtp' | 'sandboxDirectory'>,
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
    ...common,
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

/** How a question calls the database that is about to change: without user and password. */
export const destinationOf = ({ source, database }: Settings): string =>
  source === 'sandbox' ? 'the sandbox' : describeAddress(database);

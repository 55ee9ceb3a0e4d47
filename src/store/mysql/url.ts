import type { ConnectionOptions } from 'mysql2/promise';
import {
  isLoopback,
  PERCENT_ENCODING,
  parseServerUrl,
  type ServerUrl,
  unknownMode,
  unknownOption,
} from '../../domain/server-url.js';
import { CampaignError } from '../../errors.js';
import { MAX_AUTHORITIES_BYTES, readNamedSync } from '../../named-file.js';

export interface DatabaseAddress {
  /** Tried in order, the last good one first. */
  hosts: { host: string; port: number }[];
  socketPath?: string;
  user: string;
  password: string;
  database: string;
  tls: 'off' | 'verify' | 'unverified';
  ca?: string;
}

const bad = (what: string): CampaignError =>
  new CampaignError(
    'BAD_SETTING',
    `CAMPAIGN_DATABASE_URL ${what}`,
    `write it as mysql://user:password@host:3306/database (several hosts separated by commas; ?socket=/path, ?tls=off|verify|unverified, ?tls-ca=/path); ${PERCENT_ENCODING}`,
  );

const OPTIONS = ['tls', 'tls-ca', 'socket'];

/**
 * Reads `mysql://user:password@host1:3306,host2/database?tls=…&tls-ca=…&socket=…`.
 * Beyond loopback TLS is on and verified unless the URL says otherwise.
 * @throws CampaignError BAD_SETTING, never quoting the URL (it holds a password)
 */
export function parseDatabaseUrl(text: string, password?: string): DatabaseAddress {
  const url = parseServerUrl(text, bad);
  if (url.scheme !== 'mysql' && url.scheme !== 'mariadb') throw bad('is not a MySQL URL');
  if (!url.path) throw bad('is without a database name');
  for (const key of url.options.keys()) {
    if (!OPTIONS.includes(key)) throw bad(unknownOption(OPTIONS));
  }
  const named = url.hosts.length > 0 ? url.hosts : [{ host: 'localhost' }];
  const hosts = named.map(({ host, port = 3306 }: ServerUrl['hosts'][number]) => ({ host, port }));
  const socketPath = url.options.get('socket') ?? undefined;
  const local = socketPath !== undefined || hosts.every(({ host }) => isLoopback(host));
  const tls = url.options.get('tls') ?? (local ? 'off' : 'verify');
  if (tls !== 'off' && tls !== 'verify' && tls !== 'unverified') throw bad(unknownMode(tls));
  const ca = url.options.get('tls-ca') ?? undefined;
  return {
    hosts,
    ...(socketPath === undefined ? {} : { socketPath }),
    user: url.user,
    password: password ?? url.password,
    database: url.path,
    tls,
    ...(ca === undefined ? {} : { ca }),
  };
}

/** How the address is named in messages: without user and password. */
export const describeAddress = (address: DatabaseAddress): string =>
  `database ${address.database} at ${
    address.socketPath ??
    address.hosts
      .map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
      .join(',')
  }`;

function readAuthorities(path: string): string {
  try {
    return readNamedSync(path, MAX_AUTHORITIES_BYTES).toString('utf8');
  } catch (error) {
    throw new CampaignError(
      'BAD_FILE',
      `the database's certificate authorities cannot be read: ${(error as Error).message}`,
      'give a readable PEM file as tls-ca in CAMPAIGN_DATABASE_URL',
      { cause: error },
    );
  }
}

/**
 * mysql2's options for one of the address's hosts.
 * @throws CampaignError BAD_FILE when the authorities' file cannot be read
 */
export function connectionOptions(address: DatabaseAddress, index: number): ConnectionOptions {
  const target = address.hosts[index % address.hosts.length];
  const ca = address.ca === undefined ? {} : { ca: readAuthorities(address.ca) };
  return {
    ...(address.socketPath === undefined
      ? { host: target?.host ?? 'localhost', port: target?.port ?? 3306 }
      : { socketPath: address.socketPath }),
    user: address.user,
    password: address.password,
    database: address.database,
    ...(address.tls === 'off'
      ? {}
      : { ssl: { rejectUnauthorized: address.tls === 'verify', verifyIdentity: true, ...ca } }),
  };
}

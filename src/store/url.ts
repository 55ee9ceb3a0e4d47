import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'mysql2/promise';
import { isLoopback, unknownOption } from '../domain/server-url.js';
import { CampaignError } from '../errors.js';

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
    'write it as mysql://user:password@host:3306/database (percent-encoded; several hosts separated by commas; ?socket=/path, ?tls=off|verify|unverified, ?tls-ca=/path)',
  );

/**
 * Reads `mysql://user:password@host1:3306,host2/database?tls=…&tls-ca=…&socket=…`.
 * Beyond loopback TLS is on and verified unless the URL says otherwise.
 * @throws CampaignError BAD_SETTING, never quoting the URL (it holds a password)
 */
export function parseDatabaseUrl(url: string, password?: string): DatabaseAddress {
  const match = /^(?:mysql|mariadb):\/\/(?:([^@/]*)@)?([^/?]*)\/([^/?]*)(?:\?(.*))?$/.exec(url);
  if (!match) throw bad('is not a MySQL URL with a database name');
  const [, credentials = '', hostList = '', name = '', query = ''] = match;
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw bad('is not percent-encoded correctly');
    }
  };
  if (!name) throw bad('names no database');
  const params = new URLSearchParams(query);
  for (const key of params.keys()) {
    if (!['tls', 'tls-ca', 'socket'].includes(key)) throw bad(unknownOption(key));
  }
  const hosts = (hostList || 'localhost').split(',').map((entry) => {
    const part = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(entry.trim());
    if (!part) throw bad(`has a host that cannot be read`);
    const port = Number(part[2] ?? 3306);
    if (port < 1 || port > 65_535) throw bad('has a port that is not from 1 to 65535');
    return { host: decode((part[1] ?? '').replace(/^\[|\]$/g, '')), port };
  });
  const socketPath = params.get('socket') ?? undefined;
  const local = socketPath !== undefined || hosts.every(({ host }) => isLoopback(host));
  const tls = params.get('tls') ?? (local ? 'off' : 'verify');
  if (tls !== 'off' && tls !== 'verify' && tls !== 'unverified') throw bad(`has tls=${tls}`);
  const colon = credentials.indexOf(':');
  const user = colon === -1 ? credentials : credentials.slice(0, colon);
  const inUrl = colon === -1 ? '' : credentials.slice(colon + 1);
  const ca = params.get('tls-ca') ?? undefined;
  return {
    hosts,
    ...(socketPath === undefined ? {} : { socketPath }),
    user: decode(user),
    password: password ?? decode(inUrl),
    database: decode(name),
    tls,
    ...(ca === undefined ? {} : { ca }),
  };
}

/** How the address is named in messages: without user and password. */
export const describeAddress = (address: DatabaseAddress): string =>
  `database ${address.database} at ${
    address.socketPath ?? address.hosts.map(({ host, port }) => `${host}:${port}`).join(',')
  }`;

function readAuthorities(path: string): string {
  try {
    return readFileSync(path, 'utf8');
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

import { CampaignError } from '../errors.js';

/** What mysql2 hangs on its errors. */
interface ServerError extends Error {
  code?: string;
  errno?: number;
  sqlState?: string;
  fatal?: boolean;
}

const asServerError = (error: unknown): ServerError | undefined =>
  error instanceof Error ? (error as ServerError) : undefined;

/**
 * The whole transaction may be tried again: lock wait time-out (1205), deadlock or Galera certification
 * failure (1213), snapshot conflict (1020), Group Replication certification failure (3101). For a claim they mean
 * "not claimed".
 */
export function isRetryable(error: unknown): boolean {
  const errno = asServerError(error)?.errno;
  return errno === 1205 || errno === 1213 || errno === 1020 || errno === 3101;
}

/** A number left the range of its type (1690). */
export const isOutOfRange = (error: unknown): boolean => asServerError(error)?.errno === 1690;

const LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'HANDSHAKE_NO_SSL_SUPPORT',
  'HANDSHAKE_SSL_ERROR',
]);

/**
 * Shutdown in progress, killed, disconnected for inactivity, too many connections, server starting, network packets
 * lost, statement ended by a time limit of the server's; Galera node without its cluster (1047), and what such a node
 * answers to COMMIT (1180).
 */
const LOST_ERRNO = new Set([
  1040, 1047, 1053, 1129, 1152, 1158, 1159, 1160, 1161, 1180, 1184, 1203, 1226, 1317, 1927, 1937,
  1969, 3024, 3168, 4031,
]);

/** The server is there but cannot write: read-only replica or primary, disk full, out of tablespace. */
const NOT_WRITABLE_ERRNO = new Set([
  1026, 1223, 1290, 1792, 1836, 3100, 1021, 1114, 1030, 1041, 1037, 1038,
]);

/** The connection is gone or could not be made; the fate of a statement under way is not known. */
export function isConnectionLoss(error: unknown): boolean {
  const e = asServerError(error);
  if (!e) return false;
  return (
    e.fatal === true ||
    (e.code !== undefined && LOST.has(e.code)) ||
    (e.errno !== undefined && LOST_ERRNO.has(e.errno)) ||
    /closed state|connection (is )?closed/i.test(e.message)
  );
}

const isNotWritable = (error: unknown): boolean => {
  const errno = asServerError(error)?.errno;
  return errno !== undefined && NOT_WRITABLE_ERRNO.has(errno);
};

/** Another host of the same database may serve us where this one cannot. */
export const isHostUnfit = (error: unknown): boolean =>
  isConnectionLoss(error) || isNotWritable(error);

/** The database cannot serve us now, but may again: a running scheduler waits, a command exits 5. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof CampaignError) return error.code === 'DATABASE_UNREACHABLE';
  return isConnectionLoss(error) || isNotWritable(error) || isRetryable(error);
}

const REFUSALS: Record<number, string> = {
  1044: 'check the grants of the user in CAMPAIGN_DATABASE_URL on that database',
  1045: 'check user and password in CAMPAIGN_DATABASE_URL (or CAMPAIGN_DATABASE_PASSWORD_FILE)',
  1698: 'check user and password in CAMPAIGN_DATABASE_URL (or CAMPAIGN_DATABASE_PASSWORD_FILE)',
  1049: 'create the database, or correct its name in CAMPAIGN_DATABASE_URL',
  1142: 'grant the user SELECT, INSERT, UPDATE, DELETE (and CREATE, ALTER, INDEX for `campaign migrate`)',
  1251: 'use an authentication plugin that mysql2 knows, such as caching_sha2_password',
};

/** Without TLS, or with a certificate that does not verify, nothing is said to a database beyond loopback. */
const TLS_REFUSALS = /does not support secure|self[- ]signed|certificate|altname|SSL|TLS/i;

/** A database error as a person should read it; anything that is no database error comes back as it is. */
export function explainDatabaseError(error: unknown, where: string): unknown {
  const e = asServerError(error);
  if (!e || e instanceof CampaignError) return error;
  const refusal = e.errno === undefined ? undefined : REFUSALS[e.errno];
  if (refusal) {
    return new CampaignError('DATABASE_REFUSED', `${where}: ${e.message}`, refusal, { cause: e });
  }
  if (e.errno === undefined && TLS_REFUSALS.test(`${e.code} ${e.message}`)) {
    return new CampaignError(
      'DATABASE_REFUSED',
      `${where} has no TLS that can be trusted: ${e.message}`,
      'turn TLS on there, name its authority with ?tls-ca=/path in CAMPAIGN_DATABASE_URL, or, if the network is trusted, add ?tls=off',
      { cause: e },
    );
  }
  if (isNotWritable(e)) {
    return new CampaignError(
      'DATABASE_UNREACHABLE',
      `${where} cannot write: ${e.message}`,
      'check that it is the primary, not a read-only replica, and that its disk is not full',
      { cause: e },
    );
  }
  if (isConnectionLoss(e)) {
    return new CampaignError(
      'DATABASE_UNREACHABLE',
      `${where} is not reachable: ${e.message || e.code || 'connection lost'}`,
      'check that the server runs and that CAMPAIGN_DATABASE_URL names it',
      { cause: e },
    );
  }
  if (isRetryable(e)) {
    return new CampaignError(
      'DATABASE_UNREACHABLE',
      `${where} is busy: ${e.message}`,
      'try again; if it lasts, look for long transactions on the campaign tables',
      { cause: e },
    );
  }
  return error;
}

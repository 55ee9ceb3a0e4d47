import { CampaignError, type ErrorCode } from '../../errors.js';
import { asServerError, type Kind, LOST, meaningOf } from './error-meanings.js';

const isOfKind = (error: unknown, ...kinds: Kind[]): boolean => {
  const found = meaningOf(error);
  return found !== undefined && kinds.includes(found.kind);
};

/** The whole transaction may be tried again: a lock wait time-out, a deadlock, a failed certification. */
export const isRetryable = (error: unknown): boolean => isOfKind(error, 'again');

/** A unique key has the value already (1062). */
export const isDuplicateKey = (error: unknown): boolean => asServerError(error)?.errno === 1062;

/** A number left the range of its type (1690). */
export const isOutOfRange = (error: unknown): boolean => asServerError(error)?.errno === 1690;

/** The server takes no writes: a replica, a secondary of a group. Nothing of the transaction was, or will be, committed. */
export const isReadOnly = (error: unknown): boolean => isOfKind(error, 'read-only');

/** The server grants no session more. */
export const isConnectionLimit = (error: unknown): boolean => isOfKind(error, 'limit');

const OUTSIDE_GROUP = 'GROUP_MEMBER_OFFLINE';

/** Of a host that is no online member of its group, and so knows nothing of what was written since. */
export const outsideOfGroup = (): Error =>
  Object.assign(new Error('it is not an online member of its replication group'), {
    code: OUTSIDE_GROUP,
  });

const LOST_CODES = new Set([
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
  OUTSIDE_GROUP,
]);

/** The connection is gone or could not be made; the fate of a statement under way is not known. */
export function isConnectionLoss(error: unknown): boolean {
  const e = asServerError(error);
  if (!e) return false;
  return (
    e.fatal === true ||
    (e.code !== undefined && LOST_CODES.has(e.code)) ||
    isOfKind(e, 'lost', 'limit') ||
    /closed state|connection (is )?closed/i.test(e.message)
  );
}

const isNotWritable = (error: unknown): boolean => isOfKind(error, 'read-only', 'full');

/** Another host of the same database may serve us where this one cannot. */
export const isHostUnfit = (error: unknown): boolean =>
  isConnectionLoss(error) || isNotWritable(error);

/** The database cannot serve us now, but may again: a running scheduler waits, a command exits 5. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof CampaignError) return error.code === 'DATABASE_UNREACHABLE';
  return isHostUnfit(error) || isRetryable(error);
}

/** Without TLS, or with a certificate that does not verify, nothing is said to a database beyond loopback. */
const TLS_REFUSALS = /does not support secure|self[- ]signed|certificate|altname|SSL|TLS/i;

/** How a message begins, after the name of the database, and the code it brings. */
const SAID: Record<Kind, { code: ErrorCode; how: string }> = {
  again: { code: 'DATABASE_UNREACHABLE', how: ' is busy' },
  lost: { code: 'DATABASE_UNREACHABLE', how: ' is not reachable' },
  limit: { code: 'DATABASE_UNREACHABLE', how: ' takes no more of us now' },
  'read-only': { code: 'DATABASE_UNREACHABLE', how: ' cannot write, it is read-only' },
  full: { code: 'DATABASE_UNREACHABLE', how: ' cannot write' },
  refused: { code: 'DATABASE_REFUSED', how: '' },
  schema: { code: 'SCHEMA_MISMATCH', how: '' },
};

/** A database, for messages. */
export interface NamedDatabase {
  /** Server and database, without credentials. */
  name: string;
  /** The database alone. */
  schema: string;
}

/** The same call, with a database's errors as `explainDatabaseError` words them. */
export const explained =
  <A extends unknown[], R>(db: NamedDatabase, call: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    try {
      return await call(...args);
    } catch (error) {
      throw explainDatabaseError(error, db);
    }
  };

/** A database error as a person should read it; anything that is no database error comes back as it is. */
export function explainDatabaseError(error: unknown, { name, schema }: NamedDatabase): unknown {
  const e = asServerError(error);
  if (!e || e instanceof CampaignError) return error;
  const found = meaningOf(e);
  if (found) {
    const { code, how } = SAID[found.kind];
    const { remedy } = found;
    return new CampaignError(
      code,
      `${name}${how}: ${e.message} (error ${e.errno})`,
      typeof remedy === 'string' ? remedy : remedy(e.message, schema),
      { cause: e },
    );
  }
  if (e.errno === undefined && TLS_REFUSALS.test(`${e.code} ${e.message}`)) {
    return new CampaignError(
      'DATABASE_REFUSED',
      `${name} has no TLS that can be trusted: ${e.message}`,
      'turn TLS on there, name its authority with ?tls-ca=/path in CAMPAIGN_DATABASE_URL, or, if the network is trusted, add ?tls=off',
      { cause: e },
    );
  }
  if (isConnectionLoss(e)) {
    return new CampaignError(
      'DATABASE_UNREACHABLE',
      `${name} is not reachable: ${e.message || e.code || 'connection lost'}`,
      e.code === OUTSIDE_GROUP
        ? 'name its other members in CAMPAIGN_DATABASE_URL too, or start Group Replication there'
        : LOST,
      { cause: e },
    );
  }
  return error;
}

/** What mysql2 hangs on its errors. */
export interface ServerError extends Error {
  code?: string;
  errno?: number;
  sqlState?: string;
  fatal?: boolean;
}

export const asServerError = (error: unknown): ServerError | undefined =>
  error instanceof Error ? (error as ServerError) : undefined;

/**
 * What a server's error means for us:
 * - `again`: the whole transaction was rolled back and may be tried at once; for a claim it means "not claimed";
 * - `lost`: the session is gone, or useless; the fate of a statement under way is not known;
 * - `limit`: the server takes no more sessions, or statements, of ours for now;
 * - `read-only`, `full`: the server is there, but cannot write;
 * - `refused`: it will go on refusing until somebody changes the server, the account or the setting;
 * - `schema`: a table is not as `migrate` made it.
 */
export type Kind = 'again' | 'lost' | 'limit' | 'read-only' | 'full' | 'refused' | 'schema';

type Remedy = string | ((message: string, schema: string) => string);

interface Meaning {
  kind: Kind;
  remedy: Remedy;
}

export const LOST = 'check that the server runs and that CAMPAIGN_DATABASE_URL names it';
const CREDENTIALS =
  'check user and password in CAMPAIGN_DATABASE_URL (or CAMPAIGN_DATABASE_PASSWORD_FILE); where the server or the account insists on TLS, add ?tls=verify';
const BUSY = 'try again; if it lasts, look for long transactions on the campaign tables';
const READ_ONLY =
  'name the primary in CAMPAIGN_DATABASE_URL, or all hosts of the cluster separated by commas, of which campaign finds the one that can be written to';
const FULL =
  'make room on the disk of the server (data, binary logs and its tmpdir), then try again';
const MEMORY = 'give the server more memory, or let it use less';
const FOLLOW_ROW =
  'set binlog_format=ROW on the server (SET GLOBAL binlog_format = ROW, and in its configuration), then try again';
const PACKET =
  'raise max_allowed_packet on the server (SET GLOBAL max_allowed_packet = 67108864, and in its configuration), or make the message or the cells of the list smaller';
const ENGINE = 'the tables need InnoDB: enable it on the server, then try again';
const ROW_FORMAT =
  'the tables need innodb_page_size=16384 or more, and rows in the format DYNAMIC (innodb_default_row_format)';
const OLD_SERVER =
  'campaign needs MariaDB 10.11 or MySQL 8.0, or newer, and what stands before it must let its statements through';
const TABLES =
  'restore the campaign tables from a backup; in an empty database `campaign migrate` creates them';

const EVERYDAY = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
const MIGRATING = ['CREATE', 'ALTER', 'INDEX', 'DROP', 'REFERENCES'];
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** The statement that gives the account what the message says it lacks, with what it will lack next. */
function grant(message: string, schema: string): string {
  const [, missing = ''] = /^([a-z][a-z ,]*) command denied/i.exec(message) ?? [];
  const [, user = 'user', host = '%'] = /user '([^']*)'@'([^']*)'/.exec(message) ?? [];
  const wanted = missing.split(',').flatMap((name) => name.trim().toUpperCase() || []);
  const migrates = wanted.length === 0 || wanted.some((name) => MIGRATING.includes(name));
  const all = new Set([...EVERYDAY, ...(migrates ? ['CREATE', 'ALTER', 'INDEX'] : []), ...wanted]);
  return `let an administrator run GRANT ${[...all].join(', ')} ON ${quoted(schema)}.* TO '${user}'@'${host}' (the account as SELECT CURRENT_USER() shows it)${migrates ? '; CREATE, ALTER and INDEX are for `campaign migrate`' : ''}`;
}

/** What a server wide privilege takes. */
function grantOnServer(message: string): string {
  const [, privilege = 'the privilege it names'] = /the (.+?) privilege/.exec(message) ?? [];
  return `let an administrator run GRANT ${privilege} ON *.* TO the account of CAMPAIGN_DATABASE_URL`;
}

/** What MySQL calls limits that ALTER USER has other names for. */
const RESOURCES: Partial<Record<string, string>> = {
  max_questions: 'max_queries_per_hour',
  max_updates: 'max_updates_per_hour',
};

/** The account's own limit that its message names. */
function raise(message: string): string {
  const [, named = 'max_user_connections'] = /'(max_\w+)'/.exec(message) ?? [];
  const resource = RESOURCES[named] ?? named;
  const [, user = 'user'] = /User '?([^'\s]+)'?/.exec(message) ?? [];
  return `raise the account's limit (ALTER USER '${user}'@'…' WITH ${resource.toUpperCase()} 0 takes it off; max_user_connections may also be set for the server), or wait until it allows more`;
}

/** "Got error 28 from storage engine": the system's number for a full disk. */
const storageFault = (message: string): string =>
  /\b28\b/.test(message) ? FULL : "look for the cause in the server's error log";

const meaning = (kind: Kind, remedy: Remedy, errnos: readonly number[]): [number, Meaning][] =>
  errnos.map((errno) => [errno, { kind, remedy }]);

/** By the server's number (MySQL's and MariaDB's error references; the names are MySQL's without ER_). */
const MEANINGS = new Map<number, Meaning>([
  // LOCK_WAIT_TIMEOUT, LOCK_DEADLOCK (also a failed certification on Galera), CHECKREAD,
  // TRANSACTION_ROLLBACK_DURING_COMMIT (a failed certification of Group Replication)
  ...meaning('again', BUSY, [1205, 1213, 1020, 3101]),

  // SERVER_SHUTDOWN, NET_…, ERROR_DURING_COMMIT (of a Galera node that loses its cluster), QUERY_INTERRUPTED, killed or
  // disconnected for inactivity, Galera node without its cluster (1047), ProxySQL reaches no server (9001)
  ...meaning(
    'lost',
    LOST,
    [1047, 1053, 1152, 1158, 1159, 1160, 1161, 1180, 1184, 1317, 1927, 1937, 3168, 4031, 9001],
  ),
  // A time limit of the server's ended the statement
  ...meaning(
    'lost',
    'raise max_execution_time (MySQL) or max_statement_time (MariaDB)',
    [1969, 3024],
  ),

  // CON_COUNT_ERROR
  ...meaning(
    'limit',
    'raise max_connections on the server, or end connections that it does not need',
    [1040],
  ),
  // TOO_MANY_USER_CONNECTIONS, USER_LIMIT_REACHED
  ...meaning('limit', raise, [1203, 1226]),
  // HOST_IS_BLOCKED
  ...meaning(
    'limit',
    'unblock this host on the server (FLUSH HOSTS, or TRUNCATE TABLE performance_schema.host_cache)',
    [1129],
  ),
  // CANT_CREATE_THREAD, OUT_OF_RESOURCES, OUTOFMEMORY, OUT_OF_SORTMEMORY
  ...meaning('limit', MEMORY, [1135, 1041, 1037, 1038]),
  // LOCK_TABLE_FULL, TOO_MANY_CONCURRENT_TRXS
  ...meaning(
    'limit',
    'raise innodb_buffer_pool_size on the server, or end its long transactions',
    [1206, 1637],
  ),

  // OPTION_PREVENTS_STATEMENT, CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, READ_ONLY_MODE, RUN_HOOK_ERROR (a group that
  // takes no writes), CANT_UPDATE_WITH_READLOCK, INNODB_READ_ONLY, OPEN_AS_READONLY
  ...meaning('read-only', READ_ONLY, [1290, 1792, 1836, 3100, 1223, 1874, 1036]),
  // INNODB_FORCED_RECOVERY
  ...meaning(
    'read-only',
    'start the server without innodb_force_recovery, once it is repaired',
    [1881],
  ),
  // EE_WRITE, EE_DISK_FULL, ENOSPC, DISK_FULL, ERROR_ON_WRITE, RECORD_FILE_FULL; GET_ERRNO
  ...meaning('full', FULL, [3, 20, 28, 1021, 1026, 1114]),
  ...meaning('full', storageFault, [1030]),

  // ACCESS_DENIED_ERROR, ACCESS_DENIED_NO_PASSWORD_ERROR
  ...meaning('refused', CREDENTIALS, [1045, 1698]),
  // ACCOUNT_HAS_BEEN_LOCKED, on MySQL and on MariaDB; USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
  ...meaning(
    'refused',
    "unlock the account: ALTER USER '…'@'…' ACCOUNT UNLOCK",
    [3118, 4151, 3955],
  ),
  // MUST_CHANGE_PASSWORD, MUST_CHANGE_PASSWORD_LOGIN
  ...meaning(
    'refused',
    "give the account a new password: ALTER USER '…'@'…' IDENTIFIED BY '…'",
    [1820, 1862],
  ),
  // HOST_NOT_PRIVILEGED
  ...meaning(
    'refused',
    "create an account that may come from this host: CREATE USER '…'@'host' IDENTIFIED BY '…'",
    [1130],
  ),
  // NOT_SUPPORTED_AUTH_MODE, SERVER_IS_IN_SECURE_AUTH_MODE, PLUGIN_IS_NOT_LOADED
  ...meaning(
    'refused',
    "give the account an authentication plugin that mysql2 knows: ALTER USER '…'@'…' IDENTIFIED WITH caching_sha2_password BY '…' (MariaDB: mysql_native_password)",
    [1251, 1275, 1524],
  ),
  // SECURE_TRANSPORT_REQUIRED (MariaDB says 1045)
  ...meaning('refused', 'add ?tls=verify (or ?tls=unverified) to CAMPAIGN_DATABASE_URL', [3159]),
  // BAD_DB_ERROR, NO_DB_ERROR
  ...meaning(
    'refused',
    'create the database, or correct its name in CAMPAIGN_DATABASE_URL',
    [1049, 1046],
  ),
  // DBACCESS_DENIED_ERROR, TABLEACCESS_DENIED_ERROR, COLUMNACCESS_DENIED_ERROR, PROCACCESS_DENIED_ERROR;
  // SPECIFIC_ACCESS_DENIED_ERROR
  ...meaning('refused', grant, [1044, 1142, 1143, 1370]),
  ...meaning('refused', grantOnServer, [1227]),
  // BINLOG_LOGGING_IMPOSSIBLE, BINLOG_ROW_ENGINE_AND_STMT_ENGINE … BINLOG_STMT_MODE_AND_ROW_ENGINE …
  ...meaning('refused', FOLLOW_ROW, [1598, 1661, 1662, 1663, 1664, 1665, 1666, 1667]),
  // TRANS_CACHE_FULL, STMT_CACHE_FULL
  ...meaning('refused', 'raise max_binlog_cache_size on the server', [1197, 1705]),
  // NET_PACKET_TOO_LARGE, TOO_LONG_STRING
  ...meaning('refused', PACKET, [1153, 1162]),
  // UNKNOWN_STORAGE_ENGINE, DISABLED_STORAGE_ENGINE, FEATURE_DISABLED, ILLEGAL_HA
  ...meaning('refused', ENGINE, [1286, 3161, 1289, 1031]),
  // TOO_LONG_KEY, TOO_BIG_ROWSIZE, INDEX_COLUMN_TOO_LONG
  ...meaning('refused', ROW_FORMAT, [1071, 1118, 1709]),
  // BEFORE_DML_VALIDATION_ERROR (of Group Replication), TABLE_WITHOUT_PK
  ...meaning(
    'refused',
    'the server wants InnoDB and a primary key of every table: restore the campaign tables as `campaign migrate` makes them',
    [3098, 3750],
  ),
  // UNKNOWN_CHARACTER_SET, UNKNOWN_COLLATION, UNKNOWN_SYSTEM_VARIABLE, NOT_SUPPORTED_YET, SP_DOES_NOT_EXIST
  ...meaning('refused', OLD_SERVER, [1115, 1273, 1193, 1235, 1305]),

  // NO_SUCH_TABLE, BAD_FIELD_ERROR, NO_SUCH_TABLE_IN_ENGINE, TABLESPACE_MISSING, TABLESPACE_DISCARDED
  ...meaning('schema', TABLES, [1146, 1054, 1932, 1812, 1814]),
]);

/** It has the option in its message, which need not be one of those that make a server read-only. */
const OPTION_PREVENTS = 1290;

/**
 * Servers' errors that only a statement of ours can bring about: syntax and types. Those of a value, of a key, or of a
 * count of columns or rows are told by the class of their SQLSTATE.
 */
const OURS = new Set([1052, 1064, 1093, 1149, 1210, 1265, 1292, 1364, 1366]);
const OUR_CLASSES = /^(21|22|23)/;

/** @returns undefined for what is no error of the server's, or one that only a statement of ours can bring about */
export function meaningOf(error: unknown): Meaning | undefined {
  const e = asServerError(error);
  if (!e || e.errno === undefined) return undefined;
  const known = MEANINGS.get(e.errno);
  if (known && !(e.errno === OPTION_PREVENTS && !/read[-_ ]only/i.test(e.message))) return known;
  // What came from a server has an SQLSTATE, what Node says of a socket has none.
  const { errno, sqlState } = e;
  if (sqlState === undefined || OURS.has(errno) || OUR_CLASSES.test(sqlState)) return undefined;
  return {
    kind: 'refused',
    remedy: `look error ${errno} up in the server's manual: a setting of the server, or of what stands before it, forbids what campaign needs`,
  };
}

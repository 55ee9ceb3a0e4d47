import { CHARACTER_SET, CHARACTER_SETS } from './character-set.js';
import { COMMIT, ROLLBACK, START, type Statement, statement } from './packet.js';

/** A session without a statement is closed by the server after this long … */
const WAIT_TIMEOUT_SECONDS = 30;
/** … and within a transaction of several round trips after this, so that a stopped process holds its locks no longer. */
const TRANSACTION_TIMEOUT_SECONDS = 10;
const LOCK_WAIT_SECONDS = 3;

// The collation is the tables' own: another one turns index look-ups on ENUM and VARCHAR into scans.
export const SET_CHARACTER_SET = statement(
  `SET NAMES ${CHARACTER_SET} COLLATE ${CHARACTER_SET}_bin`,
);
const waitTimeout = (seconds: number): Statement =>
  statement(`SET SESSION wait_timeout = ${seconds}`);

/** A replica, a group's secondary, or a server that was told to write nothing; MySQL's super_read_only implies it. */
const READ_ONLY = '@@global.read_only AS readOnly, @@innodb_read_only AS innodbReadOnly';

/** Gives a `HostState`. */
export const LOOK_AT_HOST = statement(`SELECT ${READ_ONLY}`);

export interface HostState {
  readOnly: string | number;
  innodbReadOnly: string | number;
}

const isOn = (value: string | number): boolean =>
  !['0', 'OFF'].includes(String(value).toUpperCase());

/** Whether the host takes no writes. */
export const isReadOnlyHost = ({ readOnly, innodbReadOnly }: HostState): boolean =>
  isOn(readOnly) || isOn(innodbReadOnly);

export const LOOK_AT_CHARACTER_SETS = statement(`SELECT ${CHARACTER_SETS}`);

/** The last one gives the server's version, `CharacterSets` and a `HostState`. READ COMMITTED by statement: MariaDB 10.11 lacks the variable's new name. */
export const SESSION_SETUP: readonly Statement[] = [
  SET_CHARACTER_SET,
  statement('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE'),
  statement(`SET SESSION time_zone = '+00:00',
     sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
     autocommit = 1, sql_safe_updates = 0, sql_big_selects = 1, wait_timeout = ${WAIT_TIMEOUT_SECONDS},
     innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}, lock_wait_timeout = ${LOCK_WAIT_SECONDS}`),
  statement(`SELECT VERSION() AS version, ${CHARACTER_SETS}, ${READ_ONLY}`),
];

/** Before the first statements of a transaction of several round trips. */
export const BEGIN: readonly Statement[] = [
  SET_CHARACTER_SET,
  waitTimeout(TRANSACTION_TIMEOUT_SECONDS),
  START,
];

/** After the last statement of such a transaction. */
export const LET_IDLE = waitTimeout(WAIT_TIMEOUT_SECONDS);

export const END_BY_COMMIT: readonly Statement[] = [COMMIT, LET_IDLE];

/** Gives the `CharacterSets` that the session had. */
export const END_BY_ROLLBACK: readonly Statement[] = [
  ROLLBACK,
  LOOK_AT_CHARACTER_SETS,
  SET_CHARACTER_SET,
  LET_IDLE,
];

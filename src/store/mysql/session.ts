import { Readable } from 'node:stream';
import mysql, {
  type Connection,
  type FieldPacket,
  type QueryOptions,
  type QueryResult,
  type ResultSetHeader,
} from 'mysql2';
import { CampaignError } from '../../errors.js';
import { isConnectionLoss, isHostUnfit } from './errors.js';
import {
  CHARACTER_SET,
  CHARACTER_SET_VARIABLES,
  COMMIT,
  type Executor,
  joined,
  type Outcome,
  type PacketResults,
  type Param,
  ROLLBACK,
  START,
  type Statement,
  statement,
} from './packet.js';

/** A session without a statement is closed by the server after this long … */
const WAIT_TIMEOUT_SECONDS = 30;
/** … and within a transaction of several round trips after this, so that a stopped process holds its locks no longer. */
const TRANSACTION_TIMEOUT_SECONDS = 10;
const LOCK_WAIT_SECONDS = 3;
/** How old may be what is known of the host's being read-only. */
const LOOK_AGAIN_MS = 5_000;
/** What LOAD DATA reads goes in packets of this size. */
export const LOAD_PIECE_BYTES = 64 * 1024;

// The collation is the tables' own: another one turns index look-ups on ENUM and VARCHAR into scans.
const SET_CHARACTER_SET = statement(`SET NAMES ${CHARACTER_SET} COLLATE ${CHARACTER_SET}_bin`);
const waitTimeout = (seconds: number): Statement =>
  statement(`SET SESSION wait_timeout = ${seconds}`);

/** A replica, a group's secondary, or a server that was told to write nothing; MySQL's super_read_only implies it. */
const READ_ONLY = '@@global.read_only AS readOnly, @@innodb_read_only AS innodbReadOnly';
const CHARACTER_SETS = CHARACTER_SET_VARIABLES.map((name) => `@@${name} AS ${name}`).join(', ');
const LOOK_AT_CHARACTER_SETS = statement(`SELECT ${CHARACTER_SETS}`);
const LOOK_AT_HOST = statement(`SELECT ${READ_ONLY}`);

// READ COMMITTED by statement: MariaDB 10.11 lacks the variable's new name.
const SESSION_SETUP: readonly Statement[] = [
  SET_CHARACTER_SET,
  statement('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE'),
  statement(`SET SESSION time_zone = '+00:00',
     sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
     autocommit = 1, sql_safe_updates = 0, sql_big_selects = 1, wait_timeout = ${WAIT_TIMEOUT_SECONDS},
     innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}, lock_wait_timeout = ${LOCK_WAIT_SECONDS}`),
  statement(`SELECT VERSION() AS version, ${CHARACTER_SETS}, ${READ_ONLY}`),
];
const BEGIN: readonly Statement[] = [
  SET_CHARACTER_SET,
  waitTimeout(TRANSACTION_TIMEOUT_SECONDS),
  START,
];
const END_BY_COMMIT = [COMMIT, waitTimeout(WAIT_TIMEOUT_SECONDS)];
const END_BY_ROLLBACK = [
  ROLLBACK,
  LOOK_AT_CHARACTER_SETS,
  SET_CHARACTER_SET,
  waitTimeout(WAIT_TIMEOUT_SECONDS),
];

type CharacterSets = Record<(typeof CHARACTER_SET_VARIABLES)[number], string | null>;

interface HostState {
  readOnly: string | number;
  innodbReadOnly: string | number;
}

const isOn = (value: string | number): boolean =>
  !['0', 'OFF'].includes(String(value).toUpperCase());

/** Ids of the collations of the character set, and of what is no text. */
const EXPECTED_COLLATIONS = new Set(
  Object.entries(mysql.Charsets as unknown as Record<string, number>)
    .filter(([name]) => name === 'BINARY' || name.startsWith(`${CHARACTER_SET.toUpperCase()}_`))
    .map(([, id]) => id),
);

interface Answer {
  result: QueryResult;
  /** Of one statement its columns, of several those of each; undefined where there are no rows. */
  fields: Columns | (Columns | undefined)[] | undefined;
}
type Columns = (FieldPacket & { characterSet: number })[];

const columnsOf = ({ fields }: Answer): Columns =>
  (fields ?? []).flatMap((entry: Columns[number] | Columns | undefined) => entry ?? []);

/**
 * One connection to one host, set up (READ COMMITTED, UTC, strict, utf8mb4, short waits). Between us and the server there
 * may be a pooler that hands over a session of which somebody else has changed the character set: so each transaction
 * sets it again in a packet that it has anyway, and what a result's columns say of theirs is looked at.
 */
export class Session implements Executor {
  idleSince = 0;
  broken = false;
  /** Whether the host takes no writes, as it said last. */
  readOnly = false;
  private lookedAt = 0;
  /** Whether the server takes compound statements outside of procedures: MariaDB does. */
  private takesBlocks = false;
  /** Further ids of collations that its results have. */
  private readonly resultCollations = new Set<number>();

  constructor(
    private readonly connection: Connection,
    /** Index of the host it is connected to. */
    readonly host: number,
    private readonly options: {
      /** The database, for messages. */
      name: string;
      timeoutMs: number | undefined;
      onUnfit: (host: number) => void;
      /** Whether there are other hosts, one of which may be the primary by now. */
      watchHost: boolean;
    },
  ) {
    connection.on('error', () => {
      this.broken = true;
    });
    connection.on('end', () => {
      this.broken = true;
    });
  }

  /** @throws CampaignError DATABASE_REFUSED where the character set cannot be set */
  async setUp(): Promise<void> {
    const answer = await this.ask(joined(SESSION_SETUP));
    const [[look]] = rowSets(answer.result as unknown[]) as [
      [{ version: string } & CharacterSets & HostState],
    ];
    this.requireCharacterSet(look);
    for (const { characterSet } of columnsOf(answer)) this.resultCollations.add(characterSet);
    this.takesBlocks = look.version.includes('MariaDB');
    this.noteHost(look);
  }

  async rows<T>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    if (!this.options.watchHost || performance.now() - this.lookedAt < LOOK_AGAIN_MS) {
      return (await this.query({ sql, params })) as unknown as T[];
    }
    const [rows, [host]] = (await this.packet([{ sql, params }, LOOK_AT_HOST])) as [
      T[],
      [HostState],
    ];
    this.noteHost(host);
    return rows;
  }

  async run(sql: string, params: readonly Param[] = []): Promise<Outcome> {
    return (await this.query({ sql, params })) as ResultSetHeader;
  }

  async packet(statements: readonly Statement[]): Promise<PacketResults> {
    const data = statements.find((one) => one.data !== undefined)?.data;
    const result = await this.query({ ...joined(statements), ...(data ? { data } : {}) });
    return (statements.length === 1 ? [result] : result) as PacketResults;
  }

  /** Begins a transaction, its first statements in the same packet. */
  async begin(first: readonly Statement[] = []): Promise<PacketResults> {
    return (await this.packet([...BEGIN, ...first])).slice(BEGIN.length);
  }

  async commit(): Promise<void> {
    await this.packet(END_BY_COMMIT);
  }

  /** @returns whether the session's character set was still ours; it is now */
  async rollBack(): Promise<boolean> {
    const { result } = await this.ask(joined(END_BY_ROLLBACK));
    const [[found]] = rowSets(result as unknown[]) as [[CharacterSets]];
    return strayed(found) === undefined;
  }

  /**
   * A packet that ends with the first statement that fails. MariaDB takes it as one compound statement, answered once; MySQL
   * answers each statement with a packet of its own, for which both sides pay.
   * @returns the rows of each SELECT
   */
  async block(statements: readonly Statement[]): Promise<unknown[][]> {
    if (this.takesBlocks) {
      const { sql, params } = joined(statements);
      const result = await this.query({ sql: `BEGIN NOT ATOMIC ${sql}; END`, params });
      return rowSets(Array.isArray(result) ? result : [result]);
    }
    const answers = await this.packet(statements);
    if (answers.length === statements.length) return rowSets(answers);
    this.destroy();
    throw new Error(`${answers.length} answers to ${statements.length} statements`);
  }

  /** Cuts the line, for a server that no longer answers, or whose answer nobody waits for. */
  destroy(): void {
    this.broken = true;
    this.connection.destroy();
  }

  /** Takes leave of the server, which else counts the session as aborted; a line that is down is cut. */
  async end(): Promise<void> {
    if (this.broken) return;
    this.broken = true;
    await new Promise<void>((resolve) => {
      this.connection.end((error) => {
        if (error) this.connection.destroy();
        resolve();
      });
    });
  }

  private async query(asked: Statement): Promise<QueryResult> {
    try {
      const answer = await this.ask(asked);
      if (this.isReadable(answer)) return answer.result;
      return await this.readAgain(asked, answer);
    } catch (error) {
      if (isConnectionLoss(error)) this.destroy();
      else if (isHostUnfit(error)) void this.end();
      if (isHostUnfit(error)) this.options.onUnfit(this.host);
      throw error;
    }
  }

  private isReadable(answer: Answer): boolean {
    return columnsOf(answer).every(
      ({ characterSet }) =>
        EXPECTED_COLLATIONS.has(characterSet) || this.resultCollations.has(characterSet),
    );
  }

  /** The character set is set again; what only read is asked once more, what may have written fails. */
  private async readAgain(asked: Statement, first: Answer): Promise<QueryResult> {
    const { result } = await this.ask(joined([SET_CHARACTER_SET, LOOK_AT_CHARACTER_SETS]));
    const [[found]] = rowSets(result as unknown[]) as [[CharacterSets]];
    this.requireCharacterSet(found);
    const onlyRead = (first.fields as unknown[]).every((entry) => entry !== undefined);
    const again = onlyRead ? await this.ask(asked) : undefined;
    if (again && this.isReadable(again)) return again.result;
    throw characterSetRefused(this.options.name, 'results come in another one');
  }

  private requireCharacterSet(found: CharacterSets): void {
    const name = strayed(found);
    if (name)
      throw characterSetRefused(this.options.name, `${name} is ${found[name] ?? 'not set'}`);
  }

  private noteHost({ readOnly, innodbReadOnly }: HostState): void {
    this.lookedAt = performance.now();
    this.readOnly = isOn(readOnly) || isOn(innodbReadOnly);
  }

  /** By mysql2's callback: its promises record a stack trace for each statement, which costs more than the statement. */
  private ask({ sql, params, data }: Statement): Promise<Answer> {
    const { timeoutMs } = this.options;
    const options: QueryOptions = {
      sql,
      values: params as unknown[],
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      ...(data === undefined
        ? {}
        : { infileStreamFactory: () => Readable.from(inPieces(data), { objectMode: false }) }),
    };
    return new Promise((resolve, reject) => {
      this.connection.query<QueryResult>(options, (error, result, fields) =>
        error ? reject(error) : resolve({ result, fields: fields as unknown as Answer['fields'] }),
      );
    });
  }
}

const strayed = (found: CharacterSets): keyof CharacterSets | undefined =>
  CHARACTER_SET_VARIABLES.find((name) => found[name] !== CHARACTER_SET);

const characterSetRefused = (where: string, how: string): CampaignError =>
  new CampaignError(
    'DATABASE_REFUSED',
    `${where} does not keep the character set ${CHARACTER_SET} that was set: ${how}, and addresses and texts would be damaged`,
    'let SET NAMES through what stands before the server (a proxy, a pooler, its init_connect), or name the server itself in CAMPAIGN_DATABASE_URL',
  );

/** Of a session whose character set another client changed again and again. */
export const characterSetStrays = (where: string): CampaignError =>
  characterSetRefused(where, 'another client changes it');

const rowSets = (results: readonly unknown[]): unknown[][] =>
  results.filter((result) => Array.isArray(result));

/** Small ones, for the driver copies each. */
function* inPieces(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += LOAD_PIECE_BYTES) {
    yield data.subarray(at, at + LOAD_PIECE_BYTES);
  }
}

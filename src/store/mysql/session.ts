import { type Duplex, Readable } from 'node:stream';
import type { Connection, FieldPacket, QueryOptions, QueryResult, ResultSetHeader } from 'mysql2';
import {
  type CharacterSets,
  characterSetRefused,
  EXPECTED_COLLATIONS,
  strayed,
} from './character-set.js';
import { isConnectionLoss, isHostUnfit } from './errors.js';
import {
  type Executor,
  joined,
  type Outcome,
  type PacketResults,
  type Param,
  type Statement,
} from './packet.js';
import {
  BEGIN,
  END_BY_COMMIT,
  END_BY_ROLLBACK,
  type HostState,
  isReadOnlyHost,
  LET_IDLE,
  LOOK_AT_CHARACTER_SETS,
  LOOK_AT_HOST,
  SESSION_SETUP,
  SET_CHARACTER_SET,
} from './session-statements.js';

/** How old may be what is known of the host's being read-only. */
const LOOK_AGAIN_MS = 5_000;
/** What LOAD DATA reads goes in packets of this size. */
export const LOAD_PIECE_BYTES = 64 * 1024;

interface Answer {
  result: QueryResult;
  /** Of one statement its columns, of several those of each; undefined where there are no rows. */
  fields: Columns | (Columns | undefined)[] | undefined;
}
type Columns = (FieldPacket & { characterSet: number })[];

/** The driver's `destroy` only says goodbye, for which a server that hangs keeps the line open. */
export function cutLine(connection: Connection): void {
  connection.destroy();
  (connection as Connection & { stream: Duplex }).stream.destroy();
}

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

  /** Ends a transaction that was begun with its last statements, a COMMIT of their own among them. */
  async finish(last: readonly Statement[]): Promise<void> {
    await this.block([...last, LET_IDLE]);
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
    cutLine(this.connection);
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

  private noteHost(state: HostState): void {
    this.lookedAt = performance.now();
    this.readOnly = isReadOnlyHost(state);
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

const rowSets = (results: readonly unknown[]): unknown[][] =>
  results.filter((result) => Array.isArray(result));

/** Small ones, for the driver copies each. */
function* inPieces(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += LOAD_PIECE_BYTES) {
    yield data.subarray(at, at + LOAD_PIECE_BYTES);
  }
}

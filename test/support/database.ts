import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, waitUntil } from '../../src/sandbox/processes.ts';
import { freePort, initialiseData, requireServer, startServer } from '../../src/sandbox/server.ts';
import { createDatabase, dropDatabase } from '../../src/store/mysql/administration.ts';
import { Database, type DatabaseOptions } from '../../src/store/mysql/database.ts';
import { migrate } from '../../src/store/mysql/migrate.ts';
import { type DatabaseAddress, parseDatabaseUrl } from '../../src/store/mysql/url.ts';
import { spawnGuard } from './guard.ts';

/** A private server on loopback TCP, gone with the process that started it, however that ends. */
export interface TestServer {
  /** `mysql://root:password@127.0.0.1:port`, without a database. */
  url: string;
  /** Its pid now; changes with `restart`. */
  readonly pid: number;
  /** kill -9. */
  crash(): Promise<void>;
  /** Starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Ends it and deletes its data. */
  stop(): Promise<void>;
}

/** A server that is dying may still write a file: the second try gets it. */
const KILL_AND_REMOVE =
  '[ -z "$last" ] || kill -9 "$last"; rm -rf "$1" || { sleep 1; rm -rf "$1"; }';

/** Starts a throwaway MariaDB or MySQL; `extra` are further server options. */
export async function startTestServer(
  options: { durable?: boolean; extra?: readonly string[] } = {},
): Promise<TestServer> {
  const program = await requireServer();
  const directory = mkdtempSync(join(tmpdir(), 'campaign-test-'));
  const guard = spawnGuard(KILL_AND_REMOVE, [directory]);
  try {
    await initialiseData(program, join(directory, 'data'));
    const tcp = {
      port: await freePort(),
      password: randomBytes(12).toString('hex'),
    };
    const start = async (): Promise<number> => {
      const pid = await startServer(program, {
        dataDirectory: join(directory, 'data'),
        runDirectory: directory,
        socketPath: join(directory, 'db.sock'),
        tcp,
        durable: options.durable ?? false,
        extra: options.extra ?? [],
      });
      guard.tell(String(pid));
      return pid;
    };
    let pid = await start();
    return {
      url: `mysql://root:${tcp.password}@127.0.0.1:${tcp.port}`,
      get pid() {
        return pid;
      },
      crash: async () => {
        process.kill(pid, 'SIGKILL');
        await waitUntil(() => !isRunning(pid), 10_000, 'the killed server is still there');
      },
      restart: async () => {
        pid = await start();
      },
      stop: () => guard.end(),
    };
  } catch (error) {
    await guard.end();
    throw error;
  }
}

/** A fresh database with the current schema. */
export interface TestDatabase {
  /** For CAMPAIGN_DATABASE_URL of a child process. */
  url: string;
  address: DatabaseAddress;
  database: Database;
  /** A further pool on the same database, closed by `drop`. */
  connect(options?: DatabaseOptions): Database;
  drop(): Promise<void>;
}

/**
 * Creates `campaign_test_<random>` on the server of CAMPAIGN_TEST_DATABASE_URL, which vitest's global set-up
 * points at a private one where it is not set.
 */
export async function createTestDatabase(
  serverUrl: string | undefined = process.env.CAMPAIGN_TEST_DATABASE_URL,
): Promise<TestDatabase> {
  if (!serverUrl) throw new Error('CAMPAIGN_TEST_DATABASE_URL is not set');
  const url = new URL(serverUrl);
  url.pathname = `/campaign_test_${randomBytes(6).toString('hex')}`;
  const address = parseDatabaseUrl(url.href);
  await createDatabase(address);
  const pools: Database[] = [];
  const connect = (options: DatabaseOptions = { connections: 8 }): Database => {
    const pool = new Database(address, options);
    pools.push(pool);
    return pool;
  };
  const database = connect();
  await migrate(database);
  return {
    url: url.href,
    address,
    database,
    connect,
    drop: async () => {
      await Promise.all(pools.map((pool) => pool.close()));
      await dropDatabase(address);
    },
  };
}

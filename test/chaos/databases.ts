import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { answers, dropDatabase } from '../../src/store/mysql/administration.ts';
import { Database } from '../../src/store/mysql/database.ts';
import { parseDatabaseUrl } from '../../src/store/mysql/url.ts';
import { createTestDatabase, startTestServer, type TestDatabase } from '../support/database.ts';
import { holds } from './processes.ts';
import type { Random } from './random.ts';

const run = promisify(execFile);

/** Where the rounds keep their ledger, and how its server can be hurt. */
export interface ChaosDatabase {
  /** For messages. */
  name: string;
  test: TestDatabase;
  /** CAMPAIGN_DATABASE_URL of the nth worker. */
  urlFor(worker: number): string;
  /** kill -9 of the server, or of one node of it; gives back what starts it again. Undefined: not ours to kill. */
  kill: ((random: Random) => Promise<() => Promise<void>>) | undefined;
  stop(): Promise<void>;
}

/** A private MariaDB or MySQL that waits for the disk at each commit. */
export async function privateDatabase(): Promise<ChaosDatabase> {
  const server = await startTestServer({ durable: true });
  const test = await createTestDatabase(server.url);
  return {
    name: 'a private server',
    test,
    urlFor: () => test.url,
    kill: async () => {
      await server.crash();
      return () => server.restart();
    },
    stop: async () => {
      await test.drop();
      await server.stop();
    },
  };
}

/** A server somebody else runs: it is not killed, only its sessions are. */
export async function givenDatabase(url: string): Promise<ChaosDatabase> {
  const test = await createTestDatabase(url);
  return {
    name: new URL(url).host,
    test,
    urlFor: () => test.url,
    kill: undefined,
    stop: () => test.drop(),
  };
}

/**
 * A cluster of three nodes.
 * @param script starts it and prints its nodes' URLs; `script kill N` and `script start N` end and start a node
 */
async function startCluster(script: string) {
  const { stdout } = await run(script);
  const urls = stdout.trim().split(/\s+/);
  const hosts = urls.map((url) => new URL(url).host);
  const first = await createTestDatabase(urls[0]);
  const { username, password, pathname } = new URL(first.url);
  const credentials = password ? `${username}:${password}` : username;
  return {
    urls,
    first,
    /** The URL of all nodes, each of three workers beginning with another one. */
    urlFor: (worker: number): string => {
      const rotated = hosts.map((_, i) => hosts[(i + worker) % hosts.length]);
      return `mysql://${credentials}@${rotated.join(',')}${pathname}`;
    },
    /** Kills a node of this URL; gives back what starts it again. */
    killNode: async (node: string, url: string): Promise<() => Promise<void>> => {
      const address = parseDatabaseUrl(`${url}/mysql`);
      await run(script, ['kill', node]);
      return async () => {
        // While a killed process is still there, the script takes it for alive.
        const isUp = async (): Promise<boolean> => {
          await run(script, ['start', node]);
          return answers(address);
        };
        if (!(await holds(isUp, 120_000))) throw new Error(`node ${node} did not come back`);
      };
    },
  };
}

/** A Galera cluster of three nodes, each of which may be killed; `script` as for `startCluster`. */
export async function galeraDatabase(script: string): Promise<ChaosDatabase> {
  const { urls, first, urlFor, killNode } = await startCluster(script);
  return {
    name: `a Galera cluster of ${urls.length} nodes`,
    test: first,
    urlFor,
    // The first node is the harness's own window on the ledger.
    kill: (random) => {
      const node = random.between(2, urls.length);
      return killNode(String(node), urls[node - 1] as string);
    },
    stop: () => first.drop(),
  };
}

/**
 * MySQL Group Replication of three nodes with one primary, which is the one that is killed; another is elected, and it
 * comes back as a secondary.
 * @param script as for `startCluster`, the primary's URL first; `script primary` prints the number of the one that is now
 */
export async function groupDatabase(script: string): Promise<ChaosDatabase> {
  const { urls, first, urlFor, killNode } = await startCluster(script);
  const primary = async (): Promise<string> => (await run(script, ['primary'])).stdout.trim();
  // Nodes are numbered as their ports are, whichever is printed first.
  const urlOf = (node: string): string =>
    [...urls].sort((a, b) => Number(new URL(a).port) - Number(new URL(b).port))[
      Number(node) - 1
    ] as string;
  const test = {
    ...first,
    database: new Database(parseDatabaseUrl(urlFor(0)), { connections: 8 }),
  };
  return {
    name: `MySQL Group Replication of ${urls.length} nodes`,
    test,
    urlFor,
    kill: async () => {
      const node = await primary();
      return killNode(node, urlOf(node));
    },
    stop: async () => {
      await Promise.all([test.database.close(), first.database.close()]);
      const { hosts } = parseDatabaseUrl(`${urlOf(await primary())}/mysql`);
      await dropDatabase({ ...first.address, hosts });
    },
  };
}

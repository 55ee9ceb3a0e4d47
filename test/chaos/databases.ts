import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { answers } from '../../src/store/administration.ts';
import { parseDatabaseUrl } from '../../src/store/url.ts';
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
 * A Galera cluster of three nodes, each of which may be killed.
 * @param script starts it and prints its nodes' URLs; `script kill N` and `script start N` end and start a node
 */
export async function galeraDatabase(script: string): Promise<ChaosDatabase> {
  const { stdout } = await run(script);
  const urls = stdout.trim().split(/\s+/);
  const hosts = urls.map((url) => new URL(url).host);
  const first = await createTestDatabase(urls[0]);
  const { username, password, pathname } = new URL(first.url);
  const credentials = password ? `${username}:${password}` : username;
  const rotated = (by: number): string[] => hosts.map((_, i) => hosts[(i + by) % 3] as string);
  return {
    name: `a Galera cluster of ${hosts.length} nodes`,
    test: first,
    urlFor: (worker) => `mysql://${credentials}@${rotated(worker).join(',')}${pathname}`,
    // The first node is the harness's own window on the ledger.
    kill: async (random) => {
      const node = String(random.between(2, hosts.length));
      const address = parseDatabaseUrl(`${urls[Number(node) - 1]}/mysql`);
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
    stop: () => first.drop(),
  };
}

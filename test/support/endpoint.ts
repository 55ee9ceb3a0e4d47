import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ServeEvent } from '../../src/domain/serve-events.ts';
import { unsubscribeTokensOf } from '../../src/domain/unsubscribe-token.ts';
import { Endpoint, type EndpointOptions } from '../../src/http/endpoint.ts';
import { PageWriter } from '../../src/http/page.ts';
import { startPublicServer } from '../../src/http/server.ts';
import { DEFAULT_WORDS } from '../../src/http/words.ts';
import { Unsubscribes } from '../../src/operations/unsubscribe.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { type SendSeed, seedSendWithRows } from './seed.ts';
import { workspaceOn } from './workspace.ts';

/** A send whose rows can be unsubscribed, each `r<n>@example.org`. */
export interface SeededSend {
  id: number;
  tokenOf(seq: number): string;
}

/** @param topic of the send; empty: its links are a no to everything */
export async function seedUnsubscribable(
  database: Database,
  recipients: number,
  { topic = '', ...seed }: SendSeed & { topic?: string } = {},
): Promise<SeededSend> {
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
  const rows = Array.from({ length: recipients }, () => ({ status: 'sent' }) as const);
  const id = await seedSendWithRows(database, rows, { ...seed, secret });
  await database.run('UPDATE CAMPAIGN_SENDS SET TOPIC = ? WHERE ID = ?', [topic, id]);
  return { id, tokenOf: unsubscribeTokensOf(id, secret) };
}

/** The endpoint over HTTP, on a port of its own. */
export interface RunningEndpoint {
  url: string;
  port: number;
  events: ServeEvent[];
  counts: Endpoint['counts'];
  stop(): Promise<void>;
}

export async function startEndpoint(
  database: Database,
  options: Partial<EndpointOptions> & { patience?: Parameters<typeof startPublicServer>[2] } = {},
): Promise<RunningEndpoint> {
  const workspace = workspaceOn(database);
  const events: ServeEvent[] = [];
  const endpoint = new Endpoint({
    desk: await Unsubscribes.open(workspace),
    writer: new PageWriter(DEFAULT_WORDS, 'news@example.org'),
    trustProxy: false,
    now: () => performance.now(),
    report: (event) => events.push(event),
    explain: (error) => workspace.explain(error),
    ...options,
  });
  const server = await startPublicServer(
    { host: '127.0.0.1', port: 0 },
    endpoint,
    options.patience,
  );
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    events,
    counts: endpoint.counts,
    stop: () => server.stop(1_000),
  };
}

/** A connection on which a test writes what it likes. */
export async function openConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** All that comes on it until the other side ends it. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece;
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}

interface Entry {
  EMAIL_NORM: string;
  TOPIC: string;
  REASON: string;
  SOURCE: string;
}

export const suppressions = (database: Database): Promise<Entry[]> =>
  database.rows<Entry>(
    'SELECT EMAIL_NORM, TOPIC, REASON, SOURCE FROM CAMPAIGN_SUPPRESSIONS ORDER BY EMAIL_NORM, TOPIC',
  );

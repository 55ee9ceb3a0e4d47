import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands before a database server, as poolers do, and can do to a session what they do. */
export interface SessionProxy {
  port: number;
  /** Run on the server's session before each of the client's next commands, so many of them; not answered to the client. */
  inject(sql: string, times?: number): void;
  /** What is put in the place of what the client says, of the same length. */
  replace(from: string, to: string): void;
  /** Connections made so far. */
  readonly connected: number;
  /** Packets of the client's that began a command. */
  readonly commands: number;
  close(): Promise<void>;
}

const COM_QUERY = 3;

/** With MySQL a query has attributes, none and one set of them, before its text. */
const NO_ATTRIBUTES = Buffer.from([0, 1]);

/** @param like a query of the client's, as it makes them on this connection */
function queryPacket(sql: string, like: Buffer): Buffer {
  const attributes = like.subarray(5, 7).equals(NO_ATTRIBUTES) ? NO_ATTRIBUTES : Buffer.alloc(0);
  const body = Buffer.concat([Buffer.from([COM_QUERY]), attributes, Buffer.from(sql)]);
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  return Buffer.concat([head, body]);
}

/** A whole packet that is a command of text. */
const isQuery = (chunk: Buffer): boolean =>
  chunk.length > 5 &&
  chunk.readUIntLE(0, 3) + 4 === chunk.length &&
  chunk[3] === 0 &&
  chunk[4] === COM_QUERY;

/** A proxy on a free loopback port before `server`. */
export async function startSessionProxy(server: { port: number }): Promise<SessionProxy> {
  const open = new Set<Socket>();
  let injected = { sql: '', times: 0 };
  let replaced: { from: string; to: string } | undefined;
  let connected = 0;
  let commands = 0;
  const proxy = createServer((client) => {
    connected += 1;
    const upstream = connect(server.port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    let swallowed = Promise.resolve();
    let swallow: (() => void) | undefined;
    client.on('data', (chunk) => {
      swallowed = swallowed.then(async () => {
        if (isQuery(chunk)) commands += 1;
        if (isQuery(chunk) && injected.times > 0) {
          injected.times -= 1;
          const answered = new Promise<void>((resolve) => {
            swallow = resolve;
          });
          upstream.write(queryPacket(injected.sql, chunk));
          await answered;
        }
        const text = replaced && chunk.toString('latin1').replaceAll(replaced.from, replaced.to);
        upstream.write(text === undefined ? chunk : Buffer.from(text, 'latin1'));
      });
    });
    upstream.on('data', (chunk) => {
      if (!swallow) return void client.write(chunk);
      swallow();
      swallow = undefined;
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    inject: (sql, times = 1) => {
      injected = { sql, times };
    },
    replace: (from, to) => {
      replaced = { from, to: to.padEnd(from.length) };
    },
    get connected() {
      return connected;
    },
    get commands() {
      return commands;
    },
    close: async () => {
      proxy.close();
      for (const socket of open) socket.destroy();
    },
  };
}

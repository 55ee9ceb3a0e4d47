import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CampaignError } from '../errors.js';
import { BrokenOff, MAX_BODY_BYTES } from './body.js';
import type { Endpoint, Reply } from './endpoint.js';

/** Where to listen. */
export interface ListenAddress {
  host: string;
  /** 0: one that is free. */
  port: number;
}

/** What every answer has: it is nobody's to keep, to find, or to tell others where it was. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex, nofollow',
} as const;

/** Longer than proxies keep a connection that they may use for a POST, or that would be lost. */
const KEEP_ALIVE_MS = 75_000;
/**
 * A client has this long for its headers, and for its whole request; then 408. A connection on which nothing moves for so
 * long, for its client does not read, is cut.
 */
const PATIENCE = { headersMs: 10_000, requestMs: 15_000, checkMs: 1_000, standstillMs: 30_000 };
/** Requests that a connection may bring before the first of them is answered and read; proxies bring one. */
const MAX_PIPELINED = 8;
const MAX_CONNECTIONS = 2_000;
const MAX_HEADER_BYTES = 16_384;

/** A running server. */
export interface PublicServer {
  /** `http://127.0.0.1:8026`. */
  url: string;
  /** Requests that have no answer yet. */
  open(): number;
  /** Takes nothing new, lets what is under way end, and cuts it after some time. */
  stop(afterMs: number): Promise<void>;
}

/**
 * Serves an endpoint over HTTP/1.1, with limits on whatever a client may take its time or its room for.
 * @throws CampaignError CANNOT_LISTEN
 */
export async function startPublicServer(
  { host, port }: ListenAddress,
  endpoint: Pick<Endpoint, 'answer'>,
  patience = PATIENCE,
): Promise<PublicServer> {
  let open = 0;
  let stopping = false;
  const underWay = new UnderWay();
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!underWay.admits(request, response)) {
      request.socket.destroy();
      return;
    }
    open++;
    try {
      send(response, await endpoint.answer(request), stopping);
    } catch (error) {
      if (error instanceof BrokenOff) response.destroy();
      else send(response, FAULT, true);
    } finally {
      open--;
    }
  };
  const server = createServer(
    {
      headersTimeout: patience.headersMs,
      requestTimeout: patience.requestMs,
      connectionsCheckingInterval: patience.checkMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      noDelay: true,
    },
    respond,
  );
  server.setTimeout(patience.standstillMs);
  server.maxConnections = MAX_CONNECTIONS;
  // Room for a new one is made of those that wait for nothing.
  server.on('drop', () => server.closeIdleConnections());
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced <= MAX_BODY_BYTES) response.writeContinue();
    void respond(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Its bytes would be taken for the answer that is still to come.
    if (underWay.isAnswerDue(socket)) socket.destroy();
    else refuse(error, socket);
  });
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(host, port, error as NodeJS.ErrnoException);
  }
  // A connection that could not be accepted is its client's loss.
  server.on('error', () => undefined);
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${inUrl(host)}:${bound.port}`,
    open: () => open,
    stop: async (afterMs) => {
      stopping = true;
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), afterMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** The requests of each connection whose answers its client has not taken yet. */
class UnderWay {
  private readonly requests = new WeakMap<Duplex, Set<IncomingMessage>>();

  /** Whether a connection may have one more. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    let same = this.requests.get(socket);
    if (!same) {
      same = new Set();
      this.requests.set(socket, same);
    }
    if (same.size >= MAX_PIPELINED || socket.destroyed) return false;
    same.add(request);
    response.once('close', () => same.delete(request));
    return true;
  }

  /** Whether a connection has a request that has come as a whole. */
  isAnswerDue(socket: Duplex): boolean {
    return [...(this.requests.get(socket) ?? [])].some(({ complete }) => complete);
  }
}

const FAULT: Reply = { status: 500, headers: { 'Content-Type': 'text/plain' }, body: 'a fault\n' };

function send(response: ServerResponse, { status, headers, body }: Reply, last: boolean): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...HEADERS,
    ...headers,
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...(last ? { Connection: 'close' } : {}),
  });
  // Node leaves the body out of an answer to HEAD.
  response.end(body);
}

/** Requests that Node does not hand over: too slow, too long, or not HTTP. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    { ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout', HPE_HEADER_OVERFLOW: '431 Too Long' }[
      error.code ?? ''
    ] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    (socket as Socket).destroy(),
  );
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): CampaignError {
  const place = `${inUrl(host)}:${port}`;
  const [why, remedy] = {
    EADDRINUSE: ['another program has it', 'end that one, or give another port'],
    EACCES: ['this user may not have it', 'give a port of 1024 or more, and let a proxy have 443'],
    EADDRNOTAVAIL: [
      'this machine has no such address',
      'give one of its own; 127.0.0.1 behind a proxy on this machine',
    ],
    ENOTFOUND: ['there is no host of that name', 'give an address, such as 127.0.0.1'],
  }[error.code ?? ''] ?? [error.message, 'give another address and port with --public'];
  return new CampaignError('CANNOT_LISTEN', `${place} cannot be listened on: ${why}`, remedy, {
    cause: error,
  });
}

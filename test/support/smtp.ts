import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { FilledMessage } from '../../src/domain/message.ts';
import type { DeliveryResult, Verdict } from '../../src/domain/verdict.ts';
import type { Transport } from '../../src/scheduler/ports.ts';
import type { SmtpSettings } from '../../src/smtp/url.ts';

/** A message the server has answered 250 to. */
export interface CapturedMessage {
  from: string;
  to: string[];
  /** As it came, dots unstuffed, CRLF lines, read as UTF-8. */
  raw: string;
  messageId: string | undefined;
  session: SMTPServerSession;
}

/**
 * What a hook answers: nothing accepts; `reply` is sent in place of the usual one (for `onData` a 2xx one accepts
 * with these words); `drop` cuts the line without a reply.
 */
export type HookAnswer = undefined | { reply: [code: number, text: string] } | 'drop';
type Answer = HookAnswer | Promise<HookAnswer>;

export interface SmtpServerSettings {
  port?: number;
  onConnect?: (session: SMTPServerSession) => Answer;
  onMailFrom?: (address: string, session: SMTPServerSession) => Answer;
  onRcptTo?: (address: string, session: SMTPServerSession) => Answer;
  /** Asked when the final dot has come. */
  onData?: (message: CapturedMessage, session: SMTPServerSession) => Answer;
  /** Offers and requires AUTH with these. */
  auth?: { user: string; password: string };
  /** Offers STARTTLS with this certificate for localhost and 127.0.0.1. */
  tls?: 'self-signed' | 'expired';
  /** TLS from the first byte. */
  secure?: boolean;
  /** Takes so many connections at a time, and answers one more at this command, as long as it has the others. */
  takes?: { connections: number; refusing: 'connect' | 'mail' | 'rcpt' | 'dot' };
  /** Further smtp-server options: `hidePIPELINING`, `hideSMTPUTF8`, `size`, `banner`, … */
  server?: SMTPServerOptions;
}

export interface SmtpServer {
  port: number;
  url: string;
  /** How a client is to reach it, certificate unverified. */
  settings: SmtpSettings;
  messages: CapturedMessage[];
  /** How many accepted messages each address got. */
  countsByRecipient(): Map<string, number>;
  /** Connections open now. */
  readonly open: number;
  /** Connections made so far. */
  readonly connected: number;
  /** Cuts every open connection. */
  cut(): void;
  /** Stops listening, cuts what is open, and frees the port. */
  close(): Promise<void>;
}

export const tlsFile = (name: 'key' | 'self-signed' | 'expired'): string =>
  fileURLToPath(new URL(`tls/${name}.pem`, import.meta.url));

const messageIdOf = (raw: string): string | undefined =>
  /^message-id:\s*(<[^>]*>)/im.exec(raw.slice(0, raw.indexOf('\r\n\r\n') + 2))?.[1];

/** A real SMTP server on a free loopback port that keeps what it accepts and answers as the hooks say. */
export async function startSmtpServer(options: SmtpServerSettings = {}): Promise<SmtpServer> {
  const messages: CapturedMessage[] = [];
  let connected = 0;
  let closed = false;

  const cutConnection = (session: SMTPServerSession): void => {
    for (const connection of server.connections) {
      if (connection.session === session) connection._socket.destroy();
    }
  };
  const settle = async (
    answer: Answer,
    session: SMTPServerSession,
    callback: (error?: Error | null) => void,
  ): Promise<void> => {
    const settled = await answer;
    if (settled === 'drop') return cutConnection(session);
    if (settled === undefined) return callback();
    const [responseCode, text] = settled.reply;
    callback(Object.assign(new Error(text), { responseCode }));
  };

  const taken = new Set<string>();
  /** What a connection that is one too many hears at this command; nothing, if it is not. */
  const oneTooMany = (
    at: NonNullable<SmtpServerSettings['takes']>['refusing'],
    { id }: SMTPServerSession,
  ): HookAnswer => {
    const { takes } = options;
    if (takes?.refusing !== at) return undefined;
    if (taken.has(id) || taken.size < takes.connections) {
      taken.add(id);
      return undefined;
    }
    return at === 'connect'
      ? { reply: [421, '4.7.0 Too many connections from your IP'] }
      : { reply: [432, '4.3.2 Concurrent connections limit exceeded'] };
  };

  const server = new SMTPServer({
    disableReverseLookup: true,
    closeTimeout: 1,
    logger: false,
    secure: options.secure ?? false,
    ...(options.tls || options.secure
      ? {
          key: readFileSync(tlsFile('key')),
          cert: readFileSync(tlsFile(options.tls ?? 'self-signed')),
        }
      : { hideSTARTTLS: true }),
    ...(options.auth
      ? { allowInsecureAuth: true }
      : { authOptional: true, disabledCommands: ['AUTH'] }),
    onAuth: (given, _session, callback) =>
      given.username === options.auth?.user && given.password === options.auth?.password
        ? callback(null, { user: given.username })
        : callback(
            Object.assign(new Error('5.7.8 Authentication failed'), {
              responseCode: 535,
            }),
          ),
    onConnect: (session, callback) => {
      connected++;
      const answer = oneTooMany('connect', session) ?? options.onConnect?.(session);
      void settle(answer, session, callback);
    },
    onMailFrom: ({ address }, session, callback) =>
      void settle(
        oneTooMany('mail', session) ?? options.onMailFrom?.(address, session),
        session,
        callback,
      ),
    onRcptTo: ({ address }, session, callback) =>
      void settle(
        oneTooMany('rcpt', session) ?? options.onRcptTo?.(address, session),
        session,
        callback,
      ),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const { mailFrom, rcptTo } = session.envelope;
        const message: CapturedMessage = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw,
          messageId: messageIdOf(raw),
          session,
        };
        const answer = oneTooMany('dot', session) ?? (await options.onData?.(message, session));
        if (typeof answer === 'object' && answer.reply[0] < 300) {
          messages.push(message);
          return callback(null, answer.reply[1]);
        }
        if (answer === undefined) {
          messages.push(message);
          return callback(null, `2.0.0 Ok: queued as T${messages.length}`);
        }
        await settle(answer, session, callback);
      });
    },
    ...options.server,
    onClose: (session, callback) => {
      taken.delete(session.id);
      options.server?.onClose?.(session, callback);
    },
  });
  // Clients that cut the line are part of the tests.
  server.on('error', () => undefined);
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  const listener = server.listen(options.port ?? 0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const login = options.auth ? `${options.auth.user}:${options.auth.password}@` : '';
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    port,
    url: `smtp${options.secure ? 's' : ''}://${login}127.0.0.1:${port}`,
    settings: {
      host: '127.0.0.1',
      port,
      secure: options.secure ?? false,
      startTls: options.tls ? 'offered' : 'never',
      verifyCertificate: false,
      ...(options.auth ? { user: options.auth.user, password: options.auth.password } : {}),
      options: {},
    },
    messages,
    countsByRecipient: () => {
      const counts = new Map<string, number>();
      for (const address of messages.flatMap(({ to }) => to)) {
        counts.set(address, (counts.get(address) ?? 0) + 1);
      }
      return counts;
    },
    get open() {
      return sockets.size;
    },
    get connected() {
      return connected;
    },
    cut,
    close: async () => {
      if (closed) return;
      closed = true;
      const gone = once(listener, 'close');
      server.close();
      cut();
      await gone;
    },
  };
}

/** One connection of a scripted server: lines come in, bytes go out. */
export interface RawConnection {
  socket: Socket;
  /** Which connection of this server, from 0. */
  number: number;
  /** Sends these lines, each with CRLF. */
  reply(...lines: string[]): void;
  /** Sends these bytes as they are. */
  write(bytes: string): void;
  /** Cuts the line. */
  drop(): void;
}

export interface RawSmtpServer {
  port: number;
  settings: SmtpSettings;
  /** Every command line and body line that came, of all connections, in order. */
  lines: string[];
  /** Bodies that came whole, up to their final dot, by connection order of arrival. */
  bodies: string[];
  readonly connected: number;
  close(): Promise<void>;
}

/** Replies of an ordinary server; a script names only what it does differently. */
export type RawScript = {
  [verb in
    | 'CONNECT'
    | 'EHLO'
    | 'AUTH'
    | 'MAIL'
    | 'RCPT'
    | 'DATA'
    | 'DOT'
    | 'RSET'
    | 'QUIT'
    | 'NOOP']?: (connection: RawConnection, line: string) => void;
};

const ORDINARY: Required<RawScript> = {
  CONNECT: (c) => c.reply('220 raw.test ESMTP'),
  EHLO: (c) => c.reply('250-raw.test', '250-PIPELINING', '250-8BITMIME', '250 SMTPUTF8'),
  AUTH: (c) => c.reply('235 2.7.0 Ok'),
  MAIL: (c) => c.reply('250 2.1.0 Ok'),
  RCPT: (c) => c.reply('250 2.1.5 Ok'),
  DATA: (c) => c.reply('354 Go ahead'),
  DOT: (c) => c.reply('250 2.0.0 Ok: queued as RAW'),
  RSET: (c) => c.reply('250 2.0.0 Ok'),
  QUIT: (c) => {
    c.reply('221 2.0.0 Bye');
    c.socket.end();
  },
  NOOP: (c) => c.reply('250 2.0.0 Ok'),
};

/**
 * A bare server for odd behaviour: each step's function says what is sent, or nothing. A body is read as one only
 * when the script's DATA has sent a 354.
 */
export async function rawSmtpServer(script: RawScript = {}): Promise<RawSmtpServer> {
  const steps = { ...ORDINARY, ...script };
  const lines: string[] = [];
  const bodies: string[] = [];
  const sockets = new Set<Socket>();
  let connected = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    let inBody = false;
    let body: string[] = [];
    let rest = '';
    const write = (bytes: string): void => {
      if (socket.writable) socket.write(bytes);
      if (/^354/m.test(bytes)) inBody = true;
    };
    const connection: RawConnection = {
      socket,
      number: connected++,
      reply: (...replies) => write(replies.map((line) => `${line}\r\n`).join('')),
      write,
      drop: () => socket.destroy(),
    };
    const take = (line: string): void => {
      lines.push(line);
      if (inBody && line !== '.') {
        body.push(line);
      } else if (inBody) {
        inBody = false;
        bodies.push(body.join('\r\n'));
        body = [];
        steps.DOT(connection, line);
      } else {
        const verb = line.slice(0, 4).toUpperCase().replace('HELO', 'EHLO');
        const step = steps[verb as keyof RawScript];
        if (step) step(connection, line);
        else connection.reply('500 5.5.2 What?');
      }
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\r\n');
      rest = parts.pop() ?? '';
      for (const line of parts) take(line);
    });
    steps.CONNECT(connection, '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    settings: {
      host: '127.0.0.1',
      port,
      secure: false,
      startTls: 'never',
      verifyCertificate: false,
      options: {},
    },
    lines,
    bodies,
    get connected() {
      return connected;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Sends one message, with none to follow it. */
export const deliver = (
  transport: Pick<Transport, 'carry'>,
  message: FilledMessage,
  mayProceed: () => boolean,
): Promise<DeliveryResult> =>
  new Promise((resolve) => {
    const done = (_: Verdict, result: DeliveryResult) => resolve(result);
    void transport.carry({ message, turn: null, mayProceed, mayEnd: () => true, done }, () => null);
  });

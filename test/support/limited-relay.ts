import { setTimeout as sleep } from 'node:timers/promises';
import {
  type RelayClient,
  RelayLimits,
  type RelaySettings,
  type RelayStage,
  worstWindow,
} from './relay-limits.ts';
import { type RawConnection, type RawScript, rawSmtpServer } from './smtp.ts';

export interface LimitedRelaySettings extends RelaySettings {
  /** What is said of a recipient at RCPT on its nth attempt, from 1; nothing is a yes. */
  onRcptTo?: (recipient: string, attempt: number) => string | undefined;
  /** Between a final dot and its reply, in milliseconds. */
  delayMs?: number;
  /** Offers AUTH, and its URL has a login. */
  auth?: true;
}

/** `at`: milliseconds by the monotonic clock. */
interface Happened {
  at: number;
  recipient: string;
}

/** What really happened at a relay that keeps limits. */
export interface LimitedRelay {
  port: number;
  /** CAMPAIGN_SMTP_URL. */
  url: string;
  /** Its `settings` and `exhausted` may be changed while it runs. */
  limits: RelayLimits;
  accepted: readonly Happened[];
  /** Accepted like the others, and thrown away. */
  discarded: readonly Happened[];
  refused: readonly { at: number; stage: RelayStage; recipient: string | null; reply: string }[];
  /** When MAIL commands came. */
  started: readonly number[];
  /** The most connections that were open at once, those refused at once left out. */
  readonly mostConnections: number;
  /** The most of these that came within any window of this length. */
  worst(of: 'started' | 'accepted', perMs: number): number;
  countsByRecipient(): Map<string, number>;
  close(): Promise<void>;
}

interface Client extends RelayClient {
  /** From its greeting until either side ends it. */
  isOpen: boolean;
  sender: boolean;
  recipient: string | null;
  work: Promise<void>;
}

/** A real SMTP server on a free loopback port that keeps limits as providers do, and remembers what really happened. */
export async function startLimitedRelay(settings: LimitedRelaySettings): Promise<LimitedRelay> {
  const now = (): number => performance.now();
  const limits = new RelayLimits(settings, now);
  const accepted: Happened[] = [];
  const discarded: Happened[] = [];
  const refused: { at: number; stage: RelayStage; recipient: string | null; reply: string }[] = [];
  const started: number[] = [];
  const attempts = new Map<string, number>();
  const clients = new Map<RawConnection, Client>();
  let open = 0;
  let mostConnections = 0;

  const clientOf = (connection: RawConnection): Client => {
    let client = clients.get(connection);
    if (!client) {
      client = {
        messages: 0,
        isOpen: false,
        sender: false,
        recipient: null,
        work: Promise.resolve(),
      };
      clients.set(connection, client);
    }
    return client;
  };
  const refuse = (
    connection: RawConnection,
    stage: RelayStage,
    recipient: string | null,
    reply: string,
  ): false => {
    refused.push({ at: now(), stage, recipient, reply });
    connection.reply(...reply.split('\n'));
    if (reply.startsWith('421')) end(connection);
    return false;
  };
  const closed = (connection: RawConnection): void => {
    const client = clientOf(connection);
    if (!client.isOpen) return;
    client.isOpen = false;
    open -= 1;
    limits.closed(client);
  };
  // As servers do, who count a connection no longer than they have it.
  const end = (connection: RawConnection): void => {
    connection.socket.end();
    closed(connection);
  };
  /** Whether this stage is within the limits; if not, it has been answered. */
  const passes = (connection: RawConnection, stage: RelayStage): boolean => {
    const client = clientOf(connection);
    const answer = limits.answer(stage, client);
    if (answer === undefined) return true;
    return refuse(connection, stage, client.recipient, answer);
  };
  const endOfMessage = async (connection: RawConnection): Promise<void> => {
    const client = clientOf(connection);
    const { recipient } = client;
    if (recipient === null) return connection.reply('554 5.5.1 No recipient');
    if (settings.delayMs) await sleep(settings.delayMs);
    const answer = limits.answer('dot', client);
    client.recipient = null;
    if (answer === undefined || answer === 'discard') {
      (answer ? discarded : accepted).push({ at: now(), recipient });
      connection.reply(`250 2.0.0 Ok: queued as L${accepted.length + discarded.length}`);
    } else {
      refuse(connection, 'dot', recipient, answer);
    }
  };

  const steps = {
    CONNECT: (c) => {
      if (!passes(c, 'connect')) {
        c.socket.end();
        return;
      }
      clientOf(c).isOpen = true;
      open += 1;
      mostConnections = Math.max(mostConnections, open);
      c.socket.once('close', () => closed(c));
      c.reply('220 relay.test ESMTP');
    },
    EHLO: (c) =>
      c.reply(
        '250-relay.test',
        '250-PIPELINING',
        ...(settings.auth ? ['250-AUTH PLAIN'] : []),
        '250 ENHANCEDSTATUSCODES',
      ),
    AUTH: (c) => {
      if (passes(c, 'auth')) c.reply('235 2.7.0 Ok');
    },
    MAIL: (c) => {
      const client = clientOf(c);
      client.recipient = null;
      started.push(now());
      client.sender = passes(c, 'mail');
      if (client.sender) c.reply('250 2.1.0 Ok');
    },
    RCPT: (c, line) => {
      const client = clientOf(c);
      const recipient = /<([^>]*)>/.exec(line)?.[1] ?? '';
      if (!client.sender) return c.reply('503 5.5.1 No sender');
      const attempt = (attempts.get(recipient) ?? 0) + 1;
      attempts.set(recipient, attempt);
      const answer = settings.onRcptTo?.(recipient, attempt) ?? limits.answer('rcpt', client);
      if (answer !== undefined) {
        refuse(c, 'rcpt', recipient, answer);
      } else {
        client.recipient = recipient;
        c.reply('250 2.1.5 Ok');
      }
    },
    DATA: (c) => {
      const client = clientOf(c);
      if (client.recipient === null) return c.reply('503 5.5.1 No recipient');
      if (passes(c, 'data')) c.reply('354 Go ahead');
      else client.recipient = null;
    },
    DOT: endOfMessage,
    RSET: (c) => {
      clientOf(c).recipient = null;
      c.reply('250 2.0.0 Ok');
    },
    QUIT: (c) => {
      c.reply('221 2.0.0 Bye');
      end(c);
    },
  } satisfies Record<string, (c: RawConnection, line: string) => void | Promise<void>>;

  // Commands that come behind a dot wait for its reply.
  const inOrder = Object.fromEntries(
    Object.entries(steps).map(([verb, step]) => [
      verb,
      (c: RawConnection, line: string): void => {
        const client = clientOf(c);
        client.work = client.work.then(() => step(c, line));
      },
    ]),
  ) as RawScript;
  const server = await rawSmtpServer(inOrder);
  return {
    port: server.port,
    url: `smtp://${settings.auth ? 'news:secret@' : ''}127.0.0.1:${server.port}`,
    limits,
    accepted,
    discarded,
    refused,
    started,
    get mostConnections() {
      return mostConnections;
    },
    worst: (of, perMs) =>
      worstWindow(of === 'started' ? started : accepted.map(({ at }) => at), perMs),
    countsByRecipient: () => {
      const counts = new Map<string, number>();
      for (const { recipient } of accepted) counts.set(recipient, (counts.get(recipient) ?? 0) + 1);
      return counts;
    },
    close: () => server.close(),
  };
}

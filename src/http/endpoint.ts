import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { ServeCounts, ServeEvent, UnsubscribeWay } from '../domain/serve-events.js';
import { shownToken } from '../domain/unsubscribe-token.js';
import { isDatabaseOutage } from '../errors.js';
import type { Genuine, Unsubscribes, Verified } from '../operations/unsubscribe.js';
import { BadTokenLimit } from './bad-token-limit.js';
import { formFields, MAX_BODY_BYTES, readBody } from './body.js';
import { Deadline } from './deadline.js';
import { ANSWER, type Answer, type Page, type PageWriter } from './page.js';
import * as pages from './pages.js';

/** What a request is answered with. */
export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface EndpointOptions {
  desk: Pick<Unsubscribes, 'verify' | 'addressOf' | 'unsubscribe' | 'takeBack' | 'ping'>;
  writer: PageWriter;
  /** Whether the last address of X-Forwarded-For is the client's, for a proxy of ours wrote it. */
  trustProxy: boolean;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  report(event: ServeEvent): void;
  /** What the database threw, in words without a password. */
  explain(error: unknown): unknown;
}

const METHODS = 'GET, HEAD, POST, OPTIONS';
const TRY_AGAIN_SECONDS = 30;

/**
 * Answers requests for links to unsubscribe. GET and HEAD change nothing, since scanners follow links; a POST does where
 * its body says so, as RFC 8058 has it or as the page's own form does.
 */
export class Endpoint {
  readonly counts: ServeCounts = { unsubscribed: 0, takenBack: 0, foreign: 0 };
  private readonly limit: BadTokenLimit;
  /** Since when the database has been away. */
  private awaySince: number | undefined;

  constructor(private readonly options: EndpointOptions) {
    this.limit = new BadTokenLimit(options.now);
  }

  /** @throws BrokenOff where nobody waits for an answer */
  async answer(request: IncomingMessage): Promise<Reply> {
    const path = (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';
    const method = request.method ?? '';
    if (method === 'OPTIONS') return plain(204, '', { Allow: METHODS });
    if (!['GET', 'HEAD', 'POST'].includes(method)) {
      return this.refused(405, `no such method; use ${METHODS}`, { Allow: METHODS });
    }
    const body = method === 'POST' ? await readBody(request) : '';
    if (body === null) return this.refused(413, `a body has at most ${MAX_BODY_BYTES} bytes`);
    const deadline = new Deadline(this.options.now);
    try {
      return path === '/healthz'
        ? await this.health(deadline)
        : await this.token({ request, text: lastPart(path), wished: wish(body), deadline });
    } catch (error) {
      const away = this.tell(error);
      if (path === '/healthz') return plain(503, 'the database does not answer\n');
      return this.page(away ? 503 : 500, pages.LATER, RETRY_LATER);
    }
  }

  private async health(deadline: Deadline): Promise<Reply> {
    await deadline.race(this.options.desk.ping());
    this.databaseIsBack();
    return plain(200, 'ok\n');
  }

  private async token(asked: Asked): Promise<Reply> {
    const { text, wished, deadline } = asked;
    const verified = await deadline.race(this.options.desk.verify(text));
    if (verified.is !== 'genuine') return this.foreign(verified, asked);
    const done = await (wished === 'look'
      ? this.look(verified, asked)
      : verified.isTest
        ? this.test(verified, asked)
        : wished === 'mistake'
          ? this.takeBack(verified, asked)
          : this.unsubscribe(verified, asked, wished));
    this.databaseIsBack();
    return done ?? this.foreign(verified, asked);
  }

  /** @returns undefined where the token's row is gone; the others do likewise */
  private async look(token: Genuine, { deadline }: Asked): Promise<Reply | undefined> {
    const norm = await deadline.race(this.options.desk.addressOf(token));
    return norm === undefined ? norm : this.page(200, pages.ask(token, norm));
  }

  /** A tester sees the page as recipients do, and then that nothing came of it. */
  private test({ sendId }: Genuine, { text }: Asked): Reply {
    this.options.report({ kind: 'test-token', sendId, token: shownToken(text) });
    return plain(200, 'This link is of a test mail: nothing was changed.\n');
  }

  /** What goes on after its answer does no harm by being done all the same. */
  private async unsubscribe(
    token: Genuine,
    { text, deadline }: Asked,
    way: UnsubscribeWay,
  ): Promise<Reply | undefined> {
    const { desk, report } = this.options;
    const done = await deadline.race(desk.unsubscribe(token));
    if (done === undefined) return undefined;
    if (!done.again) this.counts.unsubscribed++;
    const kind = done.again ? 'unsubscribed-already' : 'unsubscribed';
    report({ kind, sendId: token.sendId, token: shownToken(text), way });
    // Of a mail program's click nobody reads the answer.
    return way === 'one-click'
      ? plain(200, 'unsubscribed\n')
      : this.page(200, pages.done(token, done.norm));
  }

  /** Is waited for: were it done after its answer, it would undo what its reader has said since. */
  private async takeBack(token: Genuine, { text, deadline }: Asked): Promise<Reply | undefined> {
    const { desk, report } = this.options;
    const taken = await desk.takeBack(token, () => deadline.check());
    if (!taken) return undefined;
    const { norm, removed, stands } = taken;
    if (removed) this.counts.takenBack++;
    const kind = removed ? 'taken-back' : 'nothing-to-take-back';
    report({ kind, sendId: token.sendId, token: shownToken(text), stands });
    return this.page(200, (stands ? pages.stands : pages.back)(token, norm));
  }

  /** A mail provider's click has nobody who reads: it is told 200, or it would try again and again (RFC 8058 §3.2). */
  private foreign({ is }: Pick<Verified, 'is'>, { request, text, wished }: Asked): Reply {
    this.counts.foreign++;
    if (is === 'foreign' && !this.limit.allows(this.clientOf(request))) {
      return this.page(429, pages.MANY, RETRY_LATER);
    }
    const status = wished === 'one-click' ? 200 : 404;
    const way = wished === 'mistake' ? 'page' : wished;
    // What is no token at all costs nothing, so nobody limits it: it must not fill the log.
    if (is === 'unreadable') this.options.report({ kind: 'refused', status, reason: 'no token' });
    else this.options.report({ kind: 'foreign-token', token: shownToken(text), way });
    return this.page(status, pages.FOREIGN);
  }

  private clientOf(request: IncomingMessage): string {
    const own = request.socket.remoteAddress ?? '';
    if (!this.options.trustProxy) return own;
    const forwarded = String(request.headers['x-forwarded-for'] ?? '');
    const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
    return isIP(last) === 0 ? own : last;
  }

  private page(status: number, page: Page, headers: Reply['headers'] = {}): Reply {
    const { writer } = this.options;
    return {
      status,
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': writer.policy,
        ...headers,
      },
      body: writer.write(page),
    };
  }

  private refused(status: number, reason: string, headers: Reply['headers'] = {}): Reply {
    this.options.report({ kind: 'refused', status, reason });
    return plain(status, `${reason}\n`, headers);
  }

  /** @returns whether it is that the database does not answer */
  private tell(error: unknown): boolean {
    const explained = this.options.explain(error);
    const reason = explained instanceof Error ? explained.message : String(explained);
    const away = isDatabaseOutage(explained);
    if (!away) this.options.report({ kind: 'fault', reason });
    else if (this.awaySince === undefined) {
      this.awaySince = this.options.now();
      this.options.report({ kind: 'database-away', reason });
    }
    return away;
  }

  private databaseIsBack(): void {
    if (this.awaySince === undefined) return;
    const afterMs = this.options.now() - this.awaySince;
    this.awaySince = undefined;
    this.options.report({ kind: 'database-back', afterMs });
  }
}

const RETRY_LATER = { 'Retry-After': String(TRY_AGAIN_SECONDS) };

const plain = (status: number, body: string, headers: Reply['headers'] = {}): Reply => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
  body,
});

/** The token, wherever a proxy has put it. What cannot be decoded is none. */
function lastPart(path: string): string {
  const part = path.split('/').findLast((one) => one !== '') ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

type Wish = UnsubscribeWay | 'mistake' | 'look';

/** What a request asks for, by its body. */
function wish(body: string): Wish {
  const fields = formFields(body);
  if (fields.get('list-unsubscribe') === 'one-click') return 'one-click';
  const answer = fields.get(ANSWER) as Answer | undefined;
  if (answer === 'unsubscribe') return 'page';
  return answer === 'mistake' ? 'mistake' : 'look';
}

/** What is asked for with what, and until when it is to be answered. */
interface Asked {
  request: IncomingMessage;
  /** Of the token. */
  text: string;
  wished: Wish;
  deadline: Deadline;
}

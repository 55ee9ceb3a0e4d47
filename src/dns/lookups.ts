import type { MxRecord } from 'node:dns';

/** What DNS says of a name, for one type of record (RFC 2308 §2). */
export type Answer<Item> =
  | { is: 'found'; records: readonly Item[] }
  /** NODATA: there is the name, and nothing of that type. */
  | { is: 'no-data' }
  /** NXDOMAIN. */
  | { is: 'no-name' }
  /** Nothing is known of it: why, in words. */
  | { is: 'no-answer'; why: string };

/** A name that was asked for, and why nothing came of it, in words. */
export interface Unanswered {
  name: string;
  why: string;
}

/** What asks a DNS server: Node's `Resolver`. */
export interface DnsClient {
  resolveTxt(name: string): Promise<string[][]>;
  resolveMx(name: string): Promise<MxRecord[]>;
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
  resolveNs(name: string): Promise<string[]>;
  cancel(): void;
}

export interface LookupLimits {
  /** Milliseconds for all lookups together; what is open then is without an answer. */
  totalMs: number;
  maxLookups: number;
}

export const LOOKUP_LIMITS: LookupLimits = { totalMs: 10_000, maxLookups: 400 };

/** Milliseconds until a question is asked once more, and how often it is asked. */
const PATIENCE = { timeout: 1_500, tries: 2 };

/**
 * Node's resolver, which is loaded for that only.
 * @param servers `192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:5353`; none for those of the system
 */
export async function openDnsClient(servers: readonly string[]): Promise<DnsClient> {
  const { Resolver } = await import('node:dns/promises');
  const resolver = new Resolver(PATIENCE);
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}

/**
 * Lends lookups to `work`, and ends what is open of them when it has ended.
 * @throws what the signal was aborted with, and what `work` throws
 */
export async function withLookups<Result>(
  client: DnsClient,
  signal: AbortSignal,
  work: (lookups: Lookups) => Promise<Result>,
  limits: LookupLimits = LOOKUP_LIMITS,
): Promise<Result> {
  signal.throwIfAborted();
  const end = new AbortController();
  const stop = (): void => end.abort(signal.reason);
  const timer = setTimeout(() => end.abort(undefined), limits.totalMs);
  signal.addEventListener('abort', stop);
  try {
    const lookups = new Lookups(client, end.signal, limits);
    lookups.greet();
    const result = await work(lookups);
    signal.throwIfAborted();
    return result;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    client.cancel();
  }
}

/** Questions to DNS, each asked once. None fails: one without an answer is kept in `unanswered`. */
export class Lookups {
  readonly #answers = new Map<string, Promise<Answer<unknown>>>();
  readonly #failures = new Map<string, string>();
  /** Resolves when nothing is waited for any more. */
  readonly #ended: Promise<{ code: string }>;
  #hasAnswered = false;
  /** Whether a server has said anything, be it that it does not answer. */
  #hasSpoken = false;
  /** The code of the error by which it became clear that no server answers. */
  #silence: string | undefined;

  constructor(
    private readonly client: DnsClient,
    private readonly end: AbortSignal,
    private readonly limits: LookupLimits,
  ) {
    this.#ended = new Promise((resolve) => {
      end.addEventListener('abort', () => resolve({ code: LATE }), { once: true });
    });
  }

  /**
   * Asks what every resolver knows: so a server that is silent is told from one that waits for those of a domain, which
   * are. Where it says nothing by the time that another question has gone without an answer, nothing else is asked.
   */
  greet(): void {
    void this.#ask('NS', '.', async (root) => this.client.resolveNs(root));
  }

  /** TXT records, the strings of each joined without anything between (RFC 7208 §3.3, RFC 6376 §3.6.2.2). */
  txt(name: string): Promise<Answer<string>> {
    const ask = async (asked: string): Promise<string[]> =>
      (await this.client.resolveTxt(asked)).map((strings) => strings.join(''));
    return this.#noted(name, this.#ask('TXT', name, ask));
  }

  mx(name: string): Promise<Answer<MxRecord>> {
    return this.#noted(
      name,
      this.#ask('MX', name, async (asked) => this.client.resolveMx(asked)),
    );
  }

  /** IPv4 and IPv6 addresses. */
  addresses(name: string): Promise<Answer<string>> {
    return this.#noted(name, this.#bothAddresses(name));
  }

  async #bothAddresses(name: string): Promise<Answer<string>> {
    const both = await Promise.all([
      this.#ask('A', name, async (asked) => this.client.resolve4(asked)),
      this.#ask('AAAA', name, async (asked) => this.client.resolve6(asked)),
    ]);
    const records = both.flatMap((answer) => (answer.is === 'found' ? answer.records : []));
    if (records.length > 0) return { is: 'found', records };
    return both.find(({ is }) => is === 'no-answer') ?? both[0];
  }

  async #noted<Item>(name: string, asked: Promise<Answer<Item>>): Promise<Answer<Item>> {
    const answer = await asked;
    if (answer.is === 'no-answer') this.#failures.set(name, answer.why);
    return answer;
  }

  /** What has had no answer so far. */
  get unanswered(): readonly Unanswered[] {
    return [...this.#failures].map(([name, why]) => ({ name, why }));
  }

  /** Whether any question has been answered, be it that there is nothing. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  #ask<Item>(
    type: string,
    given: string,
    ask: (name: string) => Promise<Item[]>,
  ): Promise<Answer<Item>> {
    const name = given.toLowerCase().replace(/(?<=.)\.$/, '');
    const key = `${type} ${name}`;
    let answer = this.#answers.get(key) as Promise<Answer<Item>> | undefined;
    if (!answer) {
      answer = this.#answerOf(name, ask);
      this.#answers.set(key, answer);
    }
    return answer;
  }

  async #answerOf<Item>(
    name: string,
    ask: (name: string) => Promise<Item[]>,
  ): Promise<Answer<Item>> {
    const outcome = await this.#outcome(name, ask);
    if (Array.isArray(outcome)) {
      this.#hasAnswered = true;
      return outcome.length > 0 ? { is: 'found', records: outcome } : { is: 'no-data' };
    }
    const { code } = outcome;
    const none = NOTHING_THERE[code];
    if (none) {
      this.#hasAnswered ||= code !== UNWRITABLE;
      return { is: none };
    }
    this.#hasSpoken ||= SPOKEN.has(code);
    const hasSpoken = this.#hasSpoken || this.#hasAnswered;
    if (!hasSpoken && SILENCE.has(code)) this.#silence ??= code;
    return { is: 'no-answer', why: WORDS[code] ?? `the lookup failed (${code})` };
  }

  async #outcome<Item>(
    name: string,
    ask: (name: string) => Promise<Item[]>,
  ): Promise<Item[] | { code: string }> {
    if (this.end.aborted) return { code: LATE };
    if (this.#silence !== undefined) return { code: this.#silence };
    if (this.#answers.size >= this.limits.maxLookups) return { code: TOO_MANY };
    const asked = ask(name).catch((error: unknown) => ({ code: codeOf(error) }));
    return Promise.race([asked, this.#ended]);
  }
}

const LATE = 'LATE';
const TOO_MANY = 'TOO_MANY';
/** A name that cannot stand in a question, and so in no zone. */
const UNWRITABLE = 'EBADNAME';

const NOTHING_THERE: Record<string, 'no-data' | 'no-name'> = {
  ENODATA: 'no-data',
  ENOTFOUND: 'no-name',
  [UNWRITABLE]: 'no-name',
};

const SPOKEN: ReadonlySet<string> = new Set([
  'ESERVFAIL',
  'EREFUSED',
  'ENOTIMP',
  'EFORMERR',
  'EBADRESP',
]);

/** By which of them, where no server has spoken, no other question is asked. */
const SILENCE: ReadonlySet<string> = new Set(['ETIMEOUT', 'ECONNREFUSED']);

const WORDS: Record<string, string> = {
  ESERVFAIL:
    'the DNS server answers with an error, its own or of the servers of the domain (SERVFAIL)',
  EREFUSED: 'the DNS server refuses to answer (REFUSED)',
  ENOTIMP: 'the DNS server does not know such questions (NOTIMP)',
  EFORMERR: 'the DNS server does not understand the question (FORMERR)',
  EBADRESP: 'the answer of the DNS server is malformed',
  ETIMEOUT: 'no answer came',
  ECONNREFUSED: 'nothing listens at the address of the DNS server',
  ECANCELLED: 'no answer came in time',
  [LATE]: 'no answer came in time',
  [TOO_MANY]: 'it would have taken more lookups than are made at once',
};

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : String(error);
}

/**
 * What a relay takes, and what it says of more, as providers do. Imports nothing, so that a server that is a process of
 * its own can have it, too.
 */
export type RelayStage = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'dot';

/** Where a relay refuses, and its lines, separated by \n; `{id}` becomes another one each time, as Gmail's do. */
export interface Refusal {
  at: RelayStage;
  reply: string;
}

/** At most so many messages in any window of this length; more are refused or, as cPanel does, accepted and discarded. */
export interface Quota extends Refusal {
  messages: number;
  perMs: number;
  discards?: true;
  /** What is refused counts, too, as with Exim's `strict`: who goes on trying stays out. */
  strict?: true;
}

export interface RelaySettings {
  quotas?: readonly Quota[];
  /** So many connections at a time; one more hears the reply for as long as the others are open. */
  connections?: Refusal & { atOnce: number };
  /** So many messages over one connection. */
  perConnection?: { messages: number; reply: string };
}

/** A connection as its relay sees it. */
export interface RelayClient {
  messages: number;
}

/** The most of these times, which ascend, that lie in any window of this length. */
export function worstWindow(times: readonly number[], lengthMs: number): number {
  let worst = 0;
  let from = 0;
  for (const [i, time] of times.entries()) {
    while (time - (times[from] as number) >= lengthMs) from++;
    worst = Math.max(worst, i - from + 1);
  }
  return worst;
}

/** Keeps a relay's limits. A limit that stands at `connect` or `auth` is told at MAIL over connections that are open. */
export class RelayLimits {
  /** While set, the relay's limit is reached, whatever has been sent. */
  exhausted: Refusal | null = null;
  private readonly uses = new Map<Quota, number[]>();
  private readonly within = new Set<RelayClient>();
  private ids = 0;

  constructor(
    public settings: RelaySettings,
    /** Milliseconds, by a clock that only goes on. */
    private readonly now: () => number,
  ) {}

  /**
   * What the relay says at this stage in place of a yes. A message is counted at the stage of its limit, at MAIL where
   * that comes before it.
   * @returns nothing where it is within the limits; `discard` for a yes to a message that nobody will get
   */
  answer(stage: RelayStage, client: RelayClient): string | 'discard' | undefined {
    const { quotas = [], connections, perConnection } = this.settings;
    if (connections?.at === stage && !this.admits(client, connections.atOnce)) {
      return this.words(connections.reply);
    }
    const due = (at: RelayStage): boolean =>
      at === stage || (stage === 'mail' && (at === 'connect' || at === 'auth'));
    if (this.exhausted && due(this.exhausted.at)) return this.words(this.exhausted.reply);
    if (stage === 'mail' && perConnection) {
      if (client.messages >= perConnection.messages) return this.words(perConnection.reply);
      client.messages += 1;
    }
    const here = quotas.filter(({ at }) => due(at));
    const full = here.find((quota) => this.isFull(quota));
    if (stage !== 'connect' && stage !== 'auth') {
      for (const quota of here) if (!full || quota.strict) this.usesOf(quota).push(this.now());
    }
    if (!full) return undefined;
    return full.discards ? 'discard' : this.words(full.reply);
  }

  closed(client: RelayClient): void {
    this.within.delete(client);
  }

  private admits(client: RelayClient, atOnce: number): boolean {
    if (this.within.has(client) || this.within.size < atOnce) this.within.add(client);
    return this.within.has(client);
  }

  private isFull(quota: Quota): boolean {
    const since = this.now() - quota.perMs;
    const uses = this.usesOf(quota).filter((at) => at > since);
    this.uses.set(quota, uses);
    return uses.length >= quota.messages;
  }

  private usesOf(quota: Quota): number[] {
    const uses = this.uses.get(quota) ?? [];
    this.uses.set(quota, uses);
    return uses;
  }

  private words(reply: string): string {
    this.ids += 1;
    return reply.replaceAll('{id}', `a640c23a62f3a-b7${this.ids.toString(16)}si${9 * this.ids}edc`);
  }
}

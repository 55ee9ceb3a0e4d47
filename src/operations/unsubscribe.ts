import { type NewSuppression, UNSUBSCRIBE_SOURCE } from '../domain/suppression.js';
import { addressNorm } from '../domain/test-mail.js';
import {
  genuineTokensOf,
  parseUnsubscribeToken,
  type UnsubscribeToken,
} from '../domain/unsubscribe-token.js';
import { parseSender } from '../message/sender.js';
import type { Database } from '../store/mysql/database.js';
import { isSuppressed } from '../store/suppressions/look-up.js';
import { suppress } from '../store/suppressions/suppress.js';
import { readAddresses, readUnsubscribableSends, removeOwn } from '../store/unsubscribes.js';
import { GroupCommit } from './group-commit.js';
import { SUPPRESSION_SESSIONS } from './suppressions.js';
import type { Workspace } from './workspace.js';

/** Sessions of an endpoint whose callers do not wait for long. */
const SESSIONS = {
  ...SUPPRESSION_SESSIONS,
  connections: 4,
  statementTimeoutMs: 5_000,
  writableOnly: true,
} as const;

/** A no waits for others so long, and at most so many are one transaction. */
const GATHER_MS = 15;
const GROUP = 1000;
/** Sends whose secrets are remembered. */
const SENDS = 1000;

const reasonOf = ({ sendId }: Genuine): string => `unsubscribed from send ${sendId}`;

/** What a genuine token says. */
export interface Genuine {
  sendId: number;
  seq: number;
  /** What the no is to; empty: to everything. */
  topic: string;
  /** The name that the send is from, or its address where it has none. */
  sender: string;
  /** Whether it is of a test mail: it changes nothing. */
  isTest: boolean;
}

/** A token of ours, one that could be but is not, or no token at all. */
export type Verified = ({ is: 'genuine' } & Genuine) | { is: 'foreign' } | { is: 'unreadable' };

/** A recipient who is suppressed by now. */
export interface Unsubscribed {
  /** As the ledger compares addresses. */
  norm: string;
  /** Whether a no of theirs was there already. */
  again: boolean;
}

/** What taking back came to. */
export interface TakenBack {
  norm: string;
  /** Whether there was something of this token's to remove. */
  removed: boolean;
  /** Whether something else still keeps the address from being mailed. */
  stands: boolean;
}

interface KnownSend extends Pick<Genuine, 'topic' | 'sender' | 'isTest'> {
  isGenuine(token: UnsubscribeToken): boolean;
}

/** Sees to it that a recipient's no, which comes with a token, is kept. */
export class Unsubscribes {
  private readonly sends = new Map<number, KnownSend>();
  private readonly group: GroupCommit<Genuine, Unsubscribed | undefined>;
  /** Forged ids are all unknown: however many there are, they take one session at a time. */
  private readonly unknown: GroupCommit<number, KnownSend | undefined>;

  private constructor(private readonly database: Database) {
    this.group = new GroupCommit((all) => this.suppressAll(all), GATHER_MS, GROUP);
    this.unknown = new GroupCommit((ids) => this.readSends(ids), 0, GROUP);
  }

  /** @throws CampaignError DATABASE_UNREACHABLE, DATABASE_REFUSED, SCHEMA_MISMATCH */
  static async open(workspace: Workspace): Promise<Unsubscribes> {
    return new Unsubscribes(await workspace.database(SESSIONS));
  }

  /** @throws whatever the database throws; all the others do, too */
  async verify(text: string): Promise<Verified> {
    const token = parseUnsubscribeToken(text);
    if (!token) return { is: 'unreadable' };
    const { sendId, seq } = token;
    const send = await this.sendOf(sendId);
    if (!send?.isGenuine(token)) return { is: 'foreign' };
    const { topic, sender, isTest } = send;
    return { is: 'genuine', sendId, seq, topic, sender, isTest };
  }

  /** The recipient, as the ledger compares addresses; undefined when the row is gone. */
  async addressOf(token: Genuine): Promise<string | undefined> {
    const [norm] = await readAddresses(this.database, [token]);
    return norm === undefined || !token.isTest ? norm : addressNorm(norm);
  }

  /**
   * Resolves when it is committed that the recipient is not mailed any more, about the send's topic or, where it has none,
   * at all.
   * @returns undefined when the row is gone, or is a test
   */
  unsubscribe(token: Genuine): Promise<Unsubscribed | undefined> {
    return this.group.add(token);
  }

  /**
   * Removes what this token made, and nothing else.
   * @param mayCommit asked just before: what it throws leaves everything as it is
   * @returns undefined when the row is gone, or is a test
   */
  async takeBack(token: Genuine, mayCommit: () => void): Promise<TakenBack | undefined> {
    const { topic, isTest } = token;
    const norm = await this.addressOf(token);
    if (norm === undefined || isTest) return undefined;
    const made = { source: UNSUBSCRIBE_SOURCE, reason: reasonOf(token) };
    const removed = await removeOwn(this.database, { emailNorm: norm, topic }, made, mayCommit);
    return { norm, removed, stands: await isSuppressed(this.database, norm, topic) };
  }

  /** Whether the database answers. */
  async ping(): Promise<void> {
    await this.database.rows('SELECT 1');
  }

  private async suppressAll(tokens: readonly Genuine[]): Promise<(Unsubscribed | undefined)[]> {
    const norms = await readAddresses(this.database, tokens);
    const entries = tokens.map((token, index): NewSuppression | undefined => {
      const emailNorm = norms[index];
      if (emailNorm === undefined || token.isTest) return undefined;
      return {
        emailNorm,
        topic: token.topic,
        reason: reasonOf(token),
        source: UNSUBSCRIBE_SOURCE,
      };
    });
    const fresh = new Set<NewSuppression>();
    await suppress(
      this.database,
      entries.filter((entry) => entry !== undefined),
      (written) => {
        for (const entry of written) fresh.add(entry);
      },
    );
    return entries.map((entry) => entry && { norm: entry.emailNorm, again: !fresh.has(entry) });
  }

  /** A send's secret and topic never change, its sender hardly ever. */
  private async sendOf(sendId: number): Promise<KnownSend | undefined> {
    return this.sends.get(sendId) ?? this.unknown.add(sendId);
  }

  /** What is not there is asked for again: it may be queued in the next moment. */
  private async readSends(sendIds: readonly number[]): Promise<(KnownSend | undefined)[]> {
    const found = await readUnsubscribableSends(this.database, sendIds);
    for (const [sendId, { from, topic, secret, isTest }] of found) {
      const { name, address } = parseSender(from);
      const [oldest] = this.sends.keys();
      if (this.sends.size >= SENDS && oldest !== undefined) this.sends.delete(oldest);
      this.sends.set(sendId, {
        topic,
        isTest,
        sender: name === '' ? address : name,
        isGenuine: genuineTokensOf(sendId, secret),
      });
    }
    return sendIds.map((sendId) => this.sends.get(sendId));
  }
}

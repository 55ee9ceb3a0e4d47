import type { ClaimedSend } from '../../domain/claim.js';
import { elapsedMs } from '../../domain/lease.js';
import type { Recipient } from '../../domain/recipient.js';
import type { Verdict } from '../../domain/verdict.js';
import type { ServerSign } from '../dispatch/server-health.js';
import type { Limited, Probe } from '../hold/probe.js';
import type { InFlight } from './in-flight.js';
import { type InterpretRules, interpret } from './interpret.js';
import type { OpenSend } from './open-sends.js';
import type { SelfPause } from './self-pause.js';
import type { BatchTools } from './tools.js';

/** Results wait at most this long to be recorded together with more. */
const GATHER_MS = 10;

/** What comes of a batch's messages: weighed, and kept until it is recorded together with more. */
export class Results {
  /** A limit of the relay's that ends the send, where one does. */
  limit: Limited | null = null;
  /** Until when what has come may wait for more, by the monotonic clock. */
  private gathersUntil = 0;
  private readonly rules: InterpretRules;

  constructor(
    private readonly openSend: OpenSend,
    private readonly inFlight: InFlight,
    private readonly selfPause: SelfPause,
    private readonly tools: BatchTools,
    private readonly wake: () => void,
    private readonly probe: Probe | null,
    { maxAttempts, startedMsAgo }: ClaimedSend,
  ) {
    const { retry, random, hold, giveUpMs, clock, isBrief } = tools;
    const { sendId, goesFirst } = openSend;
    const claimedAt = clock();
    this.rules = {
      sendId,
      maxAttempts,
      retry,
      random,
      relay: {
        accepted: (wasTold) => hold.accepted(wasTold),
        acceptedSince: ({ seq, dueAt }) => hold.acceptedSince(inFlight.acceptedBefore(seq), dueAt),
        acceptedBeside: ({ seq, dueAt }) =>
          hold.acceptedBeside(inFlight.acceptedBefore(seq), dueAt),
        isLimitOfTime: () => isBrief || hold.isLimitOfTime,
        limited: (row, verdict) => hold.limited(row, verdict),
        // What a tester's own mailbox says stops nobody else.
        deferred: (row, verdict, delayMs) =>
          goesFirst ? null : hold.deferred(row, verdict, delayMs),
      },
      endsAtLimit: goesFirst,
      givesUp: () =>
        hold.silentMs >= giveUpMs && startedMsAgo + elapsedMs(claimedAt, clock()) >= giveUpMs,
    };
  }

  /** Whether the send began, and the relay has accepted nothing for, as long as anybody is tried on. */
  get givesUp(): boolean {
    return this.rules.givesUp();
  }

  /**
   * Whether to wait a moment for more results, so that a transaction records and marks many rows. While it is under way
   * the connections live on the rows that wait for one: so those are to be more than the results, which are marked rows
   * that nobody can send.
   */
  get gather(): boolean {
    return this.inFlight.toRecord > 0 && !this.areEnough && this.gatherMs > 0;
  }

  /** Whether what has come need not wait for more. */
  get areEnough(): boolean {
    return this.inFlight.toRecord >= this.inFlight.queued;
  }

  /** Milliseconds that what has come may wait for more. */
  get gatherMs(): number {
    return this.gathersUntil - this.tools.clock().monotonic;
  }

  /** @returns what it tells of the server */
  settle(recipient: Recipient, heard: Verdict): { sign: ServerSign; reason: string } {
    const { dispatcher, clock, report } = this.tools;
    const { sendId, watch } = this.openSend;
    const probe = this.probe?.isOver === false ? this.probe : null;
    const verdict = probe?.read(heard) ?? heard;
    probe?.hear(verdict);
    const { settlement, sign, pause } = interpret(recipient, verdict, watch, this.rules);
    if (verdict.kind === 'limited' && this.rules.endsAtLimit) this.limit ??= verdict;
    if (pause && !dispatcher.isCut) this.selfPause.for(pause.reason, pause.giveBack);
    if (this.inFlight.toRecord === 0) this.gathersUntil = clock().monotonic + GATHER_MS;
    this.inFlight.came(settlement);
    if (settlement.to === 'failed') this.openSend.noMailboxes.tell(recipient, verdict);
    report({
      kind: 'message',
      sendId,
      email: recipient.email,
      outcome: settlement.to,
      text: 'text' in verdict ? verdict.text : verdict.kind === 'sent' ? verdict.reply.text : '',
    });
    // The time to gather is over without a call: from the first result on it is what the batch waits for.
    if (this.inFlight.toRecord === 1 || this.areEnough) this.wake();
    return { sign, reason: verdict.kind === 'server' ? verdict.text : '' };
  }
}

import { domainOf } from '../../domain/address.js';
import { refusalKey, tellsOfSomebody } from '../../domain/likeness.js';
import type { WatchedRow } from '../../domain/quota-watch.js';
import { type Recipient, wasTold } from '../../domain/recipient.js';
import type { RefusalWatch, Run } from '../../domain/refusal-watch.js';
import { MESSAGE_STAGES } from '../../domain/reply-rules.js';
import { type RetryPolicy, retryDelayMs } from '../../domain/retry-delay.js';
import type { Refusal, Settlement } from '../../domain/settlement.js';
import type { Verdict } from '../../domain/verdict.js';
import type { ServerSign } from '../dispatch/server-health.js';

/** A row that met server trouble is due again after this long. */
const UNTOUCHED_DELAY_MS = 5_000;
/** Replies of a limit that are the relay's, before one is the row's: others were accepted between them. */
const LIMITED_FREE = 2;
/**
 * The same where rows that were told so are accepted later, or nobody of their send is: then it is a limit of a time or of a
 * sender, as far as can be known.
 */
const LIMITED_FREE_OF_TIME = 20;

type Of<Kind extends Verdict['kind']> = Extract<Verdict, { kind: Kind }>;

/** What a verdict means for the row, for the server, and for the send. */
export interface Interpretation {
  settlement: Settlement;
  sign: ServerSign;
  /** The send is to pause itself; `giveBack` are rows refused through no fault of theirs, and may still grow. */
  pause?: { reason: string; giveBack: Run | null };
}

/** What is known of the relay, over all sends. */
export interface RelaySense {
  /** @param wasTold whether it had told of a limit for the row before */
  accepted(wasTold: boolean): void;
  /** Whether it has accepted a message since the row was due. */
  acceptedSince(recipient: Recipient): boolean;
  /** The same for a row told of a limit, but for what ended a hold: it may have been all that the relay took. */
  acceptedBeside(recipient: Recipient): boolean;
  /** Whether a row that was told of a limit has been accepted lately, or may have been unseen. */
  isLimitOfTime(): boolean;
  /** A row was told of a limit of the relay's. @returns when it is due again, in milliseconds */
  limited(row: WatchedRow, verdict: Of<'limited'>): number;
  /**
   * A row was deferred.
   * @param delayMs after which it is to be tried again
   * @returns after how long it is to be tried again, whatever its attempts, to find out what is deferred here; or null
   */
  deferred(row: WatchedRow, verdict: Of<'deferred'>, delayMs: number): number | null;
}

/** Where nothing is known of it: what was recorded by somebody who is dead. */
export const NO_SENSE: RelaySense = {
  accepted: () => undefined,
  acceptedSince: () => false,
  acceptedBeside: () => false,
  isLimitOfTime: () => false,
  limited: () => UNTOUCHED_DELAY_MS,
  deferred: () => null,
};

export interface InterpretRules {
  sendId: number;
  maxAttempts: number;
  retry: RetryPolicy;
  random: () => number;
  relay: RelaySense;
  /** Whether the send began, and the relay has accepted nothing for, so long that nobody is tried on beyond his attempts. */
  givesUp: () => boolean;
  /** Where somebody waits for its outcome: a limit of the relay's is one, and nothing is waited for. */
  endsAtLimit?: boolean;
}

/** Weighs a verdict against what the send has met before, which `watch` remembers. */
export function interpret(
  recipient: Recipient,
  verdict: Verdict,
  watch: RefusalWatch,
  rules: InterpretRules,
): Interpretation {
  const { seq } = recipient;
  switch (verdict.kind) {
    case 'sent': {
      watch.succeeded(seq);
      rules.relay.accepted(wasTold(recipient));
      const { code, enhanced, text } = verdict.reply;
      return { settlement: { seq, to: 'sent', code, enhanced, text }, sign: 'well' };
    }
    case 'failed': {
      const { code, enhanced, text } = verdict;
      return {
        settlement: { seq, to: 'failed', code, enhanced, text },
        sign: code === null ? 'nothing' : 'well',
        ...blockBy(recipient, verdict, watch),
      };
    }
    case 'deferred':
      return {
        settlement: deferralHeard(recipient, verdict, rules),
        sign: 'well',
        ...blockBy(recipient, verdict, watch),
      };
    case 'limited':
      return limit(recipient, verdict, watch, rules);
    case 'unknown': {
      const { text } = verdict;
      watch.settled(seq);
      return {
        settlement: { seq, to: 'unknown', code: null, enhanced: null, text },
        sign: 'nothing',
        ...(watch.lostReply() && {
          pause: { reason: `replies lost in a row: ${text}`, giveBack: null },
        }),
      };
    }
    case 'server': {
      if (verdict.broke && watch.broke(seq)) {
        const text = `the line broke three times on this message: ${verdict.text}`;
        const refusal = { code: verdict.code, enhanced: null, text };
        return { settlement: deferral(recipient, refusal, rules, true), sign: 'nothing' };
      }
      // In mid-message it may be this row that is always told so: then somebody is to be called in the end.
      return {
        settlement: { seq, to: 'returned', delayMs: UNTOUCHED_DELAY_MS },
        ...(verdict.pause
          ? { sign: 'nothing', pause: { reason: verdict.text, giveBack: null } }
          : { sign: verdict.crowded && !verdict.broke ? 'crowded' : 'trouble' }),
      };
    }
    case 'untouched':
      return { settlement: { seq, to: 'returned', delayMs: 0 }, sign: 'nothing' };
  }
}

/** Whether this refusal makes a block of those before it: then the send pauses. */
function blockBy(
  recipient: Recipient,
  verdict: Extract<Verdict, { kind: 'failed' | 'deferred' }>,
  watch: RefusalWatch,
): Pick<Interpretation, 'pause'> {
  watch.settled(recipient.seq);
  const key = refusalKey(verdict);
  if (key === null) return {};
  const forNow = verdict.code !== null && verdict.code < 500;
  const run = watch.refused(recipient, key, forNow);
  if (run === null) return {};
  return {
    pause: { reason: `${run.attempts.size} refusals alike: ${verdict.text}`, giveBack: run },
  };
}

/** The relay's limit is nobody's fault, unless others are accepted while one row is told of it again and again. */
function limit(
  recipient: Recipient,
  verdict: Of<'limited'>,
  watch: RefusalWatch,
  rules: InterpretRules,
): Interpretation {
  const { seq } = recipient;
  const before = recipient.limited ?? 0;
  const inMessage = MESSAGE_STAGES.includes(verdict.stage);
  const sign = inMessage || verdict.stage === 'mail' ? 'well' : 'nothing';
  if (rules.endsAtLimit) {
    const { code, enhanced, text } = verdict;
    return { settlement: { seq, to: 'failed', code, enhanced, text }, sign };
  }
  const counts = before === 0 || rules.relay.acceptedBeside(recipient);
  const isSenders = watch.limited(seq);
  // Who was charged before had his time: no recipient's words are to hold everybody for days.
  const mayBeOfTime = recipient.attempts === 0 && (isSenders || rules.relay.isLimitOfTime());
  const free = mayBeOfTime ? LIMITED_FREE_OF_TIME : LIMITED_FREE;
  if (inMessage && ((counts && before >= free) || rules.givesUp())) {
    return { settlement: deferral(recipient, verdict, rules, true), sign };
  }
  const delayMs = rules.relay.limited(watched(recipient, rules), verdict);
  const times = Math.min(counts ? before + 1 : before, LIMITED_FREE_OF_TIME);
  return { settlement: { seq, to: 'limited', delayMs, times }, sign };
}

/** Refused for now, in words that the relay may have for everybody. */
function deferralHeard(
  recipient: Recipient,
  verdict: Of<'deferred'>,
  rules: InterpretRules,
): Settlement {
  const settlement = deferral(recipient, verdict, rules, tellsOfSomebody(verdict));
  const usual = settlement.to === 'deferred' ? settlement.delayMs : Number.POSITIVE_INFINITY;
  const delayMs = rules.relay.deferred(watched(recipient, rules), verdict, usual);
  if (delayMs === null) return settlement;
  const { code, enhanced, text } = verdict;
  return { seq: recipient.seq, to: 'deferred', code, enhanced, text, delayMs };
}

const watched = (
  { seq, emailNorm, attempts }: Recipient,
  { sendId }: InterpretRules,
): WatchedRow => ({
  sendId,
  seq,
  domain: domainOf(emailNorm),
  attempts,
});

/**
 * Refused for now: tried again later, until the attempts are used up. Where the relay accepts nobody meanwhile, it may be
 * the relay that refuses: then the row is tried on, for as long as its send may take.
 * @param isKnown it is known that it is not the relay's limit
 */
function deferral(
  recipient: Recipient,
  { code, enhanced, text }: Refusal,
  { maxAttempts, retry, random, relay, givesUp }: InterpretRules,
  isKnown: boolean,
): Settlement {
  const { seq, attempts } = recipient;
  const isLast = attempts + 1 >= maxAttempts;
  if (isLast && (isKnown || relay.acceptedSince(recipient) || givesUp())) {
    return { seq, to: 'failed', code, enhanced, text };
  }
  const delayMs = isLast
    ? retryDelayMs(Number.POSITIVE_INFINITY, retry, random())
    : retryDelayMs(attempts + 1, retry, random());
  return { seq, to: 'deferred', code, enhanced, text, delayMs };
}

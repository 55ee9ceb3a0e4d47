import { refusalKey } from '../../domain/likeness.js';
import type { Recipient } from '../../domain/recipient.js';
import type { RefusalWatch, Run } from '../../domain/refusal-watch.js';
import { MESSAGE_STAGES } from '../../domain/reply-rules.js';
import { type RetryPolicy, retryDelayMs } from '../../domain/retry-delay.js';
import type { Settlement } from '../../domain/settlement.js';
import type { Verdict } from '../../domain/verdict.js';
import type { ServerSign } from '../dispatch/dispatcher.js';

/** A row that met server trouble is due again after this long. */
const UNTOUCHED_DELAY_MS = 5_000;

/** What a verdict means for the row, for the server, and for the send. */
export interface Interpretation {
  settlement: Settlement;
  sign: ServerSign;
  /** The send is to pause itself; `giveBack` are rows refused through no fault of theirs, and may still grow. */
  pause?: { reason: string; giveBack: Run | null };
}

export interface InterpretRules {
  maxAttempts: number;
  retry: RetryPolicy;
  random: () => number;
}

interface Refusal {
  code: number | null;
  enhanced: string | null;
  text: string;
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
        settlement: deferral(recipient, verdict, rules),
        sign: 'well',
        ...blockBy(recipient, verdict, watch),
      };
    case 'limited': {
      const { stage, code, enhanced, text } = verdict;
      return MESSAGE_STAGES.includes(stage)
        ? interpret(recipient, { kind: 'deferred', code, enhanced, text }, watch, rules)
        : {
            settlement: { seq, to: 'returned', delayMs: UNTOUCHED_DELAY_MS },
            sign: 'trouble',
          };
    }
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
        return { settlement: deferral(recipient, refusal, rules), sign: 'nothing' };
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

/** Refused for now: tried again later, until the attempts are used up. */
function deferral(
  { seq, attempts }: Recipient,
  { code, enhanced, text }: Refusal,
  { maxAttempts, retry, random }: InterpretRules,
): Settlement {
  if (attempts + 1 >= maxAttempts) return { seq, to: 'failed', code, enhanced, text };
  const delayMs = retryDelayMs(attempts + 1, retry, random());
  return { seq, to: 'deferred', code, enhanced, text, delayMs };
}

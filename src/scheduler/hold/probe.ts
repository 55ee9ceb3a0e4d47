import { likeness, saysTheSame } from '../../domain/likeness.js';
import type { DeferredAlike } from '../../domain/quota-watch.js';
import type { Hold, LimitKind } from '../../domain/relay.js';
import { formatReply } from '../../domain/reply.js';
import type { Verdict } from '../../domain/verdict.js';

/** Rows that are asked for an answer: one that is refused itself gives none. */
const ROWS_AT_MOST = 5;

export type Limited = Extract<Verdict, { kind: 'limited' }>;
export type Deferred = Extract<Verdict, { kind: 'deferred' }>;

/** First tries deferred alike, of which one is to be tried again before anything fresh is. */
export interface Canary {
  alike: DeferredAlike;
  /** The last of them. */
  deferred: Deferred;
  /** When it is to be tried again, by the monotonic clock. */
  at: number;
  /** How often there was none to be tried. */
  misses: number;
}

/** The rows that are to be tried again: of the send of the last one; where there was none, of the next one's. */
export function rowsOf({ alike, misses }: Canary): { sendId: number; seqs: readonly number[] } {
  const sends = [...alike.runs.keys()];
  const sendId = sends[sends.length - 1 - (misses % sends.length)] as number;
  return { sendId, seqs: [...(alike.runs.get(sendId)?.attempts.keys() ?? [])] };
}

/** What is to be found out: whether a hold of the relay can end, or what many deferrals alike mean. */
export type Question =
  | { kind: 'hold'; hold: Hold; limit: LimitKind; by: string }
  | { kind: 'canary'; canary: Canary; seqs: readonly number[] };

/** A batch that sends one message at a time, to find out whether the relay takes any. */
export class Probe {
  /** Nothing is known yet, or never will be. */
  answer: 'accepted' | Limited | null = null;
  /** What follows from the answer is done: the batch goes on as any other, or ends. */
  isOver = false;
  /** It is not ours any more: nothing else starts for it. */
  isLost = false;
  private tried = 0;
  private inTrouble = false;

  constructor(readonly question: Question) {}

  /** Whether it was given back as it was taken. */
  get isUntried(): boolean {
    return this.tried === 0 && !this.inTrouble;
  }

  /** Whether no more rows are to be tried. */
  get isDecided(): boolean {
    const { answer, inTrouble, isLost, tried } = this;
    return answer !== null || inTrouble || isLost || tried >= ROWS_AT_MOST;
  }

  /** The verdict as it is to be read here: deferred in the words of the hold, it is the relay that defers. */
  read(verdict: Verdict): Verdict {
    return verdict.kind === 'deferred' && this.isTheSame(verdict)
      ? {
          kind: 'limited',
          limit: this.question.kind === 'hold' ? this.question.limit : 'quota',
          stage: 'rcpt',
          code: verdict.code ?? 0,
          enhanced: verdict.enhanced,
          text: verdict.text,
        }
      : verdict;
  }

  /** @param verdict as it was read */
  hear(verdict: Verdict): void {
    if (verdict.kind === 'untouched') return;
    this.tried += 1;
    if (verdict.kind === 'sent') this.answer = 'accepted';
    else if (verdict.kind === 'limited') this.answer = verdict;
    else if (verdict.kind === 'server') this.inTrouble = true;
  }

  private isTheSame(verdict: Deferred): boolean {
    const { question } = this;
    return question.kind === 'hold'
      ? saysTheSame(wordsOf(verdict), question.hold.reason)
      : likeness(verdict) === question.canary.alike.key;
  }
}

/** What a relay said, as a hold's reason has it. */
export const wordsOf = ({ code, enhanced, text }: Limited | Deferred): string =>
  formatReply({ code: code ?? 0, enhanced, text });

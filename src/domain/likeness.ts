import { subjectOf } from './subjects.js';
import type { Verdict } from './verdict.js';

type Refusal = Pick<
  Extract<Verdict, { kind: 'failed' | 'deferred' }>,
  'kind' | 'code' | 'enhanced' | 'text'
>;

/** Tries that words of greylisting explain. */
const GREYLISTED_TRIES = 2;

/** What differs from one recipient to the next in what is otherwise the same refusal. */
const VARYING: readonly RegExp[] = [
  /https?:\/\/\S+/g,
  /<[^>]*>/g,
  /"[^"]*"|'[^']*'/g,
  /\S+@\S+/g,
  /[\w.+:/=-]*\d[\w.+:/=-]*/g,
];

/**
 * Key under which refusals count as identical: code, enhanced code and words but for addresses, ids, numbers and
 * quoted strings. Null for what is about the one recipient, for a poor list is not a block, and for what is refused
 * for now in words that don't tell of one.
 */
export function refusalKey(verdict: Refusal): string | null {
  const { kind, code, enhanced, text } = verdict;
  const subject = subjectOf({ code: code ?? 500, enhanced, text });
  if (subject === 'recipient' || (kind === 'deferred' && subject !== 'block')) return null;
  return likeness(verdict);
}

/** Whether a refusal tells whom it is about: the recipient, or us. */
export const tellsOfSomebody = ({ code, enhanced, text }: Omit<Refusal, 'kind'>): boolean =>
  subjectOf({ code: code ?? 500, enhanced, text }) !== 'unsaid';

/**
 * Key under which deferrals of first tries are alike whose words tell of nobody: neither of the recipient nor of a block.
 * Words of greylisting explain the first two of them.
 * @param attempts that the row had made before
 */
export function deferralKey(
  { code, enhanced, text, greylisted }: Extract<Verdict, { kind: 'deferred' }>,
  attempts: number,
): string | null {
  if (code === null || (greylisted ? attempts < GREYLISTED_TRIES : attempts > 0)) return null;
  const refusal = { code, enhanced, text };
  return tellsOfSomebody(refusal) ? null : likeness(refusal);
}

/** Whether two replies, each as a line, say the same but for what differs from one recipient to the next. */
export const saysTheSame = (one: string, other: string): boolean =>
  wordsAlike(one) === wordsAlike(other);

/** Code, enhanced code and words of a refusal but for what differs from one recipient to the next. */
export const likeness = ({ code, enhanced, text }: Omit<Refusal, 'kind'>): string =>
  `${code ?? '-'} ${enhanced ?? '-'} ${wordsAlike(text)}`;

/** So many characters tell words from others: the end of a long reply may be cut, as long as what varies in it. */
const TOLD_BY = 300;

const wordsAlike = (text: string): string =>
  VARYING.reduce((rest, pattern) => rest.replace(pattern, '#'), text)
    .toLowerCase()
    .replace(/#(?:[\s,;.#[\]()-]*#)+/g, '#')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, TOLD_BY);

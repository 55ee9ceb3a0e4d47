import { subjectOf } from './subjects.js';
import type { Verdict } from './verdict.js';

type Refusal = Pick<
  Extract<Verdict, { kind: 'failed' | 'deferred' }>,
  'kind' | 'code' | 'enhanced' | 'text'
>;

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

/** Code, enhanced code and words of a refusal but for what differs from one recipient to the next. */
export function likeness({ code, enhanced, text }: Omit<Refusal, 'kind'>): string {
  const words = VARYING.reduce((rest, pattern) => rest.replace(pattern, '#'), text);
  return `${code ?? '-'} ${enhanced ?? '-'} ${words
    .toLowerCase()
    .replace(/#(?:[\s,;.#[\]()-]*#)+/g, '#')
    .replace(/\s+/g, ' ')
    .trim()}`;
}

import { clip } from '../../../domain/text.js';
import type { Candidate, Offer } from './candidates.js';

/** Only such values: none of their characters means anything to a shell. */
const VALUE = /^[A-Za-z0-9@%+=:,./_-]+$/;
const DESCRIPTION_LENGTH = 60;

/**
 * A description as letters, digits and punctuation that no shell gives a meaning: names of sends are whatever somebody
 * typed.
 */
const harmless = (text: string): string => {
  const plain = text.replaceAll("'", '’').replace(/[^\p{L}\p{M}\p{N} .,:+@=/_–—’“”…-]/gu, ' ');
  return clip(plain.replace(/ +/g, ' ').trim(), DESCRIPTION_LENGTH).trim();
};

/** What the scripts read: whether files or words are offered, then a word a line, its description behind a tab. */
export function answerText(offer: Exclude<Offer, { kind: 'sends' }>): string {
  if (offer.kind === 'files') return 'files\n';
  const lines = offer.words
    .filter(({ value }) => VALUE.test(value))
    .map(({ value, description }) => `${value}\t${harmless(description)}\n`);
  return `words\n${lines.join('')}`;
}

/** Numbers of sends as words, those that begin as what was typed. */
export const sendCandidates = (
  { typed, before }: Extract<Offer, { kind: 'sends' }>,
  sends: readonly { id: number; name: string; status: string }[],
): Candidate[] =>
  sends
    .filter(({ id }) => String(id).startsWith(typed))
    .map(({ id, name, status }) => ({ value: before + id, description: `${status} ${name}` }));

import { clip, count } from '../../domain/text.js';
import type { Findings } from './findings.js';
import type { Rendered } from './rendered.js';

/** Characters of which inboxes on a screen show the most. */
const SHOWN = 70;
/** Letters below which capitals are a name or two; SpamAssassin's SUBJ_ALL_CAPS counts so. */
const SHOUTED_LETTERS = 10;

export const SUBJECT_NAME = 'the header Subject';
const graphemes = new Intl.Segmenter();

/** Looks at the subjects of all rows. */
export function lintSubjects(subjects: readonly Rendered[], findings: Findings): void {
  const texts = subjects.map((subject) => ({
    subject,
    text: subject.text.replace(/\s+/g, ' ').trim(),
  }));
  const empty = texts.find(({ text }) => text === '');
  if (empty) {
    findings.add('empty-subject', {
      message: 'the subject is empty',
      remedy:
        "fill the cells that it has, or say what is to stand there: {{ name | default: 'friend' }}",
      where: empty.subject.whereOfRow,
    });
  }
  const shouted = texts.find(({ text }) => isShouted(text));
  if (shouted) {
    findings.add('subject-in-capitals', {
      message: `the subject is in capitals alone: ${clip(shouted.text, SHOWN)}`,
      remedy: 'write it as a sentence',
      where: shouted.subject.whereOfRow,
    });
  }
  const [longest] = texts
    .map(({ subject, text }) => ({ subject, length: text.length > SHOWN ? lengthOf(text) : 0 }))
    .sort((a, b) => b.length - a.length);
  if (longest && longest.length > SHOWN) {
    findings.add('long-subject', {
      message: `the subject has ${count(longest.length)} characters, and inboxes cut it behind ${SHOWN} or sooner`,
      remedy: 'put what matters first, or shorten it',
      where: longest.subject.whereOfRow,
    });
  }
}

/** Characters as people count them: an emoji of several code points is one. */
const lengthOf = (text: string): number => [...graphemes.segment(text)].length;

function isShouted(text: string): boolean {
  if (!/\s/.test(text) || text !== text.toUpperCase() || text === text.toLowerCase()) return false;
  return (text.match(/\p{Lu}/gu) ?? []).length >= SHOUTED_LETTERS;
}

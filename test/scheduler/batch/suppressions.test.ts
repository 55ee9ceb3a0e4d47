import { expect, test } from 'vitest';
import type { Recipient } from '../../../src/domain/recipient.ts';
import { InFlight } from '../../../src/scheduler/batch/in-flight.ts';
import { Suppressions } from '../../../src/scheduler/batch/suppressions.ts';

const row = (seq: number): Recipient => ({
  seq,
  email: `p${seq}@example.org`,
  emailNorm: `p${seq}@example.org`,
  fields: {},
  attempts: 0,
});

const newBatch = () => new InFlight(0, { acceptances: 0 });

/** Rows are asked for, and each question is answered by its function: nobody is suppressed. */
async function asking() {
  const answers: (() => void)[] = [];
  const suppressions = new Suppressions('', 0, {
    findSuppressed: () =>
      new Promise((resolve) => {
        answers.push(() => resolve(new Map()));
      }),
  });
  const learnt = suppressions.learn({ version: 1, names: null }, newBatch());
  answers.shift()?.();
  await learnt;
  return { suppressions, answers };
}

const LATER = { version: 2, names: ['p2@example.org'] };

test.each([
  ['before', true],
  ['after', false],
])(
  'what is learnt while one asks is heeded, though a batch that lost its claim asks too, answered %s',
  async (_, oldFirst) => {
    const { suppressions, answers } = await asking();
    const old = suppressions.admit([row(1)], newBatch());
    const inFlight = newBatch();
    const admitted = suppressions.admit([row(2), row(3)], inFlight);
    const [answerOld, answer] = answers as [() => void, () => void];
    if (oldFirst) {
      answerOld();
      await old;
    }
    await suppressions.learn(LATER, inFlight);
    answerOld();
    await old;
    answer();
    await admitted;
    expect(inFlight.toCheck.map(({ seq }) => seq)).toEqual([2]);
    expect(inFlight.next(9).map(({ seq }) => seq)).toEqual([3]);
  },
);

import { describe, expect, test } from 'vitest';
import type { Recipient } from '../../../src/domain/recipient.ts';
import { RefusalWatch } from '../../../src/domain/refusal-watch.ts';
import type { Verdict } from '../../../src/domain/verdict.ts';
import {
  type InterpretRules,
  interpret,
  type RelaySense,
} from '../../../src/scheduler/batch/interpret.ts';

/** A relay that accepts others meanwhile. */
const relay: RelaySense = {
  accepted: () => undefined,
  acceptedSince: () => true,
  limited: () => 700,
  deferred: () => null,
};
const rules: InterpretRules = {
  sendId: 1,
  maxAttempts: 3,
  retry: { firstSeconds: 60, maxSeconds: 3600 },
  random: () => 0.5,
  relay,
  givesUp: () => false,
};
const row = (seq: number, attempts = 0): Recipient => ({
  seq,
  email: `p${seq}@example.org`,
  emailNorm: `p${seq}@example.org`,
  fields: {},
  attempts,
});
const blocked: Verdict = { kind: 'failed', code: 554, enhanced: '5.7.1', text: 'we block you' };
const broke: Verdict = {
  kind: 'server',
  text: 'line broke',
  pause: false,
  broke: true,
  code: null,
};
const sent: Verdict = { kind: 'sent', reply: { code: 250, enhanced: null, text: 'ok' } };

describe('a verdict, weighed against what the send has met', () => {
  const watch = () => new RefusalWatch({ block: 3, lostReplies: 2 });

  test('a deferral is tried again later, and failed when its attempts are used up', () => {
    const later: Verdict = { kind: 'deferred', code: 451, enhanced: null, text: 'later' };
    expect(interpret(row(1), later, watch(), rules).settlement).toMatchObject({
      to: 'deferred',
      delayMs: 60_000,
    });
    expect(interpret(row(1, 2), later, watch(), rules).settlement).toMatchObject({ to: 'failed' });
  });

  test('the same refusal for everybody pauses the send and gives its rows back', () => {
    const seen = watch();
    const all = [1, 2, 3].map((seq) => interpret(row(seq), blocked, seen, rules));
    expect(all.map(({ pause }) => pause && [...(pause.giveBack?.attempts.keys() ?? [])])).toEqual([
      undefined,
      undefined,
      [1, 2, 3],
    ]);
  });

  test('a block in words of 4xx pauses it at half as many; what is merely refused for now does not', () => {
    const seen = watch();
    const spam: Verdict = {
      kind: 'deferred',
      code: 451,
      enhanced: '4.7.1',
      text: 'Currently Sending Spam',
    };
    const busy: Verdict = { ...spam, text: 'Please call again' };
    for (let seq = 1; seq <= 9; seq++) {
      expect(interpret(row(seq), busy, seen, rules).pause).toBeUndefined();
    }
    expect(interpret(row(10), spam, seen, rules).pause).toBeUndefined();
    // The last of its attempts: the ledger has it failed, and it is of the run all the same.
    expect(interpret(row(11, 2), spam, seen, rules)).toMatchObject({
      settlement: { to: 'failed' },
      pause: {
        reason: '2 refusals alike: Currently Sending Spam',
        giveBack: {
          attempts: new Map([
            [10, 0],
            [11, 2],
          ]),
        },
      },
    });
  });

  test('a server that takes no more connections costs the row nothing, and counts as no failure', () => {
    const crowded: Verdict = { ...broke, broke: false, crowded: true };
    expect(interpret(row(1), crowded, watch(), rules)).toEqual({
      settlement: { seq: 1, to: 'returned', delayMs: 5_000 },
      sign: 'crowded',
    });
  });

  test('one that says so in mid-message counts as one, for the row may be the reason', () => {
    const crowded: Verdict = { ...broke, broke: true, crowded: true };
    expect(interpret(row(1), crowded, watch(), rules)).toEqual({
      settlement: { seq: 1, to: 'returned', delayMs: 5_000 },
      sign: 'trouble',
    });
  });

  test('server trouble costs the row nothing', () => {
    expect(interpret(row(1), broke, watch(), rules)).toEqual({
      settlement: { seq: 1, to: 'returned', delayMs: 5_000 },
      sign: 'trouble',
    });
  });

  test('a row that breaks the line a third time while others get through is charged for it', () => {
    const seen = watch();
    interpret(row(1), broke, seen, rules);
    interpret(row(1), broke, seen, rules);
    interpret(row(2), sent, seen, rules);
    expect(interpret(row(1), broke, seen, rules)).toMatchObject({
      settlement: { to: 'deferred' },
      sign: 'nothing',
    });
  });

  test('a refused sender or login pauses the send at once and is no news of the server', () => {
    const refused: Verdict = { kind: 'server', text: 'no', pause: true, broke: false, code: 535 };
    expect(interpret(row(1), refused, watch(), rules)).toMatchObject({
      settlement: { to: 'returned' },
      sign: 'nothing',
      pause: { reason: 'no', giveBack: null },
    });
  });

  test('replies lost in a row pause the send; the rows stay unknown', () => {
    const seen = watch();
    const lost: Verdict = { kind: 'unknown', text: 'no reply' };
    expect(interpret(row(1), lost, seen, rules).pause).toBeUndefined();
    expect(interpret(row(2), lost, seen, rules)).toMatchObject({
      settlement: { to: 'unknown' },
      pause: { reason: 'replies lost in a row: no reply' },
    });
  });
});

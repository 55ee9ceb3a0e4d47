import { describe, expect, test, vi } from 'vitest';
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
  acceptedBeside: () => true,
  isLimitOfTime: () => false,
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

  test('a limit of the relay is an outcome where somebody waits for one, and the relay learns nothing', () => {
    const told: Verdict = {
      kind: 'limited',
      limit: 'quota',
      stage: 'mail',
      code: 452,
      enhanced: '4.7.0',
      text: 'daily quota exceeded',
    };
    const limited = () => {
      throw new Error('the relay is told of it');
    };
    const waited = { ...rules, relay: { ...relay, limited }, endsAtLimit: true };
    expect(interpret(row(1), told, watch(), waited)).toEqual({
      settlement: { seq: 1, to: 'failed', code: 452, enhanced: '4.7.0', text: told.text },
      sign: 'well',
    });
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

  describe('of the relay’s own limit', () => {
    const told: Verdict = {
      kind: 'limited',
      limit: 'quota',
      stage: 'rcpt',
      code: 452,
      enhanced: '4.5.3',
      text: 'daily quota exceeded',
    };
    const toldBefore = (limited: number) => ({ ...row(1), dueAt: new Date(0), limited });
    const nobody = { ...rules, relay: { ...relay, acceptedBeside: () => false } };

    test('the row goes back untouched, due when the relay has it', () => {
      expect(interpret(row(1), told, watch(), rules)).toEqual({
        settlement: { seq: 1, to: 'limited', delayMs: 700, times: 1 },
        sign: 'well',
      });
    });

    test('a connection or a login that is refused so says nothing of the server', () => {
      for (const stage of ['connect', 'auth'] as const) {
        expect(interpret(row(1), { ...told, stage }, watch(), rules)).toMatchObject({
          settlement: { to: 'limited' },
          sign: 'nothing',
        });
      }
    });

    test('a third time while others were accepted between is charged', () => {
      expect(interpret(toldBefore(1), told, watch(), rules).settlement).toMatchObject({
        to: 'limited',
        times: 2,
      });
      expect(interpret(toldBefore(2), told, watch(), rules)).toMatchObject({
        settlement: { to: 'deferred', code: 452, delayMs: 60_000 },
        sign: 'well',
      });
    });

    test('where others that were told so have been accepted since, it takes many more', () => {
      const ofTime = { ...rules, relay: { ...relay, isLimitOfTime: () => true } };
      expect(interpret(toldBefore(19), told, watch(), ofTime).settlement).toMatchObject({
        to: 'limited',
        times: 20,
      });
      expect(interpret(toldBefore(20), told, watch(), ofTime).settlement).toMatchObject({
        to: 'deferred',
      });
    });

    test('so it does where five rows of its send were, and none accepted: it may be their sender’s', () => {
      const seen = watch();
      for (let seq = 2; seq <= 4; seq++) interpret(row(seq), told, seen, rules);
      expect(interpret(toldBefore(2), told, seen, rules).settlement.to).toBe('deferred');
      interpret(row(5), told, seen, rules);
      expect(interpret(toldBefore(2), told, seen, rules).settlement.to).toBe('limited');
      interpret(row(6), sent, seen, rules);
      expect(interpret(toldBefore(2), told, seen, rules).settlement.to).toBe('deferred');
    });

    test('it is counted no further than that, however often the sender is refused', () => {
      const atMail: Verdict = { ...told, stage: 'mail' };
      expect(interpret(toldBefore(20), atMail, watch(), rules).settlement).toMatchObject({
        to: 'limited',
        times: 20,
      });
    });

    test('a row that was given back before counts from its first', () => {
      const given = { ...row(1), dueAt: new Date(0), limited: null };
      expect(interpret(given, told, watch(), nobody).settlement).toMatchObject({ times: 1 });
    });

    test('a row that is accepted after it was told so shows that the limit was of a time', () => {
      const accepted = vi.fn();
      const seen = { ...rules, relay: { ...relay, accepted } };
      interpret(toldBefore(1), sent, watch(), seen);
      interpret(row(2), sent, watch(), seen);
      expect(accepted.mock.calls).toEqual([[true], [false]]);
    });

    test('nothing counts while nobody is accepted', () => {
      expect(interpret(toldBefore(2), told, watch(), nobody).settlement).toMatchObject({
        to: 'limited',
        times: 2,
      });
    });

    test('the third time counts nothing where the sender was refused', () => {
      const atMail: Verdict = { ...told, stage: 'mail' };
      expect(interpret(toldBefore(2), atMail, watch(), rules).settlement).toMatchObject({
        to: 'limited',
      });
    });

    test('what the relay has accepted nothing for days is charged, and ends', () => {
      const late = { ...nobody, givesUp: () => true };
      expect(interpret(row(1, 2), told, watch(), late).settlement).toMatchObject({ to: 'failed' });
    });
  });

  describe('that is the last attempt’s', () => {
    const later: Verdict = { kind: 'deferred', code: 451, enhanced: null, text: 'later' };
    const nobody = { ...rules, relay: { ...relay, acceptedSince: () => false } };

    test('it is tried on at the longest delay while the relay accepts nobody', () => {
      expect(interpret(row(1, 2), later, watch(), nobody).settlement).toMatchObject({
        to: 'deferred',
        delayMs: 3_600_000,
      });
      expect(interpret(row(1, 9), later, watch(), nobody).settlement).toMatchObject({
        to: 'deferred',
        delayMs: 3_600_000,
      });
    });

    test('but not for ever', () => {
      const late = { ...nobody, givesUp: () => true };
      expect(interpret(row(1, 2), later, watch(), late).settlement).toMatchObject({ to: 'failed' });
    });

    test('and not where the words are of the recipient', () => {
      const full: Verdict = { ...later, enhanced: '4.2.2', text: 'mailbox full' };
      expect(interpret(row(1, 2), full, watch(), nobody).settlement).toMatchObject({
        to: 'failed',
      });
    });

    test('one that is to find out what the others are deferred for is tried again all the same', () => {
      const asked = { ...rules, relay: { ...relay, deferred: () => 5_000 } };
      expect(interpret(row(1, 2), later, watch(), asked).settlement).toMatchObject({
        to: 'deferred',
        delayMs: 5_000,
      });
    });
  });
});

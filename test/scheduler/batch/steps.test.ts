import { expect, test } from 'vitest';
import type { Recipient } from '../../../src/domain/recipient.ts';
import { InFlight } from '../../../src/scheduler/batch/in-flight.ts';
import { Steps } from '../../../src/scheduler/batch/steps.ts';
import { Suppressions } from '../../../src/scheduler/batch/suppressions.ts';
import type { Ledger } from '../../../src/scheduler/ports.ts';

const row = (seq: number): Recipient => ({
  seq,
  email: `p${seq}@example.org`,
  emailNorm: `p${seq}@example.org`,
  fields: {},
  attempts: 0,
});

const nothing = (): void => undefined;

test('a suppressed row that is read while a step checks others is not taken for one that may be mailed', async () => {
  const inFlight = new InFlight(0, { acceptances: 0 });
  const suppressions = new Suppressions('', 0, { findSuppressed: async () => new Map() });
  const changes = { version: 1, names: ['p1@example.org', 'p2@example.org'] };
  await suppressions.learn(changes, inFlight);
  await suppressions.admit([row(1)], inFlight);
  const asked: string[][] = [];
  const checkedStep: Ledger['checkedStep'] = async (_, { norms }, plan) => {
    asked.push([...norms]);
    if (asked.length === 1) await suppressions.admit([row(2)], inFlight);
    plan({
      suppressed: new Map(norms.map((norm) => [norm, 'suppressed: asked to'])),
      changes: { version: 1, names: [] },
    });
    return { kind: 'done' };
  };
  const parts = {
    inFlight,
    standing: { claim: {}, ending: false, renew: nothing },
    flights: { settled: nothing },
    outage: { over: nothing },
    starter: { learn: async () => undefined },
    openSend: { suppressions, noMailboxes: { recorded: nothing } },
  } as unknown as ConstructorParameters<typeof Steps>[1];
  const tools = {
    ledger: { checkedStep },
    inFlightLimit: { put: nothing },
    clock: nothing,
  } as unknown as ConstructorParameters<typeof Steps>[2];
  const steps = new Steps(100, parts, tools);

  await steps.step([]);
  expect(inFlight.next(9)).toEqual([]);
  expect(inFlight.toCheck.map(({ seq }) => seq)).toEqual([2]);
  await steps.step([]);
  expect(asked).toEqual([['p1@example.org'], ['p2@example.org']]);
  expect(steps.skipped).toBe(2);
});

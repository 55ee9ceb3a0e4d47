import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOBODY_CONNECTED, type ShareState, share } from '../../src/domain/connection-share.ts';

interface Worker {
  name: string;
  open: number;
  allowed: number;
  wants: boolean;
  upTo: number;
  state: 'alive' | 'silent' | 'dead';
}

/** What a worker does between two looks: it closes what it may not have, now or later, and opens what it may. */
function act(worker: Worker, closes: boolean): void {
  if (worker.state === 'dead') worker.open = 0;
  else if (worker.open > worker.allowed && closes) worker.open -= 1;
  else if (worker.wants && worker.open < Math.min(worker.allowed, worker.upTo)) worker.open += 1;
}

describe('connections over all hosts', () => {
  test.each([
    [3, 2, [2, 1]],
    [3, 1, [3]],
    [10, 3, [4, 3, 3]],
    [2, 3, [1, 1, 0]],
  ])('%i among %i workers are %j', (most, count, parts) => {
    let state: ShareState = NOBODY_CONNECTED;
    const alive = Array.from({ length: count }, (_, i) => `w${i}`);
    const open = new Map<string, number>();
    for (let round = 0; round < 5; round++) {
      for (const worker of alive) {
        const me = { worker, open: open.get(worker) ?? 0, upTo: 10, wants: true };
        const shared = share(state, me, { most, now: round, alive });
        state = shared.state;
        open.set(worker, shared.allowed);
      }
    }
    expect([...open.values()]).toEqual(parts);
  });

  test('are never more than they may be, while workers join, end, die and fall silent', () => {
    const step = fc.record({
      who: fc.nat({ max: 3 }),
      what: fc.constantFrom(
        'look',
        'look',
        'look',
        'look',
        'act',
        'act',
        'act',
        'keep',
        'work',
        'idle',
        'die',
        'silent',
        'back',
        'clock',
        'limit',
      ),
      by: fc.nat({ max: 8 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(step, { maxLength: 200 }),
        (first, steps) => {
          let most = first;
          let state: ShareState = NOBODY_CONNECTED;
          let now = 1_000_000;
          const workers: Worker[] = Array.from({ length: 4 }, (_, i) => ({
            name: `w${i}`,
            open: 0,
            allowed: 0,
            wants: false,
            upTo: 2 + i,
            state: 'alive',
          }));
          const alive = () => workers.filter((one) => one.state !== 'dead').map(({ name }) => name);
          let loweredTo = most;
          for (const { who, what, by } of steps) {
            const worker = workers[who] as Worker;
            now += 100;
            if (worker.state === 'dead') continue;
            if (what === 'die') {
              worker.state = 'dead';
              worker.open = 0;
            } else if (what === 'silent') worker.state = 'silent';
            else if (what === 'back') worker.state = 'alive';
            else if (what === 'work') worker.wants = true;
            else if (what === 'idle') worker.wants = false;
            else if (what === 'limit') most = Math.max(1, by);
            else if (what === 'act' || what === 'keep') act(worker, what === 'act');
            else if (what === 'look' && worker.state === 'alive') {
              const { name, open, upTo, wants } = worker;
              const shared = share(
                state,
                { worker: name, open, upTo, wants },
                { most, now, alive: alive() },
              );
              state = shared.state;
              worker.allowed = shared.allowed;
              expect(shared.allowed).toBeLessThanOrEqual(upTo);
            }
            const open = workers.reduce((sum, one) => sum + one.open, 0);
            // After it was lowered those that are open may still end.
            loweredTo = Math.max(most, Math.min(loweredTo, open));
            expect(open).toBeLessThanOrEqual(Math.max(most, loweredTo));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of a worker that is silent stay its own for five minutes, of one that is dead for none', () => {
    const first = share(
      NOBODY_CONNECTED,
      { worker: 'a', open: 0, upTo: 9, wants: true },
      { most: 3, now: 0, alive: ['a'] },
    );
    const look = (now: number, alive: string[]) =>
      share(first.state, { worker: 'b', open: 0, upTo: 9, wants: true }, { most: 3, now, alive })
        .allowed;
    expect(look(299_000, ['a', 'b'])).toBe(0);
    expect(look(301_000, ['a', 'b'])).toBe(3);
    expect(look(1_000, ['b'])).toBe(3);
  });
});

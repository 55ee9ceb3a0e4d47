import { describe, expect, test } from 'vitest';
import { RefusalWatch } from '../../src/domain/refusal-watch.ts';

const watch = () => new RefusalWatch({ block: 3, lostReplies: 2 });
const row = (seq: number, attempts = 0) => ({ seq, attempts });

describe('the watch over refusals', () => {
  test('finds a block in a run of the same refusal, whatever else is refused between', () => {
    const refusals = watch();
    expect(refusals.refused(row(1), 'no', false)).toBeNull();
    expect(refusals.refused(row(2), 'other', false)).toBeNull();
    expect(refusals.refused(row(3), 'no', false)).toBeNull();
    expect(refusals.refused(row(4), 'no', false)?.attempts).toEqual(
      new Map([
        [1, 0],
        [3, 0],
        [4, 0],
      ]),
    );
  });

  test('finds one in half as many rows where they are refused for now, however often each was', () => {
    const refusals = watch();
    expect(refusals.refused(row(1), 'later', true)).toBeNull();
    expect(refusals.refused(row(1, 1), 'later', true)).toBeNull();
    expect(refusals.refused(row(1, 2), 'later', true)).toBeNull();
    expect(refusals.refused(row(2, 3), 'later', true)).toEqual({
      key: 'later',
      attempts: new Map([
        [1, 0],
        [2, 3],
      ]),
    });
  });

  test('a success ends every run', () => {
    const refusals = watch();
    refusals.refused(row(1), 'no', false);
    refusals.refused(row(2), 'no', false);
    refusals.succeeded(3);
    expect(refusals.refused(row(4), 'no', false)).toBeNull();
  });

  test('calls a row poisonous at its third break, if others got through meanwhile', () => {
    const refusals = watch();
    expect([refusals.broke(1), refusals.broke(1), refusals.broke(1)]).toEqual([
      false,
      false,
      false,
    ]);
    refusals.succeeded(2);
    expect(refusals.broke(1)).toBe(true);
  });

  test('counts replies lost in a row', () => {
    const refusals = watch();
    expect(refusals.lostReply()).toBe(false);
    refusals.succeeded(1);
    expect(refusals.lostReply()).toBe(false);
    expect(refusals.lostReply()).toBe(true);
  });

  test('keeps no more runs than it needs', () => {
    const refusals = watch();
    for (let i = 0; i < 1000; i++) refusals.refused(row(i), `text ${i}`, false);
    refusals.refused(row(1000), 'no', false);
    refusals.refused(row(1001), 'no', false);
    expect([...(refusals.refused(row(1002), 'no', false)?.attempts.keys() ?? [])]).toEqual([
      1000, 1001, 1002,
    ]);
  });
});

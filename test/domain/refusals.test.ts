import { describe, expect, test } from 'vitest';
import { RefusalWatch } from '../../src/domain/refusals.ts';

const watch = () => new RefusalWatch({ block: 3, lostReplies: 2 });

describe('the watch over refusals', () => {
  test('finds a block in a run of the same refusal, whatever else is refused between', () => {
    const refusals = watch();
    expect(refusals.refused(1, 'no')).toBeNull();
    expect(refusals.refused(2, 'other')).toBeNull();
    expect(refusals.refused(3, 'no')).toBeNull();
    expect(refusals.refused(4, 'no')).toEqual([1, 3, 4]);
  });

  test('a success ends every run', () => {
    const refusals = watch();
    refusals.refused(1, 'no');
    refusals.refused(2, 'no');
    refusals.succeeded(3);
    expect(refusals.refused(4, 'no')).toBeNull();
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
    for (let i = 0; i < 1000; i++) refusals.refused(i, `text ${i}`);
    refusals.refused(1000, 'no');
    refusals.refused(1001, 'no');
    expect(refusals.refused(1002, 'no')).toEqual([1000, 1001, 1002]);
  });
});

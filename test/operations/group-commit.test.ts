import { expect, test } from 'vitest';
import { GroupCommit } from '../../src/operations/group-commit.ts';

test('what comes together, or during a write, is written together; thousands more are refused at once', async () => {
  const groups: number[] = [];
  const group = new GroupCommit<number, number>(
    async (items) => {
      groups.push(items.length);
      return items.map((item) => -item);
    },
    0,
    1000,
  );
  const all = Array.from({ length: 5_000 }, (_, item) => group.add(item));
  await expect(group.add(5_000)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  expect(await Promise.all(all)).toEqual(Array.from({ length: 5_000 }, (_, item) => -item));
  expect(groups).toEqual([1000, 1000, 1000, 1000, 1000]);
  expect(await group.add(7)).toBe(-7);
});

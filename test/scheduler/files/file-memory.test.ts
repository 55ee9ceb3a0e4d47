import { describe, expect, it } from 'vitest';
import { encodedBytes, type MessageFile } from '../../../src/domain/message-file.ts';
import { FileMemory, type HeldFiles } from '../../../src/scheduler/files/file-memory.ts';

const fileOf = (name: string, bytes = 57): MessageFile => ({
  position: 1,
  name,
  type: 'a/b',
  bytes,
  sha256: name,
  disposition: 'attachment',
  cid: null,
});

/** A memory with room for so many files of one line, and what it reads, which ends when it is told to. */
function scene(lines: number, byHand = false) {
  const reads: string[] = [];
  const open: (() => void)[] = [];
  const memory = new FileMemory(lines * encodedBytes(57), async ({ name, bytes }) => {
    reads.push(name);
    if (byHand) await new Promise<void>((resolve) => open.push(resolve));
    if (name.startsWith('bad')) throw new Error(`${name} is lost`);
    return Buffer.alloc(encodedBytes(bytes), name[0]);
  });
  return { memory, reads, open };
}

/** Whether a promise is settled by now. */
const isSettled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    new Promise<boolean>((resolve) => setImmediate(() => setImmediate(() => resolve(false)))),
  ]);

describe('a file of all messages of a send', () => {
  it('is read once, and stays when no message has it', async () => {
    const { memory, reads } = scene(4);
    for (let i = 0; i < 3; i++) {
      const held = await memory.hold([fileOf('a')]);
      expect(held.contents(fileOf('a')).length).toBe(encodedBytes(57));
      held.release();
    }
    expect(reads).toEqual(['a']);
    expect(memory.bytes).toBe(encodedBytes(57));
  });

  it('leaves for another, that used longest ago first', async () => {
    const { memory, reads } = scene(2);
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b'])
      (await memory.hold([fileOf(name)])).release();
    expect(reads).toEqual(['a', 'b', 'c', 'b']);
    expect(memory.bytes).toBe(2 * encodedBytes(57));
  });

  it('is let go of when its send is forgotten, unless a message has it', async () => {
    const { memory } = scene(4);
    const held = await memory.hold([fileOf('a')]);
    memory.forget([fileOf('a')]);
    expect(memory.bytes).toBe(encodedBytes(57));
    held.release();
    memory.forget([fileOf('a')]);
    expect(memory.bytes).toBe(0);
  });
});

describe('a file of one message', () => {
  it('leaves with it', async () => {
    const { memory, reads } = scene(4);
    const held = await memory.hold([fileOf('s')], [fileOf('a')]);
    expect(memory.bytes).toBe(2 * encodedBytes(57));
    held.release();
    held.release();
    expect(memory.bytes).toBe(encodedBytes(57));
    (await memory.hold([fileOf('s')], [fileOf('a')])).release();
    expect(reads).toEqual(['s', 'a', 'a']);
  });

  it('that two messages have at a time is read once', async () => {
    const { memory, reads } = scene(4);
    const [one, two] = await Promise.all([
      memory.hold([], [fileOf('a')]),
      memory.hold([], [fileOf('a')]),
    ]);
    one.release();
    expect(two.contents(fileOf('a'))).toBeInstanceOf(Buffer);
    expect(memory.bytes).toBe(encodedBytes(57));
    two.release();
    expect(memory.bytes).toBe(0);
    expect(reads).toEqual(['a']);
  });
});

describe('more than there is room for', () => {
  it('waits until a message has ended, in its turn', async () => {
    const { memory } = scene(2);
    const held = await Promise.all(['a', 'b'].map((name) => memory.hold([], [fileOf(name)])));
    const third = memory.hold([], [fileOf('c')]);
    const fourth = memory.hold([], [fileOf('d')]);
    expect(await isSettled(third)).toBe(false);
    held[0]?.release();
    expect(await isSettled(third)).toBe(true);
    expect(await isSettled(fourth)).toBe(false);
    expect(memory.bytes).toBe(2 * encodedBytes(57));
    (await third).release();
    (await fourth).release();
    held[1]?.release();
    expect(memory.bytes).toBe(0);
  });

  it('in one message goes alone', async () => {
    const { memory } = scene(2);
    const small = await memory.hold([], [fileOf('a')]);
    const large = memory.hold([], [fileOf('b', 57 * 10)]);
    expect(await isSettled(large)).toBe(false);
    small.release();
    expect(await isSettled(large)).toBe(true);
    const next = memory.hold([], [fileOf('c')]);
    expect(await isSettled(next)).toBe(false);
    (await large).release();
    (await next).release();
    expect(memory.bytes).toBe(0);
  });

  it('is passed by those whose files are there, but not for ever', async () => {
    const { memory } = scene(2);
    const held = [await memory.hold([fileOf('a')])];
    const other = await memory.hold([], [fileOf('b')]);
    const large = memory.hold([], [fileOf('c', 57 * 2)]);
    let passed = 0;
    for (;;) {
      const again = memory.hold([fileOf('a')]);
      if (!(await isSettled(again))) {
        again.then(({ release }) => release());
        break;
      }
      passed += 1;
      held.push(await again);
    }
    expect(passed).toBeGreaterThan(10);
    for (const { release } of [...held, other]) release();
    expect(await isSettled(large)).toBe(true);
    (await large).release();
  });

  it('never keeps two messages waiting for each other', async () => {
    const { memory } = scene(3);
    const both = [fileOf('a'), fileOf('b')];
    const messages = Array.from({ length: 40 }, async (_, i): Promise<void> => {
      const held: HeldFiles = await memory.hold(i % 2 ? both : [...both].reverse(), [
        fileOf(`own${i}`),
      ]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(memory.bytes).toBeLessThanOrEqual(3 * encodedBytes(57));
      held.release();
    });
    await Promise.all(messages);
  });
});

it('a file that cannot be read is told of to all who wait for it, and is read anew by the next', async () => {
  const { memory, reads, open } = scene(4, true);
  const waiting = [memory.hold([fileOf('bad')]), memory.hold([fileOf('bad')], [fileOf('a')])];
  const settled = Promise.allSettled(waiting);
  while (open.length > 0 || !(await isSettled(settled))) open.shift()?.();
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(memory.bytes).toBe(0);
  const again = memory.hold([fileOf('bad')]);
  await isSettled(again);
  open.shift()?.();
  await expect(again).rejects.toThrow('bad is lost');
  expect(reads.filter((name) => name === 'bad')).toHaveLength(2);
});

it('no more than two files are read at a time', async () => {
  const { memory, reads, open } = scene(10, true);
  const all = Promise.all(['a', 'b', 'c', 'd'].map((name) => memory.hold([], [fileOf(name)])));
  await isSettled(all);
  expect(reads).toEqual(['a', 'b']);
  while (!(await isSettled(all))) open.shift()?.();
  expect(reads).toHaveLength(4);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSource } from '../../src/list/source.ts';

let directory: string;
let list: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-source-'));
  list = join(directory, 'list.csv');
  writeFileSync(list, `email\n${'ann@example.org\n'.repeat(20_000)}`);
});
afterAll(() => rmSync(directory, { recursive: true }));

test('a file comes whole, in pieces that are good until the next', async () => {
  const source = await openSource({ path: list }, new AbortController().signal);
  let text = '';
  for await (const chunk of source.chunks) text += Buffer.from(chunk).toString();
  expect(text).toBe(`email\n${'ann@example.org\n'.repeat(20_000)}`);
  expect(source.size).toBe(text.length);
});

test('a signal in the middle ends it as an interruption, not as a bad file', async () => {
  const interrupt = new AbortController();
  const source = await openSource({ path: list }, interrupt.signal);
  const read = async (): Promise<void> => {
    for await (const _ of source.chunks) interrupt.abort('SIGINT');
  };
  await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
});

import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { CTRL_C, CTRL_Z, OTHER_KEY } from '../../src/cli/keys.ts';
import { WatchKeys } from '../../src/cli/watch-keys.ts';
import { readSend } from '../../src/store/sends/row.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';
import { workspaceOn } from '../support/workspace.ts';

let db: TestDatabase;
let id: number;
let line: { question: string | null; said: string | null };
let did: string[];
let keys: WatchKeys;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

beforeEach(async () => {
  id = await seedSendWithRows(db.database, rowsOf({ pending: 2 }));
  line = { question: null, said: null };
  did = [];
  keys = new WatchKeys({
    workspace: workspaceOn(db.database, 'ann@vm'),
    id,
    view: {
      ask: (question) => {
        line.question = question;
      },
      say: (text) => {
        line.said = text;
      },
      hush: () => {
        line.said = null;
      },
    },
    quit: () => did.push('quit'),
    suspend: () => did.push('suspend'),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const status = async () => (await readSend(db.database, id))?.status;

test('y cancels while its question is on the screen, and at no other time', async () => {
  keys.press('y');
  keys.press('c');
  expect(line.question).toMatch(/^cancel this send for good\?/);
  keys.press('n');
  expect(line).toEqual({ question: null, said: 'not cancelled' });
  keys.press('y');
  await keys.end();
  expect(await status()).toBe('running');
  keys.press('c');
  keys.press('y');
  await keys.end();
  expect(line).toEqual({ question: null, said: 'cancelled' });
  expect(await status()).toBe('cancelled');
});

test.each([['c'], ['p'], ['r'], ['x'], ['\r'], ['\x1b'], [OTHER_KEY]])(
  'another key, %j, takes the question back and does nothing else',
  async (key) => {
    keys.press('c');
    keys.press(key);
    expect(line).toEqual({ question: null, said: 'not cancelled' });
    keys.press('y');
    await keys.end();
    expect(await status()).toBe('running');
    expect(did).toEqual([]);
  },
);

test('nobody answering takes the question back and says so until the next key', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  keys.press('c');
  vi.advanceTimersByTime(9_999);
  expect(line.question).not.toBeNull();
  vi.advanceTimersByTime(1);
  expect(line).toEqual({ question: null, said: 'not cancelled: nobody answered' });
  keys.press('y');
  expect(line.said).toBeNull();
  vi.useRealTimers();
  await keys.end();
  expect(await status()).toBe('running');
});

test.each([
  ['q', 'quit'],
  [CTRL_C, 'quit'],
  [CTRL_Z, 'suspend'],
])('%j takes the question back, too, and does what it does', (key, what) => {
  keys.press('c');
  keys.press(key);
  expect(line.question).toBeNull();
  expect(did).toEqual([what]);
});

test('a key that the send does not allow is told with its status', async () => {
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'completed' WHERE ID = ?", [id]);
  keys.press('p');
  await keys.end();
  expect(line.said).toBe('not paused: the send is completed');
});

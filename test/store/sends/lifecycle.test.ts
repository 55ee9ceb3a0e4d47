import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  SEND_STATUSES,
  SEND_TRANSITIONS,
  type SendStatus,
  type SendVerb,
} from '../../../src/domain/states.ts';
import { rowMove } from '../../../src/store/recipients/row.ts';
import { move, moveWhere } from '../../../src/store/sends/lifecycle.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { rowsOf, seedSendWithRows } from '../../support/seed.ts';

const STORE = fileURLToPath(new URL('../../../src/store', import.meta.url));
const VERBS = Object.keys(SEND_TRANSITIONS) as SendVerb[];

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const statusOf = async (sendId: number): Promise<SendStatus | undefined> => {
  const [send] = await db.database.rows<{ status: SendStatus }>(
    'SELECT STATUS AS status FROM CAMPAIGN_SENDS WHERE ID = ?',
    [sendId],
  );
  return send?.status;
};

const eventsOf = (sendId: number) =>
  db.database.rows('SELECT 1 FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ?', [sendId]);

test.each(VERBS)(
  '%s moves a send from the statuses of the table, and from no other',
  async (verb) => {
    const { from, to } = SEND_TRANSITIONS[verb];
    for (const status of SEND_STATUSES) {
      const sendId = await seedSendWithRows(db.database, rowsOf({ pending: 1 }), { status });
      const allowed = (from as readonly SendStatus[]).includes(status);
      const moved = await db.database.transaction((tx) =>
        move(tx, sendId, verb, { event: { event: 'controls', actor: 'test' } }),
      );
      expect(moved).toBe(allowed);
      expect(await statusOf(sendId)).toBe(allowed ? to : status);
      expect(await eventsOf(sendId)).toHaveLength(allowed ? 1 : 0);
    }
  },
);

test.each(VERBS)(
  '%s within another UPDATE does the same, or leaves the send as it is',
  async (verb) => {
    const { from, to } = SEND_TRANSITIONS[verb];
    const columns = 'STATUS, STATUS_REASON, STARTED_AT, FINISHED_AT, SEND_KEY';
    for (const status of SEND_STATUSES) {
      for (const condition of ['TOTAL_COUNT = 1', 'TOTAL_COUNT = 2']) {
        const sendId = await seedSendWithRows(db.database, rowsOf({ pending: 1 }), {
          status,
          reason: 'r',
        });
        const read = () =>
          db.database.rows(`SELECT ${columns} FROM CAMPAIGN_SENDS WHERE ID = ?`, [sendId]);
        const before = await read();
        await db.database.run(
          `UPDATE CAMPAIGN_SENDS SET ${moveWhere(verb, condition)} WHERE ID = ?`,
          [sendId],
        );
        const allowed =
          (from as readonly SendStatus[]).includes(status) && condition === 'TOTAL_COUNT = 1';
        if (allowed) expect(await statusOf(sendId)).toBe(to);
        else expect(await read()).toEqual(before);
      }
    }
  },
);

test('a send that moves and does not end has no time of its end, one that ends has', async () => {
  for (const verb of VERBS) {
    const { from, to } = SEND_TRANSITIONS[verb];
    const sendId = await seedSendWithRows(db.database, rowsOf({ pending: 1 }), { status: from[0] });
    await db.database.transaction((tx) => move(tx, sendId, verb));
    const [send] = await db.database.rows<{ ended: number }>(
      'SELECT FINISHED_AT IS NOT NULL AS ended FROM CAMPAIGN_SENDS WHERE ID = ?',
      [sendId],
    );
    expect([verb, send?.ended]).toEqual([verb, to === 'completed' || to === 'cancelled' ? 1 : 0]);
  }
});

test('a recipient makes no move that the table has not', () => {
  expect(rowMove('pending', 'sending').set).toBe("STATUS = 'sending'");
  expect(() => rowMove('sent', 'pending')).toThrow('no recipient goes from sent to pending');
  expect(() => rowMove('pending', 'sent')).toThrow('no recipient goes from pending to sent');
});

/** Files of the store that have a statement like this. */
const filesWith = (pattern: RegExp): string[] =>
  readdirSync(STORE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && pattern.test(readFileSync(join(STORE, name), 'utf8')))
    .sort();

test('no other file words a move of a send', () => {
  expect(filesWith(/UPDATE CAMPAIGN_SENDS\s+SET [^`"]*?\bSTATUS =[^`"]*?WHERE/)).toEqual([]);
  expect(filesWith(/\bSTATUS = '\$\{to\}'/)).toEqual(['recipients/row.ts', 'sends/lifecycle.ts']);
});

test('no other file than counters writes a counter', () => {
  expect(filesWith(/[A-Z]+_COUNT = (\?|[A-Z]+_COUNT [-+])/)).toEqual(['sends/counters.ts']);
});

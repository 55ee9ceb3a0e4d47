import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseClaimName } from '../../../src/domain/claim-name.ts';
import { FlightRecorder, readFlights } from '../../../src/host/flight-recorder.ts';
import type { Host, Ledger } from '../../../src/scheduler/ports.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { balancedBooks } from '../../support/ledger.ts';
import { startScheduler } from '../../support/scheduler.ts';
import { seedQueuedSend } from '../../support/seed.ts';
import { type SmtpServer, type SmtpServerSettings, startSmtpServer } from '../../support/smtp.ts';
import { makeStateFolder } from '../../support/state-folder.ts';

const CONNECTIONS = 2;
const WORKER = 'w';

let db: TestDatabase;
let smtp: SmtpServer;
let state: ReturnType<typeof makeStateFolder>;

beforeEach(async () => {
  db = await createTestDatabase();
  state = makeStateFolder();
});
afterEach(async () => {
  await smtp.close();
  state.remove();
  await db.drop();
});

const path = () => join(state.directory, 'w.flights');

function hostWith(recorder: FlightRecorder): Host {
  return {
    recorder,
    isDead: async () => false,
    readFlights: () => null,
    forget: () => undefined,
    close: () => undefined,
  };
}

/** Mails a list to its end with a recorder of so many slots; what the ledger was asked on the way is told. */
async function mail(
  slots: number,
  settings: SmtpServerSettings = {},
  watch: (ledger: Ledger, recorder: FlightRecorder) => Ledger = (ledger) => ledger,
  failed: string[] = [],
) {
  smtp = await startSmtpServer(settings);
  const recorder = FlightRecorder.create(path(), WORKER, slots);
  recorder.onFailure = (reason) => failed.push(reason);
  const sendId = await seedQueuedSend(db.database, { recipients: 60, batchSize: 30 });
  const claims: boolean[] = [];
  const scheduler = startScheduler(db.connect(), smtp.settings, {
    connections: CONNECTIONS,
    host: hostWith(recorder),
    ledger: (plain) => ({
      ...watch(plain, recorder),
      claim: (id, by, first) => {
        claims.push(parseClaimName(by)?.recorded ?? false);
        return plain.claim(id, by, first);
      },
    }),
  });
  await scheduler.done;
  return { recorder, sendId, claims, events: scheduler.events };
}

test('what a step has settled is out of the file before another message begins', async () => {
  const left: number[] = [];
  const settled: number[] = [];
  const { recorder, sendId } = await mail(2 * CONNECTIONS, {}, (ledger, kept) => {
    const begin = kept.begin.bind(kept);
    kept.begin = (flight) => {
      const noted = begin(flight);
      const held = readFlights(path(), WORKER)?.entries.map(({ seq }) => seq) ?? [];
      left.push(...settled.splice(0).filter((seq) => held.includes(seq)));
      return noted;
    };
    return {
      ...ledger,
      step: async (claim, step) => {
        const result = await ledger.step(claim, step);
        settled.push(...step.settlements.map(({ seq }) => seq));
        return result;
      },
    };
  });
  expect(await balancedBooks(db.database, sendId)).toMatchObject({ status: 'completed', sent: 60 });
  expect(left).toEqual([]);
  recorder.flush();
  expect(readFlights(path(), WORKER)).toMatchObject({
    entries: [],
    torn: false,
    sawClaimsLost: false,
  });
  recorder.remove();
});

test('an entry that cannot be written stops its message before the dot; the next claims have no recorder', async () => {
  const failed: string[] = [];
  const { recorder, sendId, claims, events } = await mail(1, {}, undefined, failed);
  expect(failed).toEqual([expect.stringContaining('every slot is taken')]);
  expect(await balancedBooks(db.database, sendId)).toMatchObject({
    status: 'completed',
    sent: 60,
    unknown: 0,
  });
  expect([...smtp.countsByRecipient().values()].every((copies) => copies === 1)).toBe(true);
  expect(smtp.countsByRecipient().size).toBe(60);
  expect(claims[0]).toBe(true);
  expect(claims.slice(1)).toContain(false);
  expect(claims.slice(1)).not.toContain(true);
  expect(events.filter(({ kind }) => kind === 'server-trouble')).toEqual([]);
  recorder.remove();
});

test('a refusal at RCPT leaves its words until it is recorded', async () => {
  const seen: string[] = [];
  const { recorder } = await mail(
    2 * CONNECTIONS,
    {
      onRcptTo: (address) =>
        address === 'p3@example.org' ? { reply: [550, '5.1.1 No such user'] } : undefined,
    },
    (ledger, kept) => ({
      ...ledger,
      step: (claim, step) => {
        kept.flush();
        for (const entry of readFlights(path(), WORKER)?.entries ?? []) {
          if (entry.state === 'answered' && entry.seq === 3)
            seen.push(entry.stage, entry.reply.text);
        }
        return ledger.step(claim, step);
      },
    }),
  );
  expect(seen.slice(0, 2)).toEqual(['rcpt', 'No such user']);
  recorder.remove();
  expect(readdirSync(state.directory)).toEqual([]);
});

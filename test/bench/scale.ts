import type { Settlement } from '../../src/domain/settlement.ts';
import { createLedger } from '../../src/store/ledger.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { listRecipients } from '../../src/store/recipients/pages.ts';
import { listSnapshots, readSnapshot } from '../../src/store/sends/row.ts';
import { createTestDatabase, type TestServer } from '../support/database.ts';
import { rowsRead } from '../support/rows-read.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  type Goal,
  type Measure,
  median,
  type Sizes,
  size,
} from './report.ts';
import { seedLargeSend } from './sample.ts';
import { BUFFER_POOL_MB, DATABASE_NOTE, startBenchDatabase } from './servers.ts';

export const scale: Bench = {
  name: 'scale',
  summary: 'what each statement costs on a large ledger, against a small one',
  sizes: { rows: 10_000_000, small: 10_000, rounds: 60 },
  smoke: { rows: 20_000, small: 10_000, rounds: 3 },
  run: runBench,
};

const WINDOW = 64;
const PAGE = 100;
const SHOWN_SENDS = 20;
const COST_RATIO = 1.2;
/** Rows read that a figure may differ by: an index page more or less. */
const ROWS_MARGIN = 2;

/** What one operation took, round by round. */
interface Cost {
  ms: number[];
  rowsRead: number[];
}

class Ledger {
  readonly costs = new Map<string, Cost>();
  private claims = 0;

  /** @param database of one connection, so that the session's counters are ours */
  constructor(
    readonly database: Database,
    private readonly sendId: number,
    private readonly middle: number,
  ) {}

  /** Every operation once, as a scheduler and its users would ask for them. */
  async round(): Promise<void> {
    const { database, sendId } = this;
    const ledger = createLedger(database);
    await this.measure('tick', async () => {
      await ledger.findStale();
      await ledger.findWork(200);
    });
    const by = `bench:${++this.claims}`;
    const claimed = await this.measure('claim', () => ledger.claim(sendId, by, false));
    if (!claimed) throw new Error('the send could not be claimed');
    const { claim, cursorSeq } = claimed;
    const read = { afterSeq: cursorSeq, untouched: WINDOW, deferred: WINDOW };
    const { untouched } = await this.measure('window', () => ledger.nextRows(sendId, read));
    const mark = untouched.map((row) => row.seq);
    const last = mark.at(-1) ?? cursorSeq;
    const marked = {
      settlements: [],
      mark,
      skip: [],
      known: 0,
      fromSeq: cursorSeq,
      cursorSeq: last,
      settledSeq: cursorSeq,
    };
    await expectDone(this.measure('mark', () => ledger.step(claim, marked)));
    const settlements = mark.map(
      (seq): Settlement => ({ seq, to: 'sent', code: 250, enhanced: '2.0.0', text: 'Ok' }),
    );
    const recorded = {
      settlements,
      mark: [],
      skip: [],
      known: 0,
      fromSeq: last,
      cursorSeq: last,
      settledSeq: last,
    };
    await expectDone(this.measure('record', () => ledger.step(claim, recorded)));
    await this.measure('progress', () => readSnapshot(database, sendId));
    await this.measure('page from the middle', () =>
      listRecipients(database, sendId, undefined, { seq: this.middle }, PAGE),
    );
    await this.measure('page of failed', () =>
      listRecipients(database, sendId, 'failed', null, PAGE),
    );
    await this.measure('list', () => listSnapshots(database, { limit: SHOWN_SENDS }));
    await this.measure('batch end', () =>
      ledger.endBatch(claim, { worked: true, exhausted: false }),
    );
  }

  private async measure<T>(name: string, work: () => Promise<T>): Promise<T> {
    const cost = this.costs.get(name) ?? { ms: [], rowsRead: [] };
    this.costs.set(name, cost);
    const { read, result } = await rowsRead(this.database, async () => {
      const begun = performance.now();
      const done = await work();
      cost.ms.push(performance.now() - begun);
      return done;
    });
    cost.rowsRead.push(read);
    return result;
  }
}

async function expectDone(step: Promise<{ kind: string }>): Promise<void> {
  const { kind } = await step;
  if (kind !== 'done') throw new Error(`a step ended as ${kind}`);
}

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const counts = { small: size(sizes, 'small'), large: size(sizes, 'rows') };
  const rounds = size(sizes, 'rounds');
  const server = await startBenchDatabase();
  try {
    const small = await openLedger(server, counts.small, context);
    const large = await openLedger(server, counts.large, context);
    context.say('asking');
    // What the first rounds read from the disk is no matter of the number of rows.
    for (const ledger of [small, large]) {
      await ledger.round();
      ledger.costs.clear();
    }
    for (let round = 0; round < rounds; round++) {
      await small.round();
      await large.round();
    }
    return {
      ...compare(small, large, counts),
      name: 'scale',
      sizes,
      notes: notesOf(await ledgerMb(large.database)),
    };
  } finally {
    await server.stop();
  }
}

async function openLedger(
  server: TestServer,
  rows: number,
  context: BenchContext,
): Promise<Ledger> {
  context.say(`making a ledger of ${rows.toLocaleString('en-US')} rows`);
  const { connect } = await createTestDatabase(server.url);
  const database = connect({ connections: 1 });
  const sent = Math.floor(rows / 2);
  const sendId = await seedLargeSend(database, { rows, sent, batchSize: 100 });
  await database.rows('ANALYZE TABLE CAMPAIGN_SENDS, CAMPAIGN_SEND_RESULTS');
  return new Ledger(database, sendId, sent);
}

function compare(small: Ledger, large: Ledger, counts: { small: number; large: number }) {
  const measures: Measure[] = [];
  const goals: Goal[] = [];
  for (const [name, cost] of small.costs) {
    const other = large.costs.get(name);
    if (!other) continue;
    for (const [rows, { ms, rowsRead }] of [
      [counts.small, cost],
      [counts.large, other],
    ] as const) {
      const party = `${name}, ${rows.toLocaleString('en-US')} rows`;
      measures.push({ party, unit: 'ms', values: ms });
      measures.push({ party, unit: 'rows read', values: rowsRead });
    }
    goals.push({
      what: `${name}: time`,
      value: median(other.ms) / median(cost.ms),
      bound: 'at most',
      limit: COST_RATIO,
    });
    const read = { small: median(cost.rowsRead), large: median(other.rowsRead) };
    const limit = Math.ceil(read.small * COST_RATIO) + ROWS_MARGIN;
    goals.push({ what: `${name}: rows read`, value: read.large, bound: 'at most', limit });
  }
  return { measures, goals };
}

/** Megabytes that the ledger and its indexes take. */
async function ledgerMb(database: Database): Promise<number> {
  const [row] = await database.rows<{ bytes: number }>(
    `SELECT DATA_LENGTH + INDEX_LENGTH AS bytes FROM INFORMATION_SCHEMA.TABLES
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'CAMPAIGN_SEND_RESULTS'`,
  );
  return Math.round((row?.bytes ?? 0) / 2 ** 20);
}

const notesOf = (largeMb: number): string[] => [
  DATABASE_NOTE,
  `the large ledger takes ${largeMb.toLocaleString('en-US')} MB, the buffer pool has ${BUFFER_POOL_MB} MB`,
  'half of either ledger is sent; the rounds on the two alternate',
];

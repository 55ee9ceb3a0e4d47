import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Claim, ClaimedSend } from '../../src/domain/claim.ts';
import { likeness } from '../../src/domain/likeness.ts';
import type { Settlement } from '../../src/domain/settlement.ts';
import {
  RECIPIENT_TRANSITIONS,
  type RecipientStatus,
  SEND_TRANSITIONS,
  type SendStatus,
} from '../../src/domain/states.ts';
import { createLedger } from '../../src/store/ledger.ts';
import { settleSelected } from '../../src/store/recipients/settle.ts';
import { cancel, pause, resume } from '../../src/store/sends/lifecycle.ts';
import { verifySend } from '../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ageClaim, balancedBooks, ledgerRows } from '../support/ledger.ts';
import { seedQueuedSend } from '../support/seed.ts';

let db: TestDatabase;
let ledger: ReturnType<typeof createLedger>;

beforeAll(async () => {
  db = await createTestDatabase();
  ledger = createLedger(db.database);
});
afterAll(() => db.drop());

const RECIPIENTS = 8;

/** What a worker, and the world outside, know: a row handed out may have been accepted from then on. */
interface World {
  sendId: number;
  claims: number;
  /** The claim a worker believes it holds, and the rows it has in its hands. */
  holder: { claimed: ClaimedSend; hands: Set<number>; cursor: number } | null;
  /** Claims lost, with what was still in hand. */
  late: { claim: Claim; hands: Set<number> }[];
  /** Copies that may have been accepted since the operator last asked for the row. */
  handedOut: Map<number, number>;
}

interface Command {
  name: string;
  run(world: World): Promise<void>;
}

/** Named in a counterexample instead of printed whole. */
const named = (command: Command): Command & fc.WithToStringMethod => ({
  ...command,
  [fc.toStringMethod]: () => command.name,
});

const kinds = fc.constantFrom('sent', 'failed', 'unknown', 'deferred', 'returned', 'limited');
type Kind = Settlement['to'];

function settlement(seq: number, to: Kind): Settlement {
  const words = { code: 250, enhanced: null, text: 'ok' };
  switch (to) {
    case 'sent':
      return { seq, to, ...words };
    case 'failed':
      return { seq, to, ...words, code: 550 };
    case 'unknown':
      return { seq, to, ...words, code: null };
    case 'deferred':
      return { seq, to, ...words, code: 451, delayMs: 0 };
    case 'returned':
      return { seq, to, delayMs: 0 };
    case 'limited':
      return { seq, to, delayMs: 0, times: 1 };
  }
}

/** What is settled so was not accepted: the row may be handed out again. */
const notAccepted = (to: Kind) => to !== 'sent' && to !== 'unknown';

const claim: Command = {
  name: 'claim',
  async run(world) {
    const by = `model:${world.sendId}:${++world.claims}`;
    const claimed = await ledger.claim(world.sendId, by, true);
    if (!claimed) return;
    if (world.holder) {
      const { claimed: lost, hands } = world.holder;
      world.late.push({ claim: lost.claim, hands });
    }
    world.holder = { claimed, hands: new Set(), cursor: claimed.cursorSeq };
  },
};

const step = (settle: Kind[], mark: number): Command => ({
  name: `settle ${settle.join(',')} and mark ${mark}`,
  async run(world) {
    const { holder } = world;
    if (!holder) return;
    const rows = await ledger.nextRows(world.sendId, {
      afterSeq: holder.cursor,
      untouched: mark,
      deferred: mark,
    });
    const next = [...rows.deferred, ...rows.untouched]
      .filter(({ seq }) => !holder.hands.has(seq))
      .slice(0, mark);
    const settlements = [...holder.hands]
      .slice(0, settle.length)
      .map((seq, i) => settlement(seq, settle[i] ?? 'sent'));
    const remaining = [...holder.hands, ...next.map(({ seq }) => seq)].filter(
      (seq) => !settlements.some((settled) => settled.seq === seq),
    );
    const cursorSeq = Math.max(holder.cursor, ...next.map(({ seq }) => seq));
    const result = await ledger.step(holder.claimed.claim, {
      settlements,
      mark: next.map(({ seq }) => seq),
      skip: [],
      known: 0,
      fromSeq: holder.cursor,
      cursorSeq,
      settledSeq: Math.min(cursorSeq, ...remaining.map((seq) => seq - 1)),
    });
    expect(result.kind).not.toBe('mismatch');
    if (result.kind === 'lost') {
      world.late.push({ claim: holder.claimed.claim, hands: holder.hands });
      world.holder = null;
    }
    if (result.kind !== 'done') return;
    holder.cursor = cursorSeq;
    for (const { seq, to } of settlements) {
      holder.hands.delete(seq);
      if (notAccepted(to)) world.handedOut.set(seq, 0);
    }
    for (const { seq } of next) {
      holder.hands.add(seq);
      world.handedOut.set(seq, (world.handedOut.get(seq) ?? 0) + 1);
    }
  },
});

const endBatch: Command = {
  name: 'end the batch',
  async run(world) {
    if (!world.holder) return;
    const { claimed, hands } = world.holder;
    const end = await ledger.endBatch(claimed.claim, { worked: true, exhausted: true });
    if (end.kind === 'strays') expect(hands.size).toBeGreaterThan(0);
    else world.holder = null;
    if (end.kind === 'lost') world.late.push({ claim: claimed.claim, hands });
  },
};

const takeover: Command = {
  name: 'take over',
  async run(world) {
    const by = world.holder?.claimed.claim.by ?? null;
    if (by === null) return;
    await ageClaim(db.database, world.sendId);
    await ledger.reclaim({ sendId: world.sendId, by }, 'model');
  },
};

const settleLate = (to: Kind): Command => ({
  name: `settle late as ${to}`,
  async run(world) {
    const lost = world.late.pop();
    if (!lost) return;
    const before = await ledgerRows(db.database, world.sendId);
    await ledger.settleLate(
      lost.claim,
      [...lost.hands].map((seq) => settlement(seq, to)),
    );
    for (const [i, row] of (await ledgerRows(db.database, world.sendId)).entries()) {
      if (row.status !== before[i]?.status && notAccepted(to)) world.handedOut.set(row.seq, 0);
    }
  },
});

const pauseItself: Command = {
  name: 'pause itself',
  async run(world) {
    if (!world.holder) return;
    const failed = (await ledgerRows(db.database, world.sendId)).filter(
      ({ status }) => status === 'failed',
    );
    const [first] = failed;
    if (!first) return;
    await ledger.pauseItself(world.holder.claimed.claim, 'a block', {
      key: likeness({ code: first.code, enhanced: first.enhanced, text: first.response ?? '' }),
      attempts: new Map(failed.map(({ seq, attempts }) => [seq, attempts - 1])),
    });
  },
};

const steer = (verb: typeof pause | typeof resume | typeof cancel): Command => ({
  name: verb.name,
  run: async ({ sendId }) => {
    await verb(db.database, sendId, 'model');
  },
});

const decide = (from: 'unknown' | 'failed', to: 'sent' | 'failed' | 'pending'): Command => ({
  name: `settle ${from} as ${to}`,
  async run(world) {
    const before = await ledgerRows(db.database, world.sendId);
    const event = from === 'unknown' ? 'resolved' : 'retried';
    const text = from === 'unknown' ? `resolved as ${to} by model` : undefined;
    const settle = { from, to, event, actor: 'model' } as const;
    await settleSelected(db.database, world.sendId, settle, { from }, text);
    const after = await ledgerRows(db.database, world.sendId);
    for (const [i, row] of after.entries()) {
      // The operator has asked for one more copy.
      if (row.status === 'pending' && before[i]?.status === from) world.handedOut.set(row.seq, 0);
    }
  },
});

const commands: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: fc.constant(claim), weight: 8 },
  {
    arbitrary: fc
      .tuple(fc.array(kinds, { maxLength: 4 }), fc.integer({ min: 0, max: 3 }))
      .map(([settle, mark]) => step(settle, mark)),
    weight: 16,
  },
  { arbitrary: fc.constant(endBatch), weight: 2 },
  { arbitrary: fc.constant(takeover), weight: 1 },
  { arbitrary: kinds.map(settleLate), weight: 2 },
  { arbitrary: fc.constant(pauseItself), weight: 1 },
  { arbitrary: fc.constantFrom(pause, resume, resume).map(steer), weight: 2 },
  { arbitrary: fc.constant(steer(cancel)), weight: 1 },
  {
    arbitrary: fc.constantFrom(
      decide('unknown', 'sent'),
      decide('unknown', 'failed'),
      decide('unknown', 'pending'),
      decide('failed', 'pending'),
    ),
    weight: 1,
  },
);

const maySend = (from: SendStatus, to: SendStatus): boolean =>
  from === to ||
  Object.values(SEND_TRANSITIONS).some(
    (transition) =>
      transition.to === to && (transition.from as readonly SendStatus[]).includes(from),
  );

test('whatever workers and operators do: states follow the table, the books balance, nobody is handed out twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(commands.map(named), { minLength: 5, maxLength: 40 }),
      async (sequence) => {
        const sendId = await seedQueuedSend(db.database, { recipients: RECIPIENTS });
        const world: World = { sendId, claims: 0, holder: null, late: [], handedOut: new Map() };
        let rows = await ledgerRows(db.database, sendId);
        let { status } = await balancedBooks(db.database, sendId);
        for (const command of sequence) {
          await command.run(world);
          const books = await balancedBooks(db.database, sendId);
          const now = await ledgerRows(db.database, sendId);
          expect(maySend(status as SendStatus, books.status as SendStatus)).toBe(true);
          for (const [i, row] of now.entries()) {
            const was = rows[i]?.status as RecipientStatus;
            const allowed: string[] = [was, ...RECIPIENT_TRANSITIONS[was]];
            expect(allowed, `${command.name}: row ${row.seq}`).toContain(row.status);
            expect(world.handedOut.get(row.seq) ?? 0).toBeLessThanOrEqual(1);
          }
          rows = now;
          status = books.status;
        }
        expect(await verifySend(db.database, sendId)).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

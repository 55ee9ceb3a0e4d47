import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ChaosDatabase, privateDatabase } from './databases.ts';
import type { FaultName } from './faults.ts';
import { type ChaosResult, runChaos } from './harness.ts';
import { type Edit, spoiltProgram } from './spoil.ts';

let database: ChaosDatabase;
let directories: string[] = [];

beforeAll(async () => {
  database = await privateDatabase();
});
afterAll(() => database.stop());
afterEach(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  directories = [];
});

/** Rounds of the program with faults put in, until they find what is looked for. */
async function expectFound(
  edits: readonly Edit[],
  faults: readonly FaultName[],
  found: (total: ChaosResult) => boolean,
): Promise<void> {
  const { directory, program } = spoiltProgram(edits);
  directories.push(directory);
  const result = await runChaos({
    seed: 7000,
    rounds: 30,
    database,
    faults,
    program,
    workers: 2,
    pacing: { batchSize: 100, delayMs: 10, cooldownSeconds: 0 },
    patienceSeconds: 15,
    // A round may fail for something else first: sends that did not come to an end on a slow machine, say.
    until: found,
  });
  if (result.failure) directories.push(result.failure.directory);
  expect(result).toMatchObject({ ok: false });
  expect(found(result), result.failure?.contradictions.join('\n')).toBe(true);
}

const contradicts = ({ failure }: ChaosResult, what: string): boolean =>
  failure?.contradictions.some((text) => text.includes(what)) ?? false;

const copies = ({ copiesTooMany }: ChaosResult): boolean => copiesTooMany > 0;

describe('the chaos rounds find', () => {
  test('a fence that does not ask who holds the claim: a stopped worker wakes up and mails on', async () => {
    await expectFound(
      [
        {
          file: 'store/recipients/step.js',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the program's own text
          from: 'WHERE ID = ? AND CLAIMED_BY = ? AND CLAIM_NUMBER = ?${running}',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the program's own text
          to: 'WHERE ID = ? AND (CLAIMED_BY = ? AND CLAIM_NUMBER = ? OR TRUE)${running}',
        },
        {
          file: 'store/recipients/reconcile.js',
          from: 'WHERE ID = ? AND CLAIMED_BY = ?`, [claim.sendId',
          to: 'WHERE ID = ? AND (CLAIMED_BY = ? OR TRUE)`, [claim.sendId',
        },
        {
          file: 'store/sends/claim.js',
          from: 'held: row?.claimedBy === claim.by',
          to: 'held: true',
        },
      ],
      ['worker-stop'],
      (total) => total.late > 0 || copies(total),
    );
  }, 300_000);

  test('a fence that does not ask for the version of the suppressions: whoever has just unsubscribed is mailed', async () => {
    await expectFound(
      [
        {
          file: 'store/recipients/step.js',
          from: 'mark.length > 0 && known !== null ?',
          to: 'false ?',
        },
      ],
      ['unsubscribe'],
      (total) => contradicts(total, 'after a no had been acknowledged'),
    );
  }, 300_000);

  test('a claim that heeds no version of the message: whoever is mailed after an edit gets the old text', async () => {
    await expectFound(
      [
        {
          file: 'store/sends/claim.js',
          from: 'messageVersion: SEND.version',
          to: "messageVersion: '1'",
        },
      ],
      ['operator-edit'],
      (total) => contradicts(total, 'was sent "'),
    );
  }, 300_000);

  test('a lease that always holds: a stopped worker wakes up and mails what it had marked', async () => {
    await expectFound(
      [
        {
          file: 'domain/lease.js',
          from: 'elapsedMs(renewed, now) < lease.holdsMs',
          to: 'true',
        },
      ],
      ['worker-stop'],
      (total) => total.late > 0,
    );
  }, 300_000);

  test('rows marked only after they were sent: a killed worker leaves them to be sent again', async () => {
    await expectFound(
      [
        {
          file: 'store/ledger.js',
          from: 'step: on(step)',
          to: `step: explained(db, async (claim, asked) => {
            const mark = asked.settlements.map(({ seq }) => seq);
            if (mark.length > 0) {
              await step(db, claim, { ...asked, settlements: [], mark, known: null });
              await step(db, claim, { ...asked, mark: [] });
            }
            return { kind: 'done' };
          })`,
        },
      ],
      ['worker-kill', 'database-cut'],
      copies,
    );
  }, 300_000);

  test('a message sent again because its reply was lost, as pools of connections do', async () => {
    await expectFound(
      [
        {
          file: 'domain/judge.js',
          from: "if (result.stage === 'dot')",
          to: 'if (false)',
        },
      ],
      [],
      copies,
    );
  }, 300_000);

  test('an entry of the flight recorder written after the dot: what a killed worker had mailed is given back', async () => {
    await expectFound(
      [
        { file: 'smtp/transaction.js', from: 'if (!transmission.mayEnd())', to: 'if (false)' },
        {
          file: 'smtp/transaction.js',
          from: "const reply = await reader.read(this.timeouts.dot);\n        if ('lost' in reply)\n",
          to: "const reply = await reader.read(this.timeouts.dot);\n        transmission.mayEnd();\n        if ('lost' in reply)\n",
        },
      ],
      ['worker-kill'],
      (total) => copies(total) && contradicts(total, 'given back as not begun'),
    );
  }, 300_000);

  test('a reconcile that makes entries unfindable: what was begun after it is given back', async () => {
    await expectFound(
      [
        {
          file: 'scheduler/batch/steps.js',
          from: 'standing.claim = found.claim;',
          // No claim that the process will ever make.
          to: 'standing.claim = found.claim; globalThis.renumbered = 4e9;',
        },
        {
          file: 'host/flight-slots.js',
          from: 'slot.writeUInt32LE(claim, AT.claim);',
          to: 'slot.writeUInt32LE(globalThis.renumbered ?? claim, AT.claim);',
        },
      ],
      ['reconciled-kill'],
      (total) => contradicts(total, 'given back as not begun'),
    );
  }, 300_000);

  test('an entry that could not be written and is ignored: its message is mailed, and given back', async () => {
    await expectFound(
      [
        {
          file: 'host/flight-recorder.js',
          from: 'begin(flight) {',
          to: 'begin(flight) { if (flight.seq % 3 === 0) return true;',
        },
      ],
      ['worker-kill'],
      (total) => contradicts(total, 'given back as not begun'),
    );
  }, 300_000);

  test('a slot not freed when its step has committed: the recorder is full, and given up', async () => {
    await expectFound(
      [
        {
          file: 'scheduler/batch/steps.js',
          from: 'flights.settled(settlements);',
          to: '',
        },
      ],
      ['worker-kill'],
      (total) => contradicts(total, 'no flight recorder'),
    );
  }, 300_000);

  test('a relay whose limit is taken for the recipient’s refusal: they fail by it', async () => {
    await expectFound(
      [
        {
          file: 'domain/judge.js',
          from: "return { kind: 'limited', limit, stage, code, enhanced, text };",
          to: "return { kind: 'failed', code, enhanced, text };",
        },
      ],
      ['quota'],
      (total) => contradicts(total, ' failed by "'),
    );
  }, 300_000);

  test('files of a row that go to the row before it', async () => {
    await expectFound(
      [
        {
          file: 'store/files/send-files.js',
          from: 'for (const { seq, ...file } of rows) {',
          to: 'for (const { seq: own, ...file } of rows) { const seq = own > 0 ? Math.max(1, own - 1) : 0;',
        },
      ],
      [],
      (total) => contradicts(total, 'not their own'),
    );
  }, 300_000);

  test('a body’s hash that is kept for the next message: its signatures do not hold', async () => {
    await expectFound(
      [
        {
          file: 'message/relaxed-body.js',
          from: 'this.last === null || !isSame(body, this.last)',
          to: 'this.last === null',
        },
      ],
      [],
      (total) => contradicts(total, 'signatures, of which'),
    );
  }, 300_000);

  test('a rate that nobody heeds: more begins in a window than the relay may be sent', async () => {
    await expectFound(
      [
        {
          file: 'scheduler/dispatch/lease-holder.js',
          from: "readRates(rates ?? 'none')",
          to: "readRates('none')",
        },
      ],
      ['operator-rate'],
      (total) => contradicts(total, 'messages began within'),
    );
  }, 300_000);

  test('a probe that its winner keeps: once it is killed nobody asks the relay again', async () => {
    await expectFound(
      [
        {
          file: 'store/relays/relays.js',
          from: "HOLD_ID = ? AND HOLD_KIND <> 'operator'\n",
          to: "HOLD_ID = ? AND HOLD_KIND <> 'operator' AND PROBE_BY IS NULL\n",
        },
      ],
      ['probe-kill'],
      (total) => contradicts(total, 'did not come to an end'),
    );
  }, 300_000);
});

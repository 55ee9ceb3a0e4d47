import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Flight, fatesOf } from '../../src/domain/flight.ts';
import { crc32c } from '../../src/host/crc32c.ts';
import { FlightRecorder, readFlights } from '../../src/host/flight-recorder.ts';
import { SLOT_BYTES } from '../../src/host/flight-slots.ts';
import { makeStateFolder } from '../support/state-folder.ts';

const WORKER = 'host:1:abcd';

let state: ReturnType<typeof makeStateFolder>;
let recorder: FlightRecorder;
let path: string;

beforeEach(() => {
  state = makeStateFolder();
  path = join(state.directory, 'a.flights');
  recorder = FlightRecorder.create(path, WORKER, 8);
});
afterEach(() => {
  recorder.remove();
  state.remove();
});

const flight = (seq: number, claim = 1): Flight => ({ sendId: 42, claim, seq, attempts: 0 });
const REPLY = { code: 250, enhanced: '2.0.0', text: 'Ok: queued as 4XyZ' };
const read = () => readFlights(path, WORKER);

/** What the file tells of rows of a claim. */
function fates(seqs: readonly number[], claim = 1): (string | undefined)[] {
  const log = read();
  if (!log) return seqs.map(() => undefined);
  const tell = fatesOf(log, 42, claim);
  return seqs.map((seq) => tell({ seq, attempts: 0 }).kind);
}

/** Overwrites bytes of the file, as a torn write or a bad disk would. */
function damage(at: number, bytes: string): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, at);
  closeSync(fd);
}

test('CRC-32C is that of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
});

describe('a flight recorder', () => {
  test('tells what had not begun, what was answered, by what words, and what is not known', () => {
    recorder.begin(flight(1));
    recorder.begin(flight(2));
    recorder.answered(flight(2), 'dot', REPLY);
    recorder.answered(flight(3), 'rcpt', { code: 550, enhanced: null, text: 'Kein Empfänger' });
    recorder.flush();
    expect(fates([1, 2, 3, 4])).toEqual(['not-known', 'answered', 'answered', 'not-begun']);
    expect(read()?.entries).toContainEqual({
      ...flight(2),
      state: 'answered',
      stage: 'dot',
      reply: REPLY,
    });
    expect(read()?.entries).toContainEqual({
      ...flight(3),
      state: 'answered',
      stage: 'rcpt',
      reply: { code: 550, enhanced: null, text: 'Kein Empfänger' },
    });
  });

  test('has the entry in the file before it says that the dot may be written, and an answer soon after', async () => {
    expect(recorder.begin(flight(1))).toBe(true);
    expect(fates([1])).toEqual(['not-known']);
    recorder.answered(flight(1), 'dot', REPLY);
    await expect.poll(() => fates([1])).toEqual(['answered']);
  });

  test('writes what came in, and what a step has settled, along with the next entry', () => {
    const before = recorder.writes;
    recorder.begin(flight(1));
    recorder.answered(flight(1), 'dot', REPLY);
    recorder.begin(flight(2));
    recorder.answered(flight(2), 'dot', REPLY);
    recorder.settled(1, [1, 2]);
    recorder.begin(flight(3));
    expect(recorder.writes - before).toBe(3);
    expect(fates([1, 2, 3])).toEqual(['not-begun', 'not-begun', 'not-known']);
  });

  test('never grows, has a slot for as many as can be in hand, and uses freed ones again', () => {
    const { size } = statSync(path);
    expect(size).toBe(9 * SLOT_BYTES);
    for (let round = 0; round < 50; round++) {
      const seqs = Array.from({ length: 8 }, (_, i) => round * 8 + i);
      for (const seq of seqs) expect(recorder.begin(flight(seq))).toBe(true);
      recorder.settled(1, seqs);
    }
    expect(statSync(path).size).toBe(size);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('refuses a message for which there is no slot, and says once that it records no more', () => {
    const told: string[] = [];
    recorder.onFailure = (reason) => told.push(reason);
    for (let seq = 1; seq <= 8; seq++) recorder.begin(flight(seq));
    expect(recorder.begin(flight(9))).toBe(false);
    expect(recorder.works).toBe(false);
    expect(recorder.begin(flight(1))).toBe(false);
    expect(told).toEqual([expect.stringContaining('every slot is taken')]);
    // What it had written stays true.
    expect(fates([1, 8, 9])).toEqual(['not-known', 'not-known', 'not-begun']);
  });

  test('keeps claims apart: an entry of an earlier one tells nothing of the row in a later one', () => {
    recorder.begin(flight(1, 1));
    expect(fates([1], 2)).toEqual(['not-begun']);
    recorder.ended(1);
    recorder.flush();
    expect(read()?.entries).toEqual([]);
  });

  test('that saw a claim taken by others says so before it forgets what it had of it', () => {
    recorder.begin(flight(1, 1));
    recorder.begin(flight(2, 2));
    recorder.lost(1);
    expect(read()?.sawClaimsLost).toBe(true);
    recorder.flush();
    expect(read()).toMatchObject({ sawClaimsLost: true, entries: [flight(2, 2)] });
  });

  test('cuts a long reply to the slot, at a whole character', () => {
    recorder.answered(flight(1), 'dot', { code: 554, enhanced: '5.7.1', text: 'ä€'.repeat(300) });
    recorder.flush();
    const [entry] = read()?.entries ?? [];
    const { text } = entry?.state === 'answered' ? entry.reply : { text: '' };
    expect(text.length).toBeGreaterThan(150);
    expect('ä€'.repeat(300).startsWith(text)).toBe(true);
  });

  test('takes counts and ids as large as the ledger has', () => {
    const large = { sendId: 2 ** 52, claim: 999_999_999, seq: 2 ** 52 + 1, attempts: 3 };
    recorder.begin(large);
    expect(read()?.entries).toEqual([{ ...large, state: 'begun' }]);
  });

  test('is removed when nothing is left to tell', () => {
    recorder.remove();
    expect(() => statSync(path)).toThrow(/ENOENT/);
    expect(recorder.begin(flight(1))).toBe(false);
  });
});

describe('what cannot be believed', () => {
  test('a torn slot makes unknown all that no other slot explains', () => {
    recorder.begin(flight(1));
    recorder.answered(flight(1), 'dot', REPLY);
    recorder.begin(flight(2));
    expect(fates([1, 2, 3])).toEqual(['answered', 'not-known', 'not-begun']);
    damage(2 * SLOT_BYTES + 20, 'x');
    expect(fates([1, 2, 3])).toEqual(['answered', 'not-known', 'not-known']);
  });

  test('a page of zeros, which a file has where nothing was written, is no free slot', () => {
    damage(3 * SLOT_BYTES, '\0'.repeat(SLOT_BYTES));
    expect(read()?.torn).toBe(true);
  });

  test('two entries of one row, and one of another attempt, tell nothing', () => {
    recorder.begin(flight(1));
    recorder.answered(flight(1), 'dot', REPLY);
    recorder.flush();
    const slot = readFileSync(path).subarray(SLOT_BYTES, 2 * SLOT_BYTES);
    const log = read();
    if (!log) throw new Error('not read');
    expect(fatesOf(log, 42, 1)({ seq: 1, attempts: 1 }).kind).toBe('not-known');
    const whole = readFileSync(path);
    slot.copy(whole, 4 * SLOT_BYTES);
    writeFileSync(path, whole);
    expect(fates([1])).toEqual(['not-known']);
  });

  test.each([
    ['of another worker', () => undefined, 'host:1:other'],
    ['of another version', () => damage(44, 'campaign flights 0\n'), WORKER],
    ['whose head is damaged', () => damage(70, 'x'), WORKER],
    ['that is cut short', () => writeFileSync(path, readFileSync(path).subarray(0, 1000)), WORKER],
    ['that is empty', () => writeFileSync(path, ''), WORKER],
    [
      'that grew',
      () => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(512)])),
      WORKER,
    ],
  ])('a file %s is none', (_, change, worker) => {
    recorder.begin(flight(1));
    change();
    expect(readFlights(path, worker)).toBeNull();
  });

  test('a file that is not there, a folder, or one we may not read is none', () => {
    expect(readFlights(join(state.directory, 'none'), WORKER)).toBeNull();
    expect(readFlights(state.directory, WORKER)).toBeNull();
    if (process.geteuid?.() !== 0) return;
    chmodSync(path, 0o600);
    process.seteuid?.(65534);
    try {
      expect(readFlights(path, WORKER)).toBeNull();
    } finally {
      process.seteuid?.(0);
    }
  });

  test('a recorder is not made over a file that is there', () => {
    expect(() => FlightRecorder.create(path, WORKER, 8)).toThrow(/EEXIST/);
    expect(read()).not.toBeNull();
  });
});

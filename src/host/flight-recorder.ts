import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Flight, FlightEntry, FlightLog } from '../domain/flight.js';
import type { Reply, Stage } from '../domain/reply.js';
import {
  readHead,
  readSlot,
  SLOT_BYTES,
  writeAnswered,
  writeBegun,
  writeFree,
  writeHead,
} from './flight-slots.js';

/** Slots of so many in a row that need no writing are written along rather than parted by a second write. */
const BRIDGED = 15;

/**
 * Says of each message in the process's hands whether its final dot may have been written, and what was answered, in a file
 * that outlives a kill -9: the kernel has what was written to it. Never in doubt about what has not begun, for the entry is
 * written before the dot, and with it all that has changed since the last write: so no message begins while the file still
 * tells of rows that the ledger has. Without a next entry the changes are written a turn later.
 */
export class FlightRecorder {
  private readonly image: Buffer;
  private readonly slots: Buffer[];
  private readonly free: number[];
  /** The slot of each message, by claim and row. */
  private readonly used = new Map<number, Map<number, number>>();
  private readonly dirty: boolean[];
  private firstDirty = Number.POSITIVE_INFINITY;
  private lastDirty = -1;
  /** Comes in the next turn. Not taken back when it has become needless: that would cost more than to let it come. */
  private turn: NodeJS.Immediate | null = null;
  /** Turns until what has changed is written by itself; 0 when nothing has. */
  private turnsLeft = 0;
  private failed = false;
  private removed = false;
  /** Writes to the file so far. */
  writes = 0;
  /** Told once why nothing more is recorded. */
  onFailure: ((reason: string) => void) | null = null;

  private constructor(
    readonly path: string,
    private readonly fd: number,
    private readonly worker: string,
    slots: number,
  ) {
    this.image = Buffer.alloc((slots + 1) * SLOT_BYTES);
    this.slots = Array.from({ length: slots + 1 }, (_, i) =>
      this.image.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES),
    );
    this.dirty = this.slots.map(() => false);
    this.free = Array.from({ length: slots }, (_, i) => slots - i);
    this.writeHead(false);
    for (const slot of this.free) {
      writeFree(this.slot(slot));
      this.soil(slot);
    }
  }

  /**
   * Makes the file, with room for so many messages at a time, which it never grows beyond.
   * @throws Error when it cannot be made
   */
  static create(path: string, worker: string, slots: number): FlightRecorder {
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const recorder = new FlightRecorder(path, fd, worker, slots);
      recorder.writeDirty();
      fsyncSync(fd);
      process.on('exit', recorder.atExit);
      return recorder;
    } catch (error) {
      closeSync(fd);
      removeFlights(path);
      throw error;
    }
  }

  /** Whether it records. Where it no longer does, no message that it is to tell of may begin. */
  get works(): boolean {
    return !this.failed;
  }

  /** Notes that the final dot may be written from now on. False when it could not: then it must not be. */
  begin(flight: Flight): boolean {
    const slot = this.slotOf(flight);
    if (slot === null) return false;
    writeBegun(this.slot(slot), flight);
    this.soil(slot);
    return this.flush();
  }

  /** Notes the reply that ended a message's transaction. */
  answered(flight: Flight, stage: Stage, reply: Reply): void {
    const slot = this.slotOf(flight);
    if (slot === null) return;
    writeAnswered(this.slot(slot), flight, stage, reply);
    this.soil(slot);
    this.flushSoon();
  }

  /** Forgets rows of a claim: the ledger has them. */
  settled(claim: number, seqs: readonly number[]): void {
    const rows = this.used.get(claim);
    if (!rows) return;
    for (const seq of seqs) this.release(rows, seq);
    this.flushSoon();
  }

  /** Forgets a claim that was let go. */
  ended(claim: number): void {
    const rows = this.used.get(claim);
    if (!rows) return;
    this.settled(claim, [...rows.keys()]);
    this.used.delete(claim);
  }

  /** Forgets a claim that somebody else has taken: from now on that a row is not here tells nothing of such claims. */
  lost(claim: number): void {
    if (!this.used.has(claim)) return;
    this.writeHead(true);
    // Told before it is forgotten.
    if (this.flush()) this.ended(claim);
  }

  /** Not this turn, but the one after: the next message often begins with what comes in then. */
  private flushSoon(): void {
    if (this.turnsLeft === 0) this.turnsLeft = 2;
    this.turn ??= setImmediate(this.onTurn);
  }

  private readonly onTurn = (): void => {
    this.turn = null;
    if (this.turnsLeft === 0) return;
    this.turnsLeft -= 1;
    if (this.turnsLeft === 0) this.flush();
    else this.turn = setImmediate(this.onTurn);
  };

  /** Writes what has not been written. False when that is no longer possible. */
  flush(): boolean {
    this.turnsLeft = 0;
    if (this.failed) return false;
    try {
      this.writeDirty();
      return true;
    } catch (error) {
      this.fail((error as Error).message);
      return false;
    }
  }

  /** An answer may have come in the very turn that a second signal ends. */
  private readonly atExit = (): void => void this.flush();

  /** Ends it, and removes the file: nothing is left that it could tell. */
  remove(): void {
    if (this.removed) return;
    this.removed = true;
    if (this.turn) clearImmediate(this.turn);
    this.failed = true;
    process.off('exit', this.atExit);
    closeSync(this.fd);
    removeFlights(this.path);
  }

  private slot(index: number): Buffer {
    return this.slots[index] as Buffer;
  }

  private writeHead(sawClaimsLost: boolean): void {
    const { worker, slots } = this;
    writeHead(this.slot(0), { worker, slots: slots.length - 1, sawClaimsLost });
    this.soil(0);
  }

  /** The message's slot, or one that becomes it; null when nothing more is recorded. */
  private slotOf({ claim, seq }: Flight): number | null {
    if (this.failed) return null;
    let rows = this.used.get(claim);
    if (!rows) {
      rows = new Map();
      this.used.set(claim, rows);
    }
    const known = rows.get(seq);
    if (known !== undefined) return known;
    const slot = this.free.pop();
    if (slot === undefined) {
      this.fail('every slot is taken');
      return null;
    }
    rows.set(seq, slot);
    return slot;
  }

  private release(rows: Map<number, number>, seq: number): void {
    const slot = rows.get(seq);
    if (slot === undefined) return;
    rows.delete(seq);
    this.free.push(slot);
    writeFree(this.slot(slot));
    this.soil(slot);
  }

  private soil(slot: number): void {
    this.dirty[slot] = true;
    if (slot < this.firstDirty) this.firstDirty = slot;
    if (slot > this.lastDirty) this.lastDirty = slot;
  }

  /** @throws Error when it cannot be written */
  private writeDirty(): void {
    const { dirty, lastDirty } = this;
    let from = this.firstDirty;
    while (from <= lastDirty) {
      let to = from;
      for (let i = from; i <= lastDirty && i - to <= BRIDGED + 1; i++) if (dirty[i]) to = i;
      this.write(from * SLOT_BYTES, (to + 1) * SLOT_BYTES);
      from = to + 1;
      while (from <= lastDirty && !dirty[from]) from++;
    }
    if (lastDirty >= 0) dirty.fill(false, this.firstDirty, lastDirty + 1);
    this.firstDirty = Number.POSITIVE_INFINITY;
    this.lastDirty = -1;
  }

  private write(from: number, to: number): void {
    this.writes += 1;
    const written = writeSync(this.fd, this.image, from, to - from, from);
    if (written !== to - from)
      throw new Error(`no room: ${written} of ${to - from} bytes were taken`);
  }

  private fail(reason: string): void {
    if (this.failed) return;
    this.failed = true;
    this.onFailure?.(`${this.path}: ${reason}`);
  }
}

/**
 * Reads what a dead worker recorded. What the kernel could not write back may be lost, so it is asked first.
 * @returns null where there is nothing that could be believed
 */
export function readFlights(path: string, worker: string): FlightLog | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      fsyncSync(fd);
      return parse(readWhole(fd), worker);
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

/** More than 1,000 connections need. */
const LARGEST_FILE = 4096 * SLOT_BYTES;

function readWhole(fd: number): Buffer {
  const file = fstatSync(fd);
  if (!file.isFile() || file.uid !== process.getuid?.() || file.size > LARGEST_FILE) {
    throw new Error('no file of ours');
  }
  const bytes = Buffer.alloc(file.size);
  if (readSync(fd, bytes, 0, file.size, 0) !== file.size) throw new Error('cut short');
  return bytes;
}

function parse(file: Buffer, worker: string): FlightLog | null {
  if (file.length < SLOT_BYTES) return null;
  const head = readHead(file.subarray(0, SLOT_BYTES));
  if (head?.worker !== worker || file.length !== (head.slots + 1) * SLOT_BYTES) return null;
  const slots = Array.from({ length: head.slots }, (_, i) =>
    readSlot(file.subarray((i + 1) * SLOT_BYTES, (i + 2) * SLOT_BYTES)),
  );
  return {
    entries: slots.filter((slot): slot is FlightEntry => slot != null),
    torn: slots.includes(undefined),
    sawClaimsLost: head.sawClaimsLost,
  };
}

export function removeFlights(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else did.
  }
}

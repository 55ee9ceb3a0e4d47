import type { Reply, Stage } from './reply.js';

/** A message of a claim on its way: which row, at which attempt. */
export interface Flight {
  sendId: number;
  /** The claim's ordinal among its worker's. */
  claim: number;
  seq: number;
  /** ATTEMPTS of the row when it was marked. */
  attempts: number;
}

/** What a flight recorder held of it when its worker died. */
export type FlightEntry = Flight &
  (
    | { state: 'begun' }
    /** With the reply as the server gave it, its words cut to the slot. */
    | { state: 'answered'; stage: Stage; reply: Reply }
  );

/** A dead worker's flight recorder, read. */
export interface FlightLog {
  entries: readonly FlightEntry[];
  /** A slot could not be read: what no other one explains may have been in it. */
  torn: boolean;
  /** The worker lived to see claims of it taken by others, and forgot what it had of them. */
  sawClaimsLost: boolean;
}

/** How far a row had come that was in a dead worker's hands. */
export type Fate =
  /** Nothing that could make the server accept it was written. */
  | { kind: 'not-begun' }
  | { kind: 'answered'; stage: Stage; reply: Reply }
  /** Its final dot may have been written, and no reply was read. */
  | { kind: 'not-known' };

/** Tells the fate of rows of one claim. */
export type Fates = (row: { seq: number; attempts: number }) => Fate;

const NOT_KNOWN: Fate = { kind: 'not-known' };

export function fatesOf(log: FlightLog, sendId: number, claim: number): Fates {
  const found = new Map<number, FlightEntry | 'several'>();
  for (const entry of log.entries) {
    if (entry.sendId !== sendId || entry.claim !== claim) continue;
    found.set(entry.seq, found.has(entry.seq) ? 'several' : entry);
  }
  return ({ seq, attempts }) => {
    const entry = found.get(seq);
    if (entry === undefined) return log.torn ? NOT_KNOWN : { kind: 'not-begun' };
    // One of another attempt should have been gone: what is not as it should be proves nothing.
    if (entry === 'several' || entry.attempts !== attempts || entry.state === 'begun') {
      return NOT_KNOWN;
    }
    return { kind: 'answered', stage: entry.stage, reply: entry.reply };
  };
}

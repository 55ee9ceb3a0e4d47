import type { Flight, FlightEntry } from '../domain/flight.js';
import type { Reply, Stage } from '../domain/reply.js';
import { crc32c } from './crc32c.js';

/**
 * The flight recorder's file: a head of 512 bytes, then slots of 512 bytes each, of which no write crosses a page. Each
 * begins with the CRC-32C of what follows up to the end of its text. Numbers are little-endian.
 */
export const SLOT_BYTES = 512;

/** Of a slot: CRC, state, stage, length of the text, claim, attempts, code, send, seq, enhanced code; then the text. */
const AT = { crc: 0, state: 4, stage: 5, length: 6, claim: 8, attempts: 12, code: 14 } as const;
const AT_SEND = 16;
const AT_SEQ = 24;
const AT_ENHANCED = 32;
const ENHANCED_BYTES = 12;
const AT_TEXT = 44;
const TEXT_BYTES = SLOT_BYTES - AT_TEXT;

const FREE = 0;
const BEGUN = 1;
const ANSWERED = 2;
const STAGES: readonly Stage[] = ['connect', 'auth', 'mail', 'rcpt', 'data', 'body', 'dot'];

function seal(slot: Buffer, textBytes: number): void {
  slot.writeUInt16LE(textBytes, AT.length);
  slot.writeUInt32LE(crc32c(slot, AT.state, AT_TEXT + textBytes), AT.crc);
}

const FREE_SLOT = Buffer.alloc(AT_TEXT);
seal(FREE_SLOT, 0);

export const writeFree = (slot: Buffer): void => slot.set(FREE_SLOT);

function writeFlight(slot: Buffer, { sendId, claim, seq, attempts }: Flight): void {
  slot.set(FREE_SLOT);
  slot.writeUInt32LE(claim, AT.claim);
  slot.writeUInt16LE(Math.min(attempts, 0xffff), AT.attempts);
  slot.writeDoubleLE(sendId, AT_SEND);
  slot.writeDoubleLE(seq, AT_SEQ);
}

export function writeBegun(slot: Buffer, flight: Flight): void {
  writeFlight(slot, flight);
  slot[AT.state] = BEGUN;
  seal(slot, 0);
}

export function writeAnswered(slot: Buffer, flight: Flight, stage: Stage, reply: Reply): void {
  writeFlight(slot, flight);
  slot[AT.state] = ANSWERED;
  slot[AT.stage] = STAGES.indexOf(stage);
  slot.writeUInt16LE(reply.code, AT.code);
  if (reply.enhanced !== null) slot.write(reply.enhanced, AT_ENHANCED, ENHANCED_BYTES, 'latin1');
  // Whole characters only, as many as there is room for.
  seal(slot, slot.write(reply.text, AT_TEXT, TEXT_BYTES, 'utf8'));
}

/** Null for a slot that is free, undefined for one that cannot be read. */
export function readSlot(slot: Buffer): FlightEntry | null | undefined {
  const textBytes = slot.readUInt16LE(AT.length);
  if (textBytes > TEXT_BYTES) return undefined;
  if (slot.readUInt32LE(AT.crc) !== crc32c(slot, AT.state, AT_TEXT + textBytes)) return undefined;
  const flight = {
    sendId: slot.readDoubleLE(AT_SEND),
    claim: slot.readUInt32LE(AT.claim),
    seq: slot.readDoubleLE(AT_SEQ),
    attempts: slot.readUInt16LE(AT.attempts),
  };
  switch (slot[AT.state]) {
    case FREE:
      return null;
    case BEGUN:
      return { ...flight, state: 'begun' };
    case ANSWERED: {
      const stage = STAGES[slot[AT.stage] as number];
      if (!stage) return undefined;
      const enhanced = slot
        .toString('latin1', AT_ENHANCED, AT_ENHANCED + ENHANCED_BYTES)
        .replace(/\0+$/, '');
      const reply = {
        code: slot.readUInt16LE(AT.code),
        enhanced: enhanced === '' ? null : enhanced,
        text: slot.toString('utf8', AT_TEXT, AT_TEXT + textBytes),
      };
      return { ...flight, state: 'answered', stage, reply };
    }
    default:
      return undefined;
  }
}

/** Whose file it is, in a form of its own: one of another version does not begin so. */
export interface Head {
  worker: string;
  slots: number;
  sawClaimsLost: boolean;
}

const MAGIC = 'campaign flights 1\n';

export function writeHead(head: Buffer, { worker, slots, sawClaimsLost }: Head): void {
  head.fill(0);
  const text = `${MAGIC}${JSON.stringify({ worker, slots, sawClaimsLost })}`;
  if (Buffer.byteLength(text) > TEXT_BYTES) throw new Error(`the name ${worker} is too long`);
  seal(head, head.write(text, AT_TEXT));
}

/** Undefined where it cannot be read. */
export function readHead(head: Buffer): Head | undefined {
  const textBytes = head.readUInt16LE(AT.length);
  if (textBytes > TEXT_BYTES) return undefined;
  if (head.readUInt32LE(AT.crc) !== crc32c(head, AT.state, AT_TEXT + textBytes)) return undefined;
  const text = head.toString('utf8', AT_TEXT, AT_TEXT + textBytes);
  return text.startsWith(MAGIC) ? (JSON.parse(text.slice(MAGIC.length)) as Head) : undefined;
}

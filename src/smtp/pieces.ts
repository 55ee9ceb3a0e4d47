import type { FilledMessage } from '../domain/message.js';

/** Up to this many bytes a message goes out in one write with its dot; a longer one in blocks of so many. */
export const BLOCK = 65_536;

/** A short message as one text. */
export function textOf({ header, body }: FilledMessage): string {
  let text = header;
  for (const piece of body) text += typeof piece === 'string' ? piece : piece.toString('latin1');
  return text;
}

/** A message in blocks to be written one after the other; of its buffers nothing is copied. */
export function* blocksOf(
  { header, body }: FilledMessage,
  eightBit: boolean,
): Generator<Buffer, void> {
  yield* cut(Buffer.from(header, eightBit ? 'utf8' : 'latin1'));
  for (const piece of body) {
    yield* cut(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  }
}

function* cut(bytes: Buffer): Generator<Buffer, void> {
  for (let start = 0; start < bytes.length; start += BLOCK) {
    yield bytes.subarray(start, start + BLOCK);
  }
}

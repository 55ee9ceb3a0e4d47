import { createHash, hash } from 'node:crypto';
import type { FilledMessage } from '../domain/message.js';

type Body = FilledMessage['body'];

/**
 * Lines as they are hashed: dot-stuffing undone, white space in a row made one space, none at the end of a line
 * (RFC 6376 §3.4.4). Takes time in proportion to the text, whatever is in it.
 */
function relaxed(text: string): string {
  let lines = text.includes('\n.') ? text.replaceAll('\n.', '\n') : text;
  // To look for what is rarely there is faster than to replace nothing.
  if (/ {2}/.test(lines) || lines.includes('\t')) lines = lines.replace(/[ \t]{2,}|\t/g, ' ');
  return / \r/.test(lines) ? lines.replaceAll(' \r\n', '\r\n') : lines;
}

/** The dot that stuffs a body's first line stands behind no line break. */
const unstuffed = (start: string): string => (start.startsWith('.') ? start.slice(1) : start);

const [TAB, LF, CR, SPACE, DOT] = [9, 10, 13, 32, 46];

/** Where what can only be judged with what follows begins: white space, and a dot that may stuff another. */
function decidedEnd(text: string): number {
  for (let end = text.length; ; end--) {
    const last = text.charCodeAt(end - 1);
    const isBlank = last === SPACE || last === TAB || last === CR || last === LF;
    if (!isBlank && (last !== DOT || text.charCodeAt(end - 2) !== LF)) return end;
  }
}

/** A text without the empty lines at its end. */
function trimmed(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === LF && text.charCodeAt(end - 2) === CR) end -= 2;
  return text.slice(0, end);
}

/** What a buffer comes to in every body. */
interface Core {
  /** Its canonical bytes, but for the tail; null where they depend on what comes before them. */
  bytes: Buffer | null;
  /** What depends on what follows, as it stands. */
  tail: string;
}

const UNDECIDED: Core = { bytes: null, tail: '' };

function coreOf(buffer: Buffer): Core {
  const text = buffer.toString('latin1');
  if (/^[\s.]/.test(text) || text === '') return UNDECIDED;
  const end = decidedEnd(text);
  const decided = text.slice(0, end);
  const canonical = relaxed(decided);
  return {
    bytes: canonical === decided ? buffer.subarray(0, end) : Buffer.from(canonical, 'latin1'),
    tail: text.slice(end),
  };
}

const isSame = (body: Body, other: Body): boolean =>
  body.length === other.length && body.every((piece, i) => piece === other[i]);

/** SHA-256 of messages' bodies by relaxed canonicalization; of one that is the same as the last it is known. */
export class RelaxedBodyHash {
  /** Of buffers, which are the same in many messages. */
  private readonly cores = new WeakMap<Buffer, Core>();
  private last: Body | null = null;
  private lastHash = '';

  /** @returns in Base64 */
  of(body: Body): string {
    if (this.last === null || !isSame(body, this.last)) {
      this.lastHash = this.compute(body);
      this.last = body;
    }
    return this.lastHash;
  }

  private compute(body: Body): string {
    const [only = ''] = body;
    if (body.length > 1 || typeof only !== 'string') return this.computePieces(body);
    const lines = trimmed(relaxed(unstuffed(only)));
    // A body of nothing but empty lines is hashed as none at all.
    return hash('sha256', lines === '' ? '' : `${lines}\r\n`, 'base64');
  }

  private computePieces(body: Body): string {
    const sum = createHash('sha256');
    let isEmpty = true;
    let undecided = '';
    let isStart = true;
    for (const piece of body) {
      if (piece.length === 0) continue;
      const core = typeof piece === 'string' ? UNDECIDED : this.core(piece);
      if (core.bytes) {
        sum.update(relaxed(undecided)).update(core.bytes);
        undecided = core.tail;
        isEmpty = false;
      } else {
        const own = typeof piece === 'string' ? piece : piece.toString('latin1');
        const text = undecided + (isStart ? unstuffed(own) : own);
        const end = decidedEnd(text);
        if (end > 0) {
          sum.update(relaxed(text.slice(0, end)));
          isEmpty = false;
        }
        undecided = text.slice(end);
      }
      isStart = false;
    }
    const rest = trimmed(relaxed(undecided));
    return sum.update(isEmpty && rest === '' ? '' : `${rest}\r\n`).digest('base64');
  }

  private core(buffer: Buffer): Core {
    const known = this.cores.get(buffer);
    if (known) return known;
    const core = coreOf(buffer);
    this.cores.set(buffer, core);
    return core;
  }
}

import type { Reply } from '../domain/reply.js';

/**
 * Characters a reply and what came together with it may have; RFC 5321 §4.5.3.1.5 asks for 512 a line, real replies go
 * on for a few kilobytes.
 */
const MAX_REPLY = 65_536;

const LINE = /^(\d{3})(?:([ -])(?:#?([245]\.\d{1,3}\.\d{1,3})(?:\s+|$))?(.*))?$/s;

/** One line of a reply, taken apart. */
interface Line {
  code: number;
  /** Whether more lines follow. */
  goesOn: boolean;
  enhanced: string | null;
  words: string;
}

/** Replies have no declared charset: UTF-8 where they are, otherwise a character a byte. */
function decode(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? bytes : text;
}

function parseLine(line: string): Line | null {
  const match = LINE.exec(line);
  if (!match) return null;
  const [, code, separator, enhanced, words] = match;
  return {
    code: Number(code),
    goesOn: separator === '-',
    enhanced: enhanced ?? null,
    words: words ?? '',
  };
}

/** The last line's code; the first enhanced code, which is taken off each line; all words on one line. */
const join = (lines: readonly Line[]): Reply => ({
  code: lines.at(-1)?.code ?? 0,
  enhanced: lines.find(({ enhanced }) => enhanced !== null)?.enhanced ?? null,
  text: lines
    .map(({ words }) => words)
    .join(' ')
    .trim(),
});

/** Makes one reply of its lines, without their CRLF. */
export const toReply = (lines: readonly string[]): Reply =>
  join(lines.flatMap((line) => parseLine(line) ?? []));

/** Most replies are one of a few lines over and over; so many are remembered, and then all forgotten. */
const KNOWN_AT_MOST = 16;

/** What a server sent that is not a reply (RFC 5321 §4.2). */
export class MalformedReply extends Error {
  constructor(line: string) {
    super(`the server sent what is not an SMTP reply: ${JSON.stringify(line.slice(0, 100))}`);
    this.name = 'MalformedReply';
  }
}

/** Cuts the bytes a server sends into replies, however they are chunked. */
export class ReplyParser {
  private rest = '';
  private lines: Line[] = [];
  private size = 0;
  /** Replies of one line that came before, by their bytes. */
  private readonly known = new Map<string, Reply>();

  /**
   * @param chunk bytes as latin1
   * @param hear gets each reply that is complete now
   * @throws MalformedReply after which the connection is of no use
   */
  push(chunk: string, hear: (reply: Reply) => void): void {
    this.size += chunk.length;
    this.rest += chunk;
    if (this.size > MAX_REPLY) throw new MalformedReply(this.rest);
    if (!chunk.includes('\n')) return;
    const lines = this.rest.split('\n');
    this.rest = lines.pop() ?? '';
    for (const bytes of lines) {
      const reply = (this.lines.length === 0 && this.known.get(bytes)) || this.take(bytes);
      if (!reply) continue;
      this.size = this.rest.length;
      hear(reply);
    }
  }

  /** One line, without its LF: the reply that it ends, or null when more lines follow. */
  private take(bytes: string): Reply | null {
    const text = decode(bytes.endsWith('\r') ? bytes.slice(0, -1) : bytes);
    const line = parseLine(text);
    if (!line) throw new MalformedReply(text);
    if (line.goesOn) {
      this.lines.push(line);
      return null;
    }
    const reply = join([...this.lines, line]);
    if (this.lines.length === 0) {
      if (this.known.size >= KNOWN_AT_MOST) this.known.clear();
      this.known.set(bytes, reply);
    }
    this.lines = [];
    return reply;
  }

  /**
   * What is left when the line was closed: a last line without its CRLF still tells its code, unless it could go on
   * to say that more lines follow.
   */
  end(): Reply | null {
    const text = decode(this.rest);
    this.rest = '';
    const line = parseLine(text);
    return line && text[3] === ' ' ? join([...this.lines, line]) : null;
  }
}

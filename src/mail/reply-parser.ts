import type { Reply } from '../domain/outcome.js';

/** Characters one reply may have; RFC 5321 §4.5.3.1.5 asks for 512 a line, real ones go on for a few kilobytes. */
const MAX_REPLY = 65_536;

const LINE = /^(\d{3})(?:([ -])(.*))?$/s;
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)/;

/** Replies have no declared charset: UTF-8 where they are, otherwise a character a byte. */
function decode(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? bytes : text;
}

/** Makes one reply of its lines, without their CRLF. Its words are on one line, the enhanced code taken off each. */
export function toReply(lines: readonly string[]): Reply {
  let code = 0;
  let enhanced: string | null = null;
  const words: string[] = [];
  for (const line of lines) {
    const [, digits = '', , rest = ''] = LINE.exec(line) ?? [];
    code = Number(digits);
    const found = ENHANCED.exec(rest);
    enhanced ??= found?.[1] ?? null;
    words.push(found ? rest.slice(found[0].length) : rest);
  }
  return { code, enhanced, text: words.join(' ').trim() };
}

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
  private lines: string[] = [];
  private size = 0;

  /**
   * @param chunk bytes as latin1
   * @param hear gets each reply that is complete now
   * @throws MalformedReply after which the connection is of no use
   */
  push(chunk: string, hear: (reply: Reply) => void): void {
    this.size += chunk.length;
    this.rest += chunk;
    if (!chunk.includes('\n')) {
      if (this.size > MAX_REPLY) throw new MalformedReply(this.rest);
      return;
    }
    const lines = this.rest.split(/\r?\n/);
    this.rest = lines.pop() ?? '';
    for (const bytes of lines) {
      const line = decode(bytes);
      const match = LINE.exec(line);
      if (!match || this.size > MAX_REPLY) throw new MalformedReply(line);
      this.lines.push(line);
      if (match[2] === '-') continue;
      const reply = toReply(this.lines);
      this.lines = [];
      this.size = this.rest.length;
      hear(reply);
    }
  }

  /**
   * What is left when the line was closed: a last line without its CRLF still tells its code, unless it could go on
   * to say that more lines follow.
   */
  end(): Reply | null {
    const line = decode(this.rest);
    this.rest = '';
    return /^\d{3} /.test(line) ? toReply([...this.lines, line]) : null;
  }
}

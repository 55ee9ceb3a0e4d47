import { BASE64_LINE, BYTES_A_LINE, encodedBytes } from '../domain/message-file.js';

/** All of a file in such lines. */
export function encodeFile(bytes: Buffer): Buffer {
  const lines = new Base64Lines(bytes.length);
  lines.add(bytes);
  return lines.end();
}

const CR = 0x0d;
const LF = 0x0a;

/** Makes base64 of a file in lines that end in CRLF (RFC 2045 §6.8), piece by piece as the file is read. */
export class Base64Lines {
  /** Complete once as many bytes were added as were announced. */
  readonly lines: Buffer;
  private written = 0;
  /** Bytes that are short of a line. */
  private rest: Buffer = Buffer.alloc(0);

  /** @param bytes of the whole file */
  constructor(private readonly bytes: number) {
    this.lines = Buffer.allocUnsafeSlow(encodedBytes(bytes));
  }

  add(piece: Buffer): void {
    const all = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    const whole = all.length - (all.length % BYTES_A_LINE);
    this.write(all.subarray(0, whole));
    this.rest = Buffer.from(all.subarray(whole));
  }

  /** @throws Error when more or fewer bytes were added than were announced */
  end(): Buffer {
    this.write(this.rest);
    if (this.written === this.lines.length) return this.lines;
    throw new Error(`a file that should have ${this.bytes} bytes has others`);
  }

  private write(bytes: Buffer): void {
    const encoded = Buffer.from(bytes.toString('base64'), 'latin1');
    const { lines } = this;
    let at = this.written;
    if (at + encodedBytes(bytes.length) > lines.length) {
      throw new Error(`a file that should have ${this.bytes} bytes has more`);
    }
    for (let from = 0; from < encoded.length; from += BASE64_LINE) {
      at += encoded.copy(lines, at, from, from + BASE64_LINE);
      lines[at++] = CR;
      lines[at++] = LF;
    }
    this.written = at;
  }
}

import { hash, sign } from 'node:crypto';
import { type DkimKey, isSignedField, OVERSIGNED } from '../domain/dkim.js';
import type { FilledMessage } from '../domain/message.js';
import { RelaxedBodyHash } from './relaxed-body.js';

/** RFC 5322 §2.1.1: a line should have no more than 78 characters. */
const FOLD_AT = 76;
const FOLD = '\r\n ';
const FIELD = 'DKIM-Signature:';

/** Adds DKIM signatures (RFC 6376), relaxed/relaxed, by each of some keys: over the whole body, and for all time. */
export class DkimSigner {
  private readonly bodyHash = new RelaxedBodyHash();
  private readonly signatures: readonly Signature[];
  private readonly skip: ReadonlySet<string>;
  /** Signed once more than a message has them, so that none can be added (§8.15). */
  private readonly oversigned: string;
  /** The header of the last message, by its lines. */
  private readonly last: Field[] = [];

  /** @param skip header fields that are not signed, in lower case */
  constructor(keys: readonly DkimKey[], skip: readonly string[]) {
    this.signatures = keys.map((key) => new Signature(key));
    this.skip = new Set(skip);
    this.oversigned = OVERSIGNED.filter((name) => !this.skip.has(name)).join(':');
  }

  /** The message with its signatures on top; made on other threads. */
  async sign(message: FilledMessage, now: Date): Promise<FilledMessage> {
    const { names, fields } = this.fieldsOf(message.header);
    const bodyHash = this.bodyHash.of(message.body);
    const seconds = Math.floor(now.getTime() / 1000);
    const made = this.signatures.map((one) => one.of(names, fields, bodyHash, seconds));
    const [first] = made;
    const text = made.length === 1 ? await first : (await Promise.all(made)).join('');
    return { ...message, header: text + message.header };
  }

  /**
   * The names of what is signed, as in `h=`, and the fields in canonical form. Of several of a name the last comes first
   * (§5.4.2); a name without a field stands for none of it.
   */
  private fieldsOf(header: string): { names: string; fields: string } {
    const lines = header.slice(0, -4).split('\r\n');
    let names = '';
    let fields = '';
    let folded = '';
    for (let i = lines.length - 1; i >= 0; i--) {
      const line = lines[i] as string;
      if (line.startsWith(' ') || line.startsWith('\t')) {
        folded = line + folded;
        continue;
      }
      const field = line + folded;
      folded = '';
      const last = this.last[i];
      const { name, canonical } = last?.field === field ? last : this.read(field, i);
      names += name;
      fields += canonical;
    }
    return { names: names + this.oversigned, fields };
  }

  /** @param at its line, where the next message may have the same */
  private read(field: string, at: number): Field {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    const isSigned = isSignedField(name) && !this.skip.has(name);
    const read = {
      field,
      name: isSigned ? `${name}:` : '',
      canonical: isSigned ? `${name}:${relaxed(field.slice(colon + 1))}\r\n` : '',
    };
    this.last[at] = read;
    return read;
  }
}

/** A header field, unfolded. */
interface Field {
  field: string;
  /** As in `h=`, with its colon; empty where it is not signed. */
  name: string;
  canonical: string;
}

/** A field's value, white space in a row made one space, none at either end (§3.4.2). */
function relaxed(value: string): string {
  const text = /\t| {2}/.test(value) ? value.replace(/[ \t]+/g, ' ') : value;
  const from = text.startsWith(' ') ? 1 : 0;
  const to = text.endsWith(' ') ? text.length - 1 : text.length;
  return text.slice(from, Math.max(from, to));
}

/** The signatures by one key. */
class Signature {
  private names = '';
  /** What is the same while the names of the signed fields are: as it is written, and as it is signed. */
  private head = '';
  private signedHead = '';

  constructor(private readonly key: DkimKey) {}

  /** @returns the header field, with its CRLF */
  of(names: string, fields: string, bodyHash: string, seconds: number): Promise<string> {
    if (names !== this.names) this.rename(names);
    const tail = ` t=${seconds}; bh=${bodyHash};`;
    const signed = `${fields}${this.signedHead}${tail} b=`;
    const { head } = this;
    return new Promise((resolve, reject) => {
      this.sign(signed, (error, bytes) => {
        if (error) reject(error);
        else resolve(`${head}\r\n${tail}${inLines(` b=${bytes.toString('base64')}`)}\r\n`);
      });
    });
  }

  private sign(text: string, done: (error: Error | null, bytes: Buffer) => void): void {
    const { algorithm, key } = this.key;
    if (algorithm === 'rsa-sha256') sign('sha256', Buffer.from(text), key, done);
    // RFC 8463 §3: what is signed is the hash.
    else sign(null, hash('sha256', text, 'buffer'), key, done);
  }

  private rename(names: string): void {
    const { algorithm, domain, selector } = this.key;
    const tags = [
      'v=1;',
      `a=${algorithm};`,
      'c=relaxed/relaxed;',
      `d=${domain};`,
      `s=${selector};`,
      `h=${names};`,
    ];
    this.names = names;
    this.head = FIELD;
    let length = FIELD.length;
    for (const tag of tags) {
      // Names may be parted behind their colons.
      for (const [i, piece] of tag.split(/(?<=:)/).entries()) {
        const gap = i === 0 ? ' ' : '';
        const fits = length + gap.length + piece.length <= FOLD_AT;
        this.head += fits ? gap + piece : FOLD + piece;
        length = fits ? length + gap.length + piece.length : 1 + piece.length;
      }
    }
    const value = this.head.slice(FIELD.length).replaceAll('\r\n', '');
    this.signedHead = FIELD.toLowerCase() + relaxed(value);
  }
}

/** Text that may be parted anywhere, in lines that each begin with a space. */
function inLines(text: string): string {
  let lines = `\r\n${text.slice(0, FOLD_AT)}`;
  for (let start = FOLD_AT; start < text.length; start += FOLD_AT - 1) {
    lines += FOLD + text.slice(start, start + FOLD_AT - 1);
  }
  return lines;
}

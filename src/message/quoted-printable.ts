import { encode, wrap } from 'nodemailer/lib/qp';

/** RFC 2045 §6.7: 76 with the `=` of a soft line break, which is appended when a line turns out to go on. */
const MAX_LINE = 75;
/** Leaves room for a leading dot that becomes `=2E`. */
const WRAP_AT = MAX_LINE - 2;

/** What can stand in a line as it is, wherever in the line that may be, and is too short to need a break of its own. */
const PLAIN = /^[!-\-/-<>-~](?:[ -<>-~]{0,70}[!-<>-~])?$/;

/** How each character of at most two bytes in UTF-8 stands inside a line; filled as they come. */
const WRITTEN = Array.from({ length: 0x800 }, () => '');
for (const blank of [' ', '\t']) WRITTEN[blank.charCodeAt(0)] = blank;

/** What `quote` makes of a value that fits in one line and needs no break, as names do; undefined where it may be another. */
function quoteInLine(value: string): string | undefined {
  if (value.length > WRAP_AT || /^\.|[\r\n]|[ \t]$/.test(value)) return undefined;
  let quoted = '';
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code >= WRITTEN.length) return undefined;
    let written = WRITTEN[code];
    if (!written) {
      written = encode(value.charAt(at));
      WRITTEN[code] = written;
    }
    quoted += written;
  }
  return quoted.length <= WRAP_AT ? quoted : undefined;
}

/** A piece of quoted-printable text, to be put anywhere in a line. */
export interface QuotedPiece {
  text: string;
  /** Characters before its first line break, or all. */
  first: number;
  /** Characters after its last line break, or all. */
  last: number;
  /** Whether it has a line break. */
  breaks: boolean;
}

/**
 * Quoted-printable (RFC 2045 §6.7) of a piece of UTF-8 text: any line break becomes CRLF, blanks at an end are encoded,
 * and so is a dot at the start of a line, so that the text needs no dot-stuffing (RFC 5321 §4.5.2).
 */
export function quote(text: string): QuotedPiece {
  const quoted = wrap(encode(text.replace(/\r\n?|\n/g, '\r\n')), WRAP_AT).replace(/^\./gm, '=2E');
  const firstBreak = quoted.indexOf('\r\n');
  return firstBreak === -1
    ? { text: quoted, first: quoted.length, last: quoted.length, breaks: false }
    : {
        text: quoted,
        first: firstBreak,
        last: quoted.length - quoted.lastIndexOf('\n') - 1,
        breaks: true,
      };
}

/** Joins pieces encoded beforehand and values that come with each message into quoted-printable lines. */
export class QuotedWriter {
  /** What was written so far. */
  text = '';
  private column = 0;

  piece(piece: QuotedPiece): void {
    if (this.column + piece.first > MAX_LINE) this.softBreak();
    this.text += piece.text;
    this.column = piece.breaks ? piece.last : this.column + piece.last;
  }

  value(value: string): void {
    if (PLAIN.test(value)) {
      if (this.column + value.length > MAX_LINE) this.softBreak();
      this.text += value;
      this.column += value.length;
    } else if (value !== '') {
      this.softBreak();
      const quoted = quoteInLine(value);
      if (quoted === undefined) {
        this.piece(quote(value));
      } else {
        this.text += quoted;
        this.column += quoted.length;
      }
    }
  }

  private softBreak(): void {
    if (this.column === 0) return;
    this.text += '=\r\n';
    this.column = 0;
  }
}

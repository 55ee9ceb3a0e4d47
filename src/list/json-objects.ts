/** An object that was found in a text, and the line it begins on. */
export interface FoundObject {
  line: number;
  value: Readonly<Record<string, unknown>>;
}

/** A longer object is no record: it is what holds them. */
const MAX_RECORD = 65_536;

/** An object in the text that is held. */
interface Place {
  /** Where it begins; -1 of one that is too long for a record. */
  at: number;
  line: number;
}

/**
 * The objects of a JSON text that `isRecord` takes, wherever they lie: in an array, under a key, or a line each. Of two of
 * which one holds the other it is the outer one. What is no JSON is passed over, and so is the end of a text that was cut off.
 * Holds a few records at most.
 */
export class ObjectScanner {
  private text = '';
  private at = 0;
  private line = 1;
  private inString = false;
  private open: Place[] = [];
  /** Records that may yet turn out to lie within another one. */
  private pending: (Place & FoundObject)[] = [];

  constructor(private readonly isRecord: (value: FoundObject['value']) => boolean) {}

  feed(piece: string): FoundObject[] {
    this.text += piece;
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at];
      if (character === '\n') this.line++;
      if (this.inString) {
        if (character === '\\') {
          if (this.at + 1 === this.text.length) break;
          this.at++;
        } else if (character === '"') this.inString = false;
      } else if (character === '"') this.inString = true;
      else if (character === '{') this.open.push({ at: this.at, line: this.line });
      else if (character === '}') this.close();
    }
    return this.release();
  }

  end(): FoundObject[] {
    this.open = [];
    return this.release();
  }

  private close(): void {
    const begun = this.open.pop();
    if (!begun || begun.at === -1 || this.at - begun.at > MAX_RECORD) return;
    const value = parseObject(this.text.slice(begun.at, this.at + 1));
    if (value === undefined || !this.isRecord(value)) return;
    this.pending = this.pending.filter(({ at }) => at < begun.at);
    this.pending.push({ ...begun, value });
  }

  /** Lets go of all that is before the first object that may still be a record. */
  private release(): FoundObject[] {
    for (const begun of this.open) if (this.at - begun.at > MAX_RECORD) begun.at = -1;
    const first = this.open.find(({ at }) => at !== -1)?.at ?? this.at;
    const found = this.pending.filter(({ at }) => at < first);
    this.pending = this.pending.slice(found.length);
    this.text = this.text.slice(first);
    this.at -= first;
    for (const place of [...this.open, ...this.pending]) if (place.at !== -1) place.at -= first;
    return found;
  }
}

function parseObject(text: string): FoundObject['value'] | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

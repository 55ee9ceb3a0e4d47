import { encodedBytes, type MessageFile } from '../../domain/message-file.js';
import type { FileContents } from '../ports.js';

/** Reads what a file holds, as it is sent. @throws Error when it is not there, or the database cannot give it now */
export type LoadFile = (file: MessageFile) => Promise<Buffer>;

/** Files that are in memory for a message, until it is done with. */
export interface HeldFiles {
  contents: FileContents;
  release(): void;
}

interface Entry {
  bytes: number;
  /** Messages that have it, or wait for it. */
  holders: number;
  /** Whether it stays when nobody has it: all messages of a send do, one after the other. */
  isShared: boolean;
  content: Promise<Buffer>;
}

interface Waiting {
  shared: readonly MessageFile[];
  own: readonly MessageFile[];
  take: (entries: Promise<HeldFiles>) => void;
  /** Messages that went ahead of it, for all that they need was there. */
  passedBy: number;
}

/** Reads at a time: the sends' own statements are not to wait for them. */
const READS = 2;
/** So many messages go ahead of one that waits for room. */
const MAY_PASS = 100;

/**
 * Files of messages that are being made and sent, within a budget of bytes; one message that needs more goes alone. What all
 * messages of a send have stays as long as there is room, whoever was used longest ago leaves first.
 */
export class FileMemory {
  private readonly entries = new Map<string, Entry>();
  private readonly waiting: Waiting[] = [];
  private readonly reads: (() => void)[] = [];
  private used = 0;
  private held = 0;
  private reading = 0;

  /** @param limit bytes, as files are sent */
  constructor(
    private readonly limit: number,
    private readonly load: LoadFile,
  ) {}

  /** Bytes in memory. */
  get bytes(): number {
    return this.used;
  }

  /**
   * Brings the files of a message into memory, those that all messages of its send have and its own; in the order in which
   * they are asked for.
   * @throws Error of `load`
   */
  hold(shared: readonly MessageFile[], own: readonly MessageFile[] = []): Promise<HeldFiles> {
    const [head] = this.waiting;
    if (head === undefined || (head.passedBy < MAY_PASS && this.needs(shared, own) === 0)) {
      if (this.hasRoom(shared, own)) {
        if (head) head.passedBy += 1;
        return this.enter(shared, own);
      }
    }
    return new Promise((resolve) => {
      this.waiting.push({ shared, own, take: resolve, passedBy: 0 });
    });
  }

  /** Lets go of files that stayed, unless a message has them. */
  forget(shared: readonly MessageFile[]): void {
    for (const { sha256 } of shared) {
      const entry = this.entries.get(sha256);
      if (entry?.holders === 0) this.drop(sha256, entry);
    }
  }

  /** Bytes that are to be read for a message. */
  private needs(...files: readonly (readonly MessageFile[])[]): number {
    const missing = new Map<string, number>();
    for (const { sha256, bytes } of files.flat()) {
      if (!this.entries.has(sha256)) missing.set(sha256, encodedBytes(bytes));
    }
    return [...missing.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  private hasRoom(shared: readonly MessageFile[], own: readonly MessageFile[]): boolean {
    const needed = this.needs(shared, own);
    if (needed === 0 || this.used + needed <= this.limit) return true;
    const wanted = new Set([...shared, ...own].map(({ sha256 }) => sha256));
    for (const [sha256, entry] of this.entries) {
      if (this.used + needed <= this.limit) return true;
      if (entry.holders === 0 && !wanted.has(sha256)) this.drop(sha256, entry);
    }
    return this.used + needed <= this.limit || this.held === 0;
  }

  private async enter(
    shared: readonly MessageFile[],
    own: readonly MessageFile[],
  ): Promise<HeldFiles> {
    this.held += 1;
    const taken = new Map<string, Entry>();
    for (const file of shared) taken.set(file.sha256, this.take(file, true, taken));
    for (const file of own) taken.set(file.sha256, this.take(file, false, taken));
    const release = once(() => {
      this.held -= 1;
      for (const [sha256, entry] of taken) this.leave(sha256, entry);
      this.admit();
    });
    const contents = new Map<string, Buffer>();
    try {
      for (const [sha256, entry] of taken) contents.set(sha256, await entry.content);
    } catch (error) {
      for (const [sha256, entry] of taken) this.forgetFailed(sha256, entry);
      release();
      throw error;
    }
    return {
      contents: ({ sha256, name }) => {
        const content = contents.get(sha256);
        if (!content) throw new Error(`${name} was not read`);
        return content;
      },
      release,
    };
  }

  private take(file: MessageFile, isShared: boolean, taken: ReadonlyMap<string, Entry>): Entry {
    const { sha256 } = file;
    const mine = taken.get(sha256);
    if (mine) return mine;
    let entry = this.entries.get(sha256);
    if (!entry) {
      const bytes = encodedBytes(file.bytes);
      entry = { bytes, holders: 0, isShared, content: this.read(file) };
      entry.content.catch(() => undefined);
      this.used += bytes;
    }
    entry.holders += 1;
    entry.isShared ||= isShared;
    // Behind all that was used before.
    this.entries.delete(sha256);
    this.entries.set(sha256, entry);
    return entry;
  }

  private leave(sha256: string, entry: Entry): void {
    entry.holders -= 1;
    if (entry.holders === 0 && !entry.isShared) this.drop(sha256, entry);
  }

  private drop(sha256: string, entry: Entry): void {
    if (this.entries.get(sha256) !== entry) return;
    this.entries.delete(sha256);
    this.used -= entry.bytes;
  }

  /** What could not be read is read anew by whoever asks next. */
  private forgetFailed(sha256: string, entry: Entry): void {
    void entry.content.catch(() => {
      this.drop(sha256, entry);
      this.admit();
    });
  }

  private admit(): void {
    for (let head = this.waiting[0]; head; head = this.waiting[0]) {
      if (!this.hasRoom(head.shared, head.own)) return;
      this.waiting.shift();
      head.take(this.enter(head.shared, head.own));
    }
  }

  private async read(file: MessageFile): Promise<Buffer> {
    if (this.reading >= READS) await new Promise<void>((resolve) => this.reads.push(resolve));
    else this.reading += 1;
    try {
      return await this.load(file);
    } finally {
      const next = this.reads.shift();
      if (next) next();
      else this.reading -= 1;
    }
  }
}

function once(does: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    does();
  };
}

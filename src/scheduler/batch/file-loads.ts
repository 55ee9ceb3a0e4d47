import type { Recipient } from '../../domain/recipient.js';
import { isDatabaseOutage } from '../../errors.js';
import type { FileMemory, HeldFiles } from '../files/file-memory.js';
import type { FileContents } from '../ports.js';
import type { InFlight } from './in-flight.js';
import type { OpenSend } from './open-sends.js';
import type { SelfPause } from './self-pause.js';

/** A row whose files the database could not give is tried again after this. */
const AGAIN_MS = 5_000;

/** The files of messages that are handed out: in memory before a connection may take them, and until their end. */
export class FileLoads {
  private readonly held = new Map<number, HeldFiles>();
  /** Whether messages have any. */
  readonly needed: boolean;

  constructor(
    private readonly openSend: OpenSend,
    private readonly inFlight: InFlight,
    private readonly selfPause: SelfPause,
    private readonly memory: FileMemory,
    private readonly wake: () => void,
  ) {
    const { files, rowFilesBytes } = openSend.message;
    this.needed = files.length > 0 || rowFilesBytes > 0;
  }

  /** Calls `then` once the files of a row that is handed out are in memory, if it is handed out still. */
  load(recipient: Recipient, then: (recipient: Recipient) => void): void {
    if (this.needed) void this.hold(recipient, then);
    else then(recipient);
  }

  /** What a row's files hold, for its message; undefined where it has none. */
  contentsOf({ seq }: Recipient): FileContents | undefined {
    return this.held.get(seq)?.contents;
  }

  /** Nothing is left to be done with a row's message. */
  done(seq: number): void {
    if (this.held.size === 0) return;
    this.held.get(seq)?.release();
    this.held.delete(seq);
  }

  /** Rows that no connection has taken went back: their files leave. */
  withdrawn(): void {
    for (const seq of this.held.keys()) if (!this.inFlight.isHandedOut(seq)) this.done(seq);
  }

  /** Never rejects. */
  private async hold(recipient: Recipient, then: (recipient: Recipient) => void): Promise<void> {
    const { inFlight, openSend, memory } = this;
    let held: HeldFiles;
    try {
      held = await memory.hold(openSend.message.files, recipient.files);
    } catch (error) {
      this.failed(recipient, error);
      return;
    }
    if (!inFlight.isQueued(recipient)) {
      held.release();
      return;
    }
    this.held.set(recipient.seq, held);
    then(recipient);
  }

  private failed(recipient: Recipient, error: unknown): void {
    if (!this.inFlight.isQueued(recipient)) return;
    this.inFlight.takeBack(recipient.seq, AGAIN_MS);
    // It is the same for all who have that file, and nothing that time mends.
    if (!isDatabaseOutage(error)) this.selfPause.for((error as Error).message, null);
    this.wake();
  }
}

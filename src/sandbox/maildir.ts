import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Maildir (https://cr.yp.to/proto/maildir.html): files appear in `new` whole or not at all. */
export class Maildir {
  private count = 0;

  constructor(readonly directory: string) {
    for (const part of ['tmp', 'new', 'cur']) {
      mkdirSync(join(directory, part), { recursive: true, mode: 0o700 });
    }
  }

  /** Puts one message into `new`, under a name that sorts by arrival. */
  deliver(message: Uint8Array): void {
    this.count++;
    const name = `${Date.now()}.P${process.pid}Q${String(this.count).padStart(9, '0')}.eml`;
    const draft = join(this.directory, 'tmp', name);
    writeFileSync(draft, message);
    renameSync(draft, join(this.directory, 'new', name));
  }
}

/** How many messages lie in `new`; 0 where there is no Maildir. */
export function countMessages(directory: string): number {
  try {
    return readdirSync(join(directory, 'new')).length;
  } catch {
    return 0;
  }
}

/** Deletes what lies in `new`, `cur` and `tmp`. */
export function emptyMaildir(directory: string): void {
  for (const part of ['new', 'cur', 'tmp']) {
    rmSync(join(directory, part), { recursive: true, force: true });
    mkdirSync(join(directory, part), { recursive: true, mode: 0o700 });
  }
}

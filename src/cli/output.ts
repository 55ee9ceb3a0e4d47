import type { Writable } from 'node:stream';

/** Writes, and waits while the reader is slower than we are; a reader that is gone is `main`'s business. */
export function write(stream: Writable, text: string): Promise<void> | undefined {
  if (stream.destroyed || !stream.writable) return undefined;
  return new Promise((resolve) => {
    const wait = !stream.write(text, () => wait && resolve());
    if (!wait) resolve();
  });
}

/** One JSON document on a line. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

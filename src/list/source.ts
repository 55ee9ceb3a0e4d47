import { addAbortSignal, Readable } from 'node:stream';
import { fileError } from '../domain/file-error.js';
import { unlessAborted } from '../domain/races.js';
import { interrupted, openNamed } from '../named-file.js';

/** Small enough that the database is never left waiting long for the next piece to be parsed. */
const CHUNK_BYTES = 16 * 1024;

/** A list: a file, or what somebody else reads, and how messages call that. */
export type ListInput =
  | { path: string }
  | { name: string; chunks: AsyncIterable<Uint8Array | string> };

/** Where a list comes from. */
export interface ListSource {
  /** How messages call it. */
  name: string;
  /** Bytes in all; null for a pipe. */
  size: number | null;
  /** Each is good until the next is asked for. */
  chunks: AsyncIterable<Uint8Array>;
}

const REMEDY = 'give a readable CSV file with --list, or - for standard input';

/**
 * Opens a list. Reading it ends with an AbortError when the signal comes.
 * @throws CampaignError BAD_FILE when it cannot be read
 */
export async function openSource(list: ListInput, signal: AbortSignal): Promise<ListSource> {
  if ('chunks' in list) {
    const { name, chunks } = list;
    return { name, size: null, chunks: bytesOf(chunks, signal) };
  }
  const { path } = list;
  try {
    const file = await openNamed(path);
    const chunks = file.chunks(CHUNK_BYTES, signal);
    return { name: path, size: file.size, chunks: explained(chunks, path) };
  } catch (error) {
    throw fileError(path, error, REMEDY);
  }
}

/** A stream is destroyed when the signal comes; anything else is left where it is. */
async function* bytesOf(
  chunks: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const source =
    chunks instanceof Readable ? addAbortSignal(signal, chunks) : abortable(chunks, signal);
  for await (const chunk of source) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

async function* abortable<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal);
      if (next === null) throw interrupted(signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // One that waits for its next item would hold us up.
    void iterator.return?.().catch(() => undefined);
  }
}

async function* explained(
  stream: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw (error as Error).name === 'AbortError' ? error : fileError(path, error, REMEDY);
  }
}

/** The same chunks, with `onBytes` told the size of each as it goes by. */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

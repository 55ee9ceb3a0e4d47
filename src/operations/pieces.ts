import { unlessAborted } from '../domain/races.js';
import { CampaignError } from '../errors.js';
import { shown } from './option-readers.js';

type Source = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * The pieces of a stream of the caller's; its errors come as ours. Ends with the signal, though its next piece never comes.
 * @throws CampaignError `code`, naming the option, for a stream that fails or gives anything but text and bytes
 */
export async function* readPieces(
  source: Source,
  { name, code, signal }: { name: string; code: 'BAD_LIST' | 'BAD_FILE'; signal: AbortSignal },
): AsyncGenerator<Uint8Array | string> {
  const pieces = isWebStream(source) ? readWeb(source) : each(source);
  try {
    for (;;) {
      const next = await unlessAborted(pieces.next(), signal);
      if (next === null) throw signal.reason;
      if (next.done) return;
      const piece = next.value;
      if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) {
        throw new Error(`it gives ${piece === null ? 'null' : `a ${typeof piece}`}`);
      }
      yield piece;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new CampaignError(
      code,
      `${name} cannot be read: ${error instanceof Error ? error.message : shown(error)}`,
      `give a stream of text or bytes as ${name} that can be read to its end`,
      { cause: error },
    );
  } finally {
    // One that waits for its next piece would hold us up.
    void pieces.return?.()?.catch(() => undefined);
  }
}

async function* each(source: Source): AsyncGenerator<unknown> {
  yield* source;
}

const isWebStream = (source: unknown): source is ReadableStream<unknown> =>
  source instanceof ReadableStream;

/** Its own iterator, asked to return, first waits for the piece that it was asked for. */
function readWeb(source: ReadableStream<unknown>): AsyncIterator<unknown> {
  const reader = source.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/**
 * Takes a stream of the caller's in hand, whether it comes to be read or not.
 * @returns lets go of it
 */
export function holdStream(source: unknown): () => void {
  if (isWebStream(source)) {
    // One that is locked is being read, and its reader lets go of it.
    return () => void (source.locked || source.cancel().catch(() => undefined));
  }
  const stream = Object(source) as Partial<NodeJS.ReadableStream & { destroy(): void }>;
  if (typeof stream.on !== 'function' || typeof stream.destroy !== 'function')
    return () => undefined;
  // Reading it tells of an error that comes before anybody reads.
  stream.on('error', () => undefined);
  return () => stream.destroy?.();
}

import { CampaignError } from '../errors.js';

type Source = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * The pieces of a stream of the caller's; its errors come as ours.
 * @throws CampaignError `code`, naming the option, for a stream that fails or gives anything but text and bytes
 */
export async function* readPieces(
  source: Source,
  name: string,
  code: 'BAD_LIST' | 'BAD_FILE',
): AsyncGenerator<Uint8Array | string> {
  try {
    for await (const piece of source) {
      if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) {
        throw new Error(`it gives ${piece === null ? 'null' : `a ${typeof piece}`}`);
      }
      yield piece;
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new CampaignError(
      code,
      `${name} cannot be read: ${(error as Error).message}`,
      `give a stream of text or bytes as ${name} that can be read to its end`,
      { cause: error },
    );
  }
}

/**
 * Takes a stream of the caller's in hand, whether it comes to be read or not.
 * @returns lets go of it
 */
export function holdStream(source: unknown): () => void {
  const stream = Object(source) as Partial<NodeJS.ReadableStream & { destroy(): void }>;
  if (typeof stream.on !== 'function' || typeof stream.destroy !== 'function')
    return () => undefined;
  // Reading it tells of an error that comes before anybody reads.
  stream.on('error', () => undefined);
  return () => stream.destroy?.();
}

import type { Claim } from '../domain/claim.js';
import { ALWAYS_TAKEN, tooLargeReason } from '../domain/message-size.js';
import { within } from '../domain/races.js';
import type { CompiledMessage, Ledger, Transport } from './ports.js';

/** A server that has not said within this time what it takes is asked by its first message. */
const ASK_MS = 10_000;

/** Why a send is to pause: the server does not take its largest message. */
export interface TooLarge {
  reason: string;
  /** Whether that is so of some rows alone. */
  rowsTooLarge: boolean;
}

/**
 * Why a send is to pause before anybody of its batch is mailed; null where the server takes its largest message, or has not
 * said. Where it does not take those of some rows alone it is said once, and they fail when the send is resumed.
 */
export async function findTooLarge(
  { sendId }: Claim,
  { leastBytes, rowFilesBytes }: CompiledMessage,
  transport: Pick<Transport, 'maxSize'>,
  ledger: Pick<Ledger, 'largestRowFile' | 'wasToldTooLarge'>,
): Promise<TooLarge | null> {
  if (leastBytes <= ALWAYS_TAKEN) return null;
  const asking = transport.maxSize();
  const takes = (await within(asking, ASK_MS)) ? await asking : null;
  if (takes === null || leastBytes <= takes) return null;
  if (leastBytes - rowFilesBytes > takes) {
    return { reason: tooLargeReason(leastBytes - rowFilesBytes, takes, null), rowsTooLarge: false };
  }
  if (await ledger.wasToldTooLarge(sendId)) return null;
  const largest = (await ledger.largestRowFile(sendId)) ?? null;
  return { reason: tooLargeReason(leastBytes, takes, largest), rowsTooLarge: true };
}

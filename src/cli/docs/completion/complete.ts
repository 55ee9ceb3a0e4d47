import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../../config/settings.js';
import type { Catalogue } from '../../command.js';
import { answerText, sendCandidates } from './answer.js';
import { type Candidate, type Offer, offerFor } from './candidates.js';

/** Whoever waits for a list of words does not wait longer than this for the database. */
const LOOKUP_MS = 300;

/** How many sends are looked at, the newest first. */
const SENDS = 1_000;

/**
 * What the scripts of the shells print: which words may stand in place of the last one.
 * @param typed the words behind the program's name, as they stand on the line
 * @param settings asked when numbers of sends are wanted
 * @returns the words; none where the database cannot be asked, or does not answer in time
 */
export async function complete(
  typed: readonly string[],
  catalogue: Catalogue,
  settings: () => Settings,
  lookupMs: number = LOOKUP_MS,
): Promise<string> {
  const offer = offerFor(typed, catalogue);
  if (offer.kind !== 'sends') return answerText(offer);
  return answerText({ kind: 'words', words: await findSends(offer, settings, lookupMs) });
}

async function findSends(
  offer: Extract<Offer, { kind: 'sends' }>,
  settings: () => Settings,
  lookupMs: number,
): Promise<Candidate[]> {
  try {
    const { database } = settings();
    const { sendNames } = await import('../../../operations/send-names.js');
    const late = sleep(lookupMs, [], { ref: false });
    const asked = sendNames(database, { statuses: offer.statuses, limit: SENDS });
    return sendCandidates(offer, await Promise.race([asked, late]));
  } catch {
    return [];
  }
}

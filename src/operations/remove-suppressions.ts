import type {
  Suppression,
  SuppressionChange,
  SuppressionFilter,
  SuppressionResult,
} from '../domain/suppression.js';
import type { Database } from '../store/mysql/database.js';
import { lookUp } from '../store/suppressions/look-up.js';
import {
  countSuppressions,
  entriesOf,
  REMOVED_AT_ONCE,
  removeFitting,
  removeOf,
} from '../store/suppressions/remove.js';
import { createSuppressionFile, type SuppressionFile } from './suppression-file.js';
import {
  type GivenAddress,
  noResult,
  readAddresses,
  SUPPRESSION_SESSIONS,
} from './suppressions.js';
import type { Workspace } from './workspace.js';

export interface Removal {
  /** Only these; undefined: whoever fits the filter. */
  addresses: readonly GivenAddress[] | undefined;
  filter: SuppressionFilter;
  /** What would be removed is counted, and nothing is changed. */
  dryRun: boolean;
  /** A file to be made, from which what was removed can be put back; it must not be there yet. */
  save: string | null;
  /** Told what is about to be removed, and waited for: what it throws leaves that as it is. */
  onRemoving?: ((entries: readonly Suppression[]) => Promise<void>) | undefined;
  /** Asked with how many entries; what it throws leaves everything as it is. */
  confirm(entries: number): Promise<void>;
}

/** The result, and addresses that are suppressed still, by an entry that was not asked to be removed. */
export interface Removed {
  result: SuppressionResult;
  still: Suppression[];
}

/** How many of those that are suppressed still are told of. */
const STILL = 100;

/**
 * Removes entries, so that whom they name may be mailed again. Removed are those of the addresses that fit the filter, or
 * without addresses all that do.
 * @throws CampaignError BAD_FILE before anything is removed, and where what is to be removed cannot be saved
 */
export async function removeSuppressions(
  workspace: Workspace,
  { addresses, filter, dryRun, save, onRemoving, confirm }: Removal,
): Promise<Removed> {
  const { norms: named, rejected } = readAddresses(addresses ?? []);
  const given = addresses && [...new Set(named.map(({ norm }) => norm))];
  const database = await workspace.database(SUPPRESSION_SESSIONS);
  const result = { ...noResult(rejected), dryRun };
  const count = given
    ? await inBlocks(given, (norms) => entriesOf(database, norms, filter))
    : { changed: await countSuppressions(database, filter), unchanged: 0 };
  if (dryRun || count.changed === 0) return { result: { ...result, ...count }, still: [] };
  await confirm(count.changed);
  const file = save === null ? null : await createSuppressionFile(save);
  try {
    const removing = removingTo(file, onRemoving);
    const change = given
      ? await inBlocks(given, (norms) => removeOf(database, norms, filter, removing))
      : { changed: await removeFitting(database, filter, removing), unchanged: 0 };
    Object.assign(result, change);
  } finally {
    await file?.close();
  }
  const still = given ? await stillSuppressed(database, given.slice(0, STILL)) : [];
  return { result: { ...result, saved: file?.path ?? null }, still };
}

const removingTo =
  (file: SuppressionFile | null, told: Removal['onRemoving']): NonNullable<Removal['onRemoving']> =>
  async (entries) => {
    await told?.(entries);
    await file?.write(entries);
  };

/** Entries that were found or removed of each block of addresses, and addresses that had none. */
async function inBlocks(
  norms: readonly string[],
  work: (block: readonly string[]) => Promise<readonly Suppression[]>,
): Promise<SuppressionChange> {
  const sum: SuppressionChange = { changed: 0, unchanged: 0 };
  for (let at = 0; at < norms.length; at += REMOVED_AT_ONCE) {
    const block = norms.slice(at, at + REMOVED_AT_ONCE);
    const entries = await work(block);
    sum.changed += entries.length;
    sum.unchanged += block.length - new Set(entries.map(({ emailNorm }) => emailNorm)).size;
  }
  return sum;
}

/** What keeps addresses from being mailed after their own entries are gone. */
async function stillSuppressed(
  database: Database,
  norms: readonly string[],
): Promise<Suppression[]> {
  const found = await lookUp(database, norms);
  const entries = [...found.values()].flat();
  return [
    ...new Map(entries.map((entry) => [`${entry.emailNorm} ${entry.topic}`, entry])).values(),
  ];
}

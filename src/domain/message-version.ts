/** A version of a send's message: which it is, and the number of the last claim that had the one before. */
export interface MessageVersion {
  version: number;
  fromClaimNumber: number;
}

/**
 * Which version the rows of a claim got: nobody holds a send while its message is changed, so a claim has one version from
 * its beginning to its end.
 * @param versions the first first
 * @returns null for rows that no worker ever took
 */
export function versionOf(
  versions: readonly MessageVersion[],
  claimNumber: number | null,
): number | null {
  if (claimNumber === null) return null;
  const had = versions.findLast(({ fromClaimNumber }) => fromClaimNumber < claimNumber);
  return had?.version ?? null;
}

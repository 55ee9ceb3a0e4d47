import type { SuppressionChange } from '../../domain/suppression.js';
import type { Database } from '../mysql/database.js';
import type { Outcome } from '../mysql/packet.js';
import { RAISE_VERSION } from './version.js';

/** Entries of one transaction. */
const BLOCK = 1000;

/** Removes entries, a thousand in a transaction, which raises the version; without a topic those of every topic. */
export async function unsuppress(
  database: Database,
  keys: readonly { emailNorm: string; topic: string | undefined }[],
): Promise<SuppressionChange> {
  const sum: SuppressionChange = { changed: 0, unchanged: 0 };
  for (let at = 0; at < keys.length; at += BLOCK) {
    const changes = await deleteBlock(database, keys.slice(at, at + BLOCK));
    for (const affectedRows of changes) {
      sum.changed += affectedRows;
      if (affectedRows === 0) sum.unchanged += 1;
    }
  }
  return sum;
}

/** @returns for each key how many entries it had */
async function deleteBlock(
  database: Database,
  keys: readonly { emailNorm: string; topic: string | undefined }[],
): Promise<number[]> {
  const { results } = await database.packetTransaction(
    [RAISE_VERSION, ...keys.map(deleteStatement)],
    ([, ...deleted]) => deleted.some((outcome) => (outcome as Outcome).affectedRows > 0),
  );
  return results.slice(1).map((outcome) => (outcome as Outcome).affectedRows);
}

const deleteStatement = ({ emailNorm, topic }: { emailNorm: string; topic: string | undefined }) =>
  topic === undefined
    ? { sql: 'DELETE FROM CAMPAIGN_SUPPRESSIONS WHERE EMAIL_NORM = ?', params: [emailNorm] }
    : {
        sql: 'DELETE FROM CAMPAIGN_SUPPRESSIONS WHERE EMAIL_NORM = ? AND TOPIC = ?',
        params: [emailNorm, topic],
      };

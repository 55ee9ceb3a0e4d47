import type { Database } from '../mysql/database.js';
import type { Executor, Fragment } from '../mysql/packet.js';

/** Sends, and files of messages, that one look deals with at most. */
const SENDS = 10;
const PAGE = 200;
/** Chunks that one look removes at most: 8 MB. */
const CHUNKS = 8;

interface Reference {
  sendId: number;
  seq: number;
  position: number;
  fileId: number | null;
}

/**
 * Takes a page of files from messages; what they hold is doomed unless another message has it. Of those that every
 * message of a send had it stays known what they were.
 * @returns how many there were
 */
async function takeFrom(tx: Executor, where: Fragment): Promise<number> {
  const found = await tx.rows<Reference>(
    `SELECT SEND_ID AS sendId, SEQ AS seq, POSITION AS position, FILE_ID AS fileId
       FROM CAMPAIGN_SEND_FILES WHERE ${where.sql} ORDER BY SEND_ID, SEQ, POSITION LIMIT ?`,
    [...where.params, PAGE],
  );
  if (found.length === 0) return 0;
  const ids = [...new Set(found.flatMap(({ fileId }) => fileId ?? []))].sort((a, b) => a - b);
  // Of two sends that leave a file at the same time one is to see that the other has.
  if (ids.length > 0) {
    await tx.run('UPDATE CAMPAIGN_FILES SET USES = USES + 1 WHERE ID IN (?)', [ids]);
  }
  const keys = found.map(({ sendId, seq, position }) => [sendId, seq, position]);
  await tx.run(
    'UPDATE CAMPAIGN_SEND_FILES SET FILE_ID = NULL WHERE (SEND_ID, SEQ, POSITION) IN (?) AND SEQ = 0',
    [keys],
  );
  await tx.run(
    'DELETE FROM CAMPAIGN_SEND_FILES WHERE (SEND_ID, SEQ, POSITION) IN (?) AND SEQ > 0',
    [keys],
  );
  if (ids.length > 0) {
    await tx.run(
      `UPDATE CAMPAIGN_FILES f SET f.DOOMED_AT = UTC_TIMESTAMP(3)
        WHERE f.ID IN (?) AND NOT EXISTS (SELECT 1 FROM CAMPAIGN_SEND_FILES r WHERE r.FILE_ID = f.ID)`,
      [ids],
    );
  }
  return found.length;
}

/** Takes its file from one row, for good, and removes what nobody else has. */
export async function takeFromRow(db: Database, sendId: number, seq: number): Promise<void> {
  const where = { sql: 'SEND_ID = ? AND SEQ = ? AND SEQ > 0', params: [sendId, seq] };
  if ((await db.transaction((tx) => takeFrom(tx, where))) === 0) return;
  while (await removeDoomed(db));
}

/** Takes all files from a send that comes to nothing, and removes what nobody else has. */
export async function removeFilesOf(db: Database, sendId: number): Promise<void> {
  const where = {
    sql: 'SEND_ID = ? AND (SEQ > 0 OR FILE_ID IS NOT NULL)',
    params: [sendId],
  };
  while ((await db.transaction((tx) => takeFrom(tx, where))) > 0);
  await db.run('DELETE FROM CAMPAIGN_SEND_FILES WHERE SEND_ID = ?', [sendId]);
  while (await removeDoomed(db));
}

/**
 * Removes the files of sends that ended so many days ago, and what nobody has taken: some of it, so that nothing waits
 * for it.
 * @returns whether there may be more to do
 */
export async function removeOldFiles(db: Database, days: number): Promise<boolean> {
  const ended = await db.rows<{ id: number }>(
    `SELECT ID AS id FROM CAMPAIGN_SENDS
      WHERE FILES = 'kept' AND FINISHED_AT <= UTC_TIMESTAMP(3) - INTERVAL ? DAY ORDER BY FINISHED_AT LIMIT ?`,
    [days, SENDS],
  );
  for (const { id } of ended) {
    await db.run(
      `UPDATE CAMPAIGN_SENDS SET FILES = 'removing'
        WHERE ID = ? AND FILES = 'kept' AND STATUS IN ('completed', 'cancelled')
          AND FINISHED_AT <= UTC_TIMESTAMP(3) - INTERVAL ? DAY`,
      [id, days],
    );
  }
  const [removing] = await db.rows<{ id: number }>(
    "SELECT ID AS id FROM CAMPAIGN_SENDS WHERE FILES = 'removing' LIMIT 1",
  );
  if (removing) await removePage(db, removing.id);
  return (await removeDoomed(db)) || removing !== undefined || ended.length > 0;
}

async function removePage(db: Database, sendId: number): Promise<void> {
  const where = {
    sql: 'SEND_ID = ? AND (SEQ > 0 OR FILE_ID IS NOT NULL)',
    params: [sendId],
  };
  await db.transaction(async (tx) => {
    if ((await takeFrom(tx, where)) > 0) return;
    await tx.run(
      "UPDATE CAMPAIGN_SENDS SET FILES = 'removed' WHERE ID = ? AND FILES = 'removing'",
      [sendId],
    );
  });
}

const DOOMED = 'DOOMED_AT <= UTC_TIMESTAMP(3)';

/** Removes a part of what is doomed. @returns whether there was any */
async function removeDoomed(db: Database): Promise<boolean> {
  const [doomed] = await db.rows<{ id: number }>(
    `SELECT ID AS id FROM CAMPAIGN_FILES WHERE ${DOOMED} ORDER BY DOOMED_AT LIMIT 1`,
  );
  if (!doomed) return false;
  const { id } = doomed;
  await db.transaction(async (tx) => {
    // From here on no send can take it.
    const { affectedRows } = await tx.run(
      `UPDATE CAMPAIGN_FILES SET CONTENT_HASH = NULL, USES = USES + 1 WHERE ID = ? AND ${DOOMED}`,
      [id],
    );
    if (affectedRows === 0) return;
    const removed = await tx.run(
      'DELETE FROM CAMPAIGN_FILE_CHUNKS WHERE FILE_ID = ? ORDER BY POSITION LIMIT ?',
      [id, CHUNKS],
    );
    if (removed.affectedRows < CHUNKS)
      await tx.run('DELETE FROM CAMPAIGN_FILES WHERE ID = ?', [id]);
  });
  return true;
}

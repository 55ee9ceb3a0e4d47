import { BYTES_A_LINE } from '../../domain/message-file.js';
import type { Database } from '../mysql/database.js';
import { isDuplicateKey } from '../mysql/errors.js';
import type { Executor } from '../mysql/packet.js';

const CHUNK_BYTES = 1024 * 1024;

/** What a file holds. */
export interface FileContent {
  /** In hexadecimal. */
  sha256: string;
  bytes: Buffer;
}

export const hashParam = (sha256: string): Buffer => Buffer.from(sha256, 'hex');

/** Bytes of a chunk: in a statement each takes two, and whole lines of base64 are made of it. */
function chunkBytes(packetLimit: number): number {
  const most = Math.min(CHUNK_BYTES, Math.floor(packetLimit / 3));
  return most - (most % BYTES_A_LINE);
}

async function find(db: Executor, sha256: string): Promise<number | undefined> {
  const [file] = await db.rows<{ id: number }>(
    'SELECT ID AS id FROM CAMPAIGN_FILES WHERE CONTENT_HASH = ?',
    [hashParam(sha256)],
  );
  return file?.id;
}

/**
 * Keeps what a file holds, unless it is there already. It is removed within a day or so unless a send takes it.
 * @param packetLimit bytes that a statement may have
 * @returns its id
 */
export async function storeContent(
  db: Database,
  { sha256, bytes }: FileContent,
  packetLimit: number,
): Promise<number> {
  const known = await find(db, sha256);
  if (known !== undefined) return known;
  const { insertId: id } = await db.run(
    'INSERT INTO CAMPAIGN_FILES (BYTES, DOOMED_AT) VALUES (?, UTC_TIMESTAMP(3) + INTERVAL 1 DAY)',
    [bytes.length],
  );
  const size = chunkBytes(packetLimit);
  for (let position = 0; position * size < bytes.length; position++) {
    await db.run('INSERT INTO CAMPAIGN_FILE_CHUNKS (FILE_ID, POSITION, CONTENT) VALUES (?, ?, ?)', [
      id,
      position,
      bytes.subarray(position * size, (position + 1) * size),
    ]);
  }
  try {
    await db.run(
      'UPDATE CAMPAIGN_FILES SET CONTENT_HASH = ? WHERE ID = ? AND DOOMED_AT > UTC_TIMESTAMP(3)',
      [hashParam(sha256), id],
    );
    return id;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    // Somebody else has stored it meanwhile.
    await db.run('UPDATE CAMPAIGN_FILES SET DOOMED_AT = UTC_TIMESTAMP(3) WHERE ID = ?', [id]);
    return storeContent(db, { sha256, bytes }, packetLimit);
  }
}

/**
 * Reads what a file holds, chunk by chunk.
 * @returns false when it is not there, or not whole
 */
export async function readContent(
  db: Executor,
  { sha256, bytes }: { sha256: string; bytes: number },
  take: (chunk: Buffer) => void,
): Promise<boolean> {
  let read = 0;
  for (let position = 0; read < bytes; position++) {
    const [chunk] = await db.rows<{ content: Buffer }>(
      `SELECT c.CONTENT AS content FROM CAMPAIGN_FILES f
         JOIN CAMPAIGN_FILE_CHUNKS c ON c.FILE_ID = f.ID AND c.POSITION = ?
        WHERE f.CONTENT_HASH = ? AND f.BYTES = ?`,
      [position, hashParam(sha256), bytes],
    );
    if (!chunk) return false;
    read += chunk.content.length;
    take(chunk.content);
  }
  return read === bytes;
}

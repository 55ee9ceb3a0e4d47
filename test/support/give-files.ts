import { createHash } from 'node:crypto';
import { megabytes } from '../../src/domain/scheduler-limits.ts';
import { storeContent } from '../../src/store/files/contents.ts';
import { addFiles } from '../../src/store/files/send-files.ts';
import type { Database } from '../../src/store/mysql/database.ts';

/** Gives files to all messages of a send (0), or to rows, by SEQ. */
export async function giveFiles(
  db: Database,
  sendId: number,
  files: readonly (readonly [seq: number, bytes: Buffer])[],
): Promise<void> {
  for (const [index, [seq, bytes]] of files.entries()) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const fileId = await storeContent(db, { sha256, bytes }, megabytes(16));
    await addFiles(db, sendId, [
      {
        seq,
        position: seq === 0 ? index + 1 : 100,
        fileId,
        name: `f${seq}.bin`,
        type: 'application/octet-stream',
        bytes: bytes.length,
        sha256,
        disposition: 'attachment',
        cid: null,
      },
    ]);
  }
}

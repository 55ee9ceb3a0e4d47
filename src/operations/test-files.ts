import type { Recipient } from '../domain/recipient.js';
import { storeContent } from '../store/files/contents.js';
import { filesToCopy, type NewSendFile } from '../store/files/send-files.js';
import type { Database } from '../store/mysql/database.js';
import { readPacketLimit } from '../store/recipients/import.js';
import type { ReadFile } from './queue-files.js';
import type { Sample } from './sample.js';

/**
 * What of a send goes with mails about these rows: the first mail has SEQ 1, the next 2 and so on; 0 is all of them.
 * @throws CampaignError WRONG_STATE where it was removed
 */
export async function filesOfSend(
  database: Database,
  sendId: number,
  about: readonly Recipient[],
): Promise<NewSendFile[]> {
  const seqs = about.map(({ seq }) => seq);
  const files = await filesToCopy(database, sendId, [0, ...new Set(seqs)]);
  return [
    ...files.filter(({ seq }) => seq === 0),
    ...seqs.flatMap((of, index) =>
      files.filter(({ seq }) => seq === of).map((file) => ({ ...file, seq: index + 1 })),
    ),
  ];
}

/**
 * The same of what `queue` would be given, stored by now.
 * @throws CampaignError BAD_FILE for a row without its file
 */
export async function filesOfSample(
  database: Database,
  { files, rowFiles }: Pick<Sample, 'files' | 'rowFiles'>,
  about: readonly Recipient[],
): Promise<NewSendFile[]> {
  if (files.length === 0 && rowFiles === null) return [];
  const packetLimit = await readPacketLimit(database);
  const stored = async ({ file, bytes }: ReadFile, seq: number): Promise<NewSendFile> => ({
    ...file,
    seq,
    fileId: await storeContent(database, { sha256: file.sha256, bytes }, packetLimit),
  });
  const all: NewSendFile[] = [];
  for (const file of files) all.push(await stored(file, 0));
  for (const [index, row] of about.entries()) {
    if (rowFiles) all.push(await stored(await rowFiles.read(row, files.length + 1), index + 1));
  }
  return all;
}

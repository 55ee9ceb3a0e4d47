import type { MessageFile } from '../../domain/message-file.js';
import { CampaignError } from '../../errors.js';
import { type Columns, select } from '../columns.js';
import type { Database } from '../mysql/database.js';
import type { Executor } from '../mysql/packet.js';
import { hashParam } from './contents.js';

/** A file about to go with messages of a send. */
export interface NewSendFile extends MessageFile {
  /** Of the row whose message alone has it; 0: every message has it. */
  seq: number;
  /** As `storeContent` gave it. */
  fileId: number;
}

/**
 * Gives files to messages of a send that is being made.
 * @returns false, with nothing written, when what one of them holds was removed meanwhile: it is to be stored again
 */
export const addFiles = (
  db: Database,
  sendId: number,
  files: readonly NewSendFile[],
): Promise<boolean> => db.transaction((tx) => addFilesIn(tx, sendId, files));

/** The same in the transaction that makes the send, which is to be given up where it is false. */
export async function addFilesIn(
  tx: Executor,
  sendId: number,
  files: readonly NewSendFile[],
): Promise<boolean> {
  const ids = [...new Set(files.map(({ fileId }) => fileId))].sort((a, b) => a - b);
  const taken = await tx.run(
    'UPDATE CAMPAIGN_FILES SET USES = USES + 1, DOOMED_AT = NULL WHERE ID IN (?) AND CONTENT_HASH IS NOT NULL',
    [ids],
  );
  if (taken.affectedRows !== ids.length) return false;
  await tx.run("UPDATE CAMPAIGN_SENDS SET FILES = 'kept' WHERE ID = ? AND FILES IS NULL", [sendId]);
  await tx.run(
    `INSERT INTO CAMPAIGN_SEND_FILES
            (SEND_ID, SEQ, POSITION, FILE_ID, NAME, TYPE, BYTES, CONTENT_HASH, DISPOSITION, CID) VALUES ?`,
    [
      files.map((file) => [
        sendId,
        file.seq,
        file.position,
        file.fileId,
        file.name,
        file.type,
        file.bytes,
        hashParam(file.sha256),
        file.disposition,
        file.cid,
      ]),
    ],
  );
  const largest = Math.max(...files.filter(({ seq }) => seq > 0).map(({ bytes }) => bytes));
  if (Number.isFinite(largest)) {
    await tx.run(
      'UPDATE CAMPAIGN_MESSAGES SET ROW_FILE_BYTES = GREATEST(COALESCE(ROW_FILE_BYTES, 0), ?) WHERE SEND_ID = ?',
      [largest, sendId],
    );
  }
  return true;
}

const COLUMNS = {
  seq: 'SEQ',
  position: 'POSITION',
  name: 'NAME',
  type: 'TYPE',
  bytes: 'BYTES',
  sha256: 'LOWER(HEX(CONTENT_HASH))',
  disposition: 'DISPOSITION',
  cid: 'CID',
} satisfies Columns<keyof MessageFile | 'seq'>;

/** The files of some rows of a send, or with 0 those that every message has, by SEQ. */
export async function readFiles(
  db: Executor,
  sendId: number,
  seqs: readonly number[],
): Promise<Map<number, MessageFile[]>> {
  const found = new Map<number, MessageFile[]>();
  if (seqs.length === 0) return found;
  const rows = await db.rows<MessageFile & { seq: number }>(
    `SELECT ${select(COLUMNS)} FROM CAMPAIGN_SEND_FILES WHERE SEND_ID = ? AND SEQ IN (?) ORDER BY SEQ, POSITION`,
    [sendId, seqs],
  );
  for (const { seq, ...file } of rows) {
    const files = found.get(seq);
    if (files) files.push(file);
    else found.set(seq, [file]);
  }
  return found;
}

/**
 * The files of some rows of a send, with 0 those that every message has, for another send to have them too.
 * @throws CampaignError WRONG_STATE where what they hold was removed
 */
export async function filesToCopy(
  db: Executor,
  sendId: number,
  seqs: readonly number[],
): Promise<NewSendFile[]> {
  if (seqs.length === 0) return [];
  const files = await db.rows<Omit<NewSendFile, 'fileId'> & { fileId: number | null }>(
    `SELECT ${select({ ...COLUMNS, fileId: 'FILE_ID' })} FROM CAMPAIGN_SEND_FILES
      WHERE SEND_ID = ? AND SEQ IN (?) ORDER BY SEQ, POSITION`,
    [sendId, seqs],
  );
  return files.map(({ fileId, ...file }) => {
    if (fileId === null) throw filesRemoved(sendId);
    return { ...file, fileId };
  });
}

export const filesRemoved = (sendId: number): CampaignError =>
  new CampaignError(
    'WRONG_STATE',
    `the files of send ${sendId} were removed, as they are some time after a send has ended`,
    'queue it anew, with its files',
  );

/** The row whose file is the largest. */
export async function largestRowFile(
  db: Executor,
  sendId: number,
): Promise<{ email: string; name: string } | undefined> {
  const [row] = await db.rows<{ email: string; name: string }>(
    `SELECT r.EMAIL AS email, f.NAME AS name
       FROM CAMPAIGN_SEND_FILES f JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = f.SEND_ID AND r.SEQ = f.SEQ
      WHERE f.SEND_ID = ? AND f.SEQ > 0 ORDER BY f.BYTES DESC LIMIT 1`,
    [sendId],
  );
  return row;
}

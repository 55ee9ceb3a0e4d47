import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../src/store/mysql/database.ts';
import { giveFiles } from '../support/give-files.ts';
import { parseByMailparser } from '../support/parsed-mail.ts';
import type { Random } from './random.ts';
import type { TruthEntry, TruthServer } from './truth.ts';

/** The files of a send's messages: those that all have, and the one of each row, by its address. */
interface Files {
  common: readonly Buffer[];
  own: ReadonlyMap<string, Buffer>;
}

/** What the messages of a round's sends must have, by send. */
export type GivenFiles = Map<number, Files>;

/** Gives files to all messages of a send, to each by itself, to both or to none. */
export async function drawFiles(
  db: Database,
  random: Random,
  sendId: number,
  emails: readonly string[],
): Promise<Files> {
  const file = (): Buffer => randomBytes(random.between(1, 20_000));
  const common = random.chance(0.3) ? [file(), file()] : [];
  const own = new Map(random.chance(0.3) ? emails.map((email) => [email, file()]) : []);
  await giveFiles(db, sendId, [
    ...common.map((bytes) => [0, bytes] as const),
    ...emails.flatMap((email, index) => {
      const bytes = own.get(email);
      return bytes ? [[index + 1, bytes] as const] : [];
    }),
  ]);
  return { common, own };
}

interface Row {
  sendId: number;
  /** Of which this is a test. */
  testOf: number | null;
  email: string;
  /** What the message is told of its recipient. */
  fields: string;
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Everybody has got their own files, whole and in order: those of a test are the row's that it was made of. */
export async function wrongContents(
  db: Database,
  truth: TruthServer,
  entries: readonly TruthEntry[],
  given: GivenFiles,
  sendIds: readonly number[],
): Promise<string[]> {
  const rows = await db.rows<Row>(
    `SELECT r.SEND_ID AS sendId, s.TEST_OF AS testOf, r.EMAIL AS email, r.FIELDS AS fields
       FROM CAMPAIGN_SEND_RESULTS r JOIN CAMPAIGN_SENDS s ON s.ID = r.SEND_ID WHERE s.ID IN (?)`,
    [sendIds],
  );
  const byEmail = new Map(rows.map((row) => [row.email, row]));
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'accepted') continue;
    const row = byEmail.get(entry.recipient);
    if (!row) {
      found.push(`${entry.recipient}, whom no send has, was mailed`);
      continue;
    }
    const files = given.get(row.testOf ?? row.sendId);
    const original = row.testOf === null ? row.email : JSON.parse(row.fields).email;
    const own = files?.own.get(original);
    const wanted = [...(files?.common ?? []), ...(own ? [own] : [])];
    const mail = await parseByMailparser(truth.messageOf(entry.queueId).toString('latin1'));
    const got = mail.files.map(({ content }) => hashOf(content));
    if (got.join() !== wanted.map(hashOf).join()) {
      found.push(`send ${row.sendId}: ${row.email} got ${got.length} files, not their own`);
    }
  }
  return found;
}

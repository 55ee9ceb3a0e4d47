import type { DkimMode } from '../../domain/dkim.js';
import type { NewMessage } from '../../domain/message.js';
import type { Pacing } from '../../domain/pacing.js';
import type { RecipientRow } from '../../domain/recipient-page.js';
import { testNorm } from '../../domain/test-mail.js';
import { CampaignError } from '../../errors.js';
import { pick, select } from '../columns.js';
import { writeEvent } from '../events.js';
import { addFilesIn, filesRemoved, type NewSendFile } from '../files/send-files.js';
import { insertMessage } from '../messages.js';
import type { Database } from '../mysql/database.js';
import type { Executor } from '../mysql/packet.js';
import { LEDGER_ROW, type LedgerRow } from '../recipients/row.js';
import { addWhileImporting, agreeing, counted } from './counters.js';
import { move } from './lifecycle.js';

/** Mails that show a message before it goes out, or while it does. */
export interface NewTest extends Pick<Pacing, 'maxAttempts'> {
  /** The send whose message it is; OF_NOTHING_QUEUED where there is none. */
  of: number;
  name: string;
  topic: string;
  dkim: DkimMode;
  /** Of From, as A-labels. */
  fromDomain: string;
  message: NewMessage;
  /** At least one. */
  mails: readonly NewTestMail[];
  /** Those that go with all of them (SEQ 0), and with each. */
  files: readonly NewSendFile[];
}

export interface NewTestMail {
  /** Who gets it. */
  email: string;
  norm: string;
  /** Of whom it is about, with their address. */
  fields: Readonly<Record<string, string>>;
}

/**
 * Queues test mails as a send of their own, running as soon as it is counted.
 * @returns its id; the mails are its rows 1, 2 and so on
 */
export const createTest = (db: Database, test: NewTest, actor: string): Promise<number> =>
  db.transaction(async (tx) => {
    const { of, name, topic, dkim, fromDomain, message, mails, files, maxAttempts } = test;
    const { insertId: id } = await tx.run(
      `INSERT INTO CAMPAIGN_SENDS
              (NAME, TOPIC, DKIM, FROM_DOMAIN, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, LAST_SEQ,
               CREATED_AT, TEST_OF)
       VALUES (?, ?, ?, ?, 'importing', ?, 0, 0, ?, ?, UTC_TIMESTAMP(3), ?)`,
      [name, topic, dkim, fromDomain, mails.length, maxAttempts, mails.length, of],
    );
    await insertMessage(tx, id, message);
    if (files.length > 0 && !(await addFilesIn(tx, id, files))) throw filesRemoved(of);
    await writeEvent(tx, { sendId: id, event: 'queued', actor, details: { testOf: of } });
    const rows = mails.map(({ email, norm, fields }, i) => {
      const seq = i + 1;
      return [id, seq, email, testNorm(seq, norm), JSON.stringify(fields)];
    });
    await tx.run(
      'INSERT INTO CAMPAIGN_SEND_RESULTS (SEND_ID, SEQ, EMAIL, EMAIL_NORM, FIELDS) VALUES ?',
      [rows],
    );
    await addWhileImporting(tx, id, { total: mails.length });
    const [ledger] = await tx.rows<{ total: number }>(
      'SELECT COUNT(*) AS total FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ?',
      [id],
    );
    const released = await move(tx, id, 'release', {
      set: counted({ rejected: 0, duplicates: 0, blank: 0, filtered: 0, declined: 0 }),
      where: agreeing({ total: ledger?.total ?? 0 }),
      event: { event: 'imported', actor, details: { total: mails.length } },
    });
    if (released) return id;
    throw new CampaignError('CONTRADICTION', `test mails ${id} are not what was written of them`);
  });

/** What became of test mails, in their order. */
export const readTest = (
  db: Executor,
  id: number,
): Promise<Pick<LedgerRow, 'seq' | keyof TestOutcome>[]> =>
  db.rows(
    `SELECT ${select(pick(LEDGER_ROW, 'seq', 'email', 'status', 'attempts', 'smtpCode', 'enhancedCode', 'response', 'nextAttemptAt'))}
       FROM CAMPAIGN_SEND_RESULTS r WHERE r.SEND_ID = ? ORDER BY r.SEQ`,
    [id],
  );

/** What became of one. */
export type TestOutcome = Pick<
  RecipientRow,
  'email' | 'status' | 'attempts' | 'smtpCode' | 'enhancedCode' | 'response'
> & { nextAttemptAt: Date | null };

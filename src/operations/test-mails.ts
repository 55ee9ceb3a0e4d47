import { checkAddress } from '../domain/address.js';
import type { DkimMode } from '../domain/dkim.js';
import { EMAIL_FIELD } from '../domain/fields.js';
import type { NewMessage } from '../domain/message.js';
import { PACING_DEFAULTS } from '../domain/pacing.js';
import type { RowChoice } from '../domain/preview.js';
import { QUEUE_LENGTHS } from '../domain/queued.js';
import type { Recipient } from '../domain/recipient.js';
import { MAX_TEST_MAILS, OF_NOTHING_QUEUED, TEST_MARK } from '../domain/test-mail.js';
import type { Tested } from '../domain/tested.js';
import { clip, count } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { parseSender } from '../message/sender.js';
import type { NewSendFile } from '../store/files/send-files.js';
import type { Database } from '../store/mysql/database.js';
import { createTest } from '../store/sends/test-mails.js';
import { lookUp } from '../store/suppressions/look-up.js';
import { isAnyAlive } from '../store/workers.js';
import type { OpeningDeps, QueueDeps, QueueRequest } from './queue.js';
import { chosenBy, sampleList, sampleSend } from './sample.js';
import { filesOfSample, filesOfSend } from './test-files.js';
import { outcome, readMails, type WaitDeps } from './test-outcome.js';
import type { Workspace } from './workspace.js';

/** What is to be tested, and by whom. */
export interface TestRequest extends Pick<RowChoice, 'email'> {
  /** A send, or what `queue` would be given. */
  of: { id: number } | { request: QueueRequest };
  /** Addresses that get the mails: each one of every row. */
  to: readonly string[];
  /** So many rows, from the first. */
  rows?: number | undefined;
  /** The subject as recipients see it. */
  plain: boolean;
  /** How long replies are waited for; null for not at all. */
  waitSeconds: number | null;
}

/** The outside of a test. */
export interface TestDeps extends OpeningDeps, WaitDeps, Pick<QueueDeps, 'randomBytes'> {
  /** Told of a tester whom the list of suppressions names, and why. */
  onSuppressed(email: string, reason: string): void;
}

/**
 * Sends a message to testers, by a send of its own that nothing of the original's knows of.
 * @throws CampaignError NO_SCHEDULER with nothing queued; WRONG_STATE, BAD_ADDRESS, and as a preview
 */
export async function testMails(
  workspace: Workspace,
  request: TestRequest,
  deps: TestDeps,
): Promise<Tested> {
  const testers = request.to.map(testerOf);
  const database = await workspace.database();
  const subject = await subjectOf(database, request, deps);
  const { message, rows, of, name } = subject;
  if (!deps.run && !(await isAnyAlive(database))) throw noScheduler();
  const mails = rows.flatMap((row) => testers.map((tester) => ({ ...tester, row })));
  if (mails.length > MAX_TEST_MAILS) throw tooMany(mails.length);
  for (const { email, reason } of await suppressedAmong(database, testers, subject.topic)) {
    deps.onSuppressed(email, reason);
  }
  const files = await subject.filesOf(mails.map(({ row }) => row));
  const id = await createTest(
    database,
    {
      files,
      of: of ?? OF_NOTHING_QUEUED,
      name: clip(`${TEST_MARK}${name}`, QUEUE_LENGTHS.name),
      topic: subject.topic,
      dkim: subject.dkim,
      fromDomain: parseSender(message.from).domain,
      maxAttempts: PACING_DEFAULTS.maxAttempts,
      message: {
        ...message,
        subject: `${request.plain ? '' : TEST_MARK}${message.subject}`,
        secret: deps.randomBytes(32),
      },
      mails: mails.map(({ email, norm, row }) => ({
        email,
        norm,
        fields: { ...row.fields, [EMAIL_FIELD]: row.email },
      })),
    },
    workspace.actor,
  );
  const places = mails.map(({ row }) => row.seq);
  const trouble = await outcome(workspace, database, id, request.waitSeconds, deps);
  return { id, of, recipients: await readMails(database, id, places), trouble };
}

interface Tester {
  email: string;
  norm: string;
}

/** @throws CampaignError BAD_ADDRESS */
function testerOf(given: string): Tester {
  const check = checkAddress(given.trim());
  if (check.ok) return { email: check.email, norm: check.norm };
  throw new CampaignError('BAD_ADDRESS', `${given}: ${check.reason}`, 'give one address');
}

interface Subject {
  /** What goes with mails of these rows, one after the other, ready to be given to them. */
  filesOf(rows: readonly Recipient[]): Promise<NewSendFile[]>;
  message: NewMessage;
  rows: readonly Recipient[];
  of: number | null;
  name: string;
  topic: string;
  dkim: DkimMode;
}

/** What is tested. */
async function subjectOf(
  database: Database,
  { of, rows, email }: TestRequest,
  deps: TestDeps,
): Promise<Subject> {
  const chosen = chosenBy({ email }, rows);
  if ('request' in of) {
    const { name, topic = '', dkim = 'auto' } = of.request;
    const sample = await sampleList(of.request, chosen, deps);
    const filesOf = (about: readonly Recipient[]) => filesOfSample(database, sample, about);
    return { ...sample, filesOf, of: null, name, topic, dkim };
  }
  const { send, ...sample } = await sampleSend(database, of.id, chosen);
  if (send.testOf !== null) {
    throw new CampaignError(
      'WRONG_STATE',
      `send ${of.id} is a test itself`,
      send.testOf === OF_NOTHING_QUEUED
        ? 'test with the options of `campaign queue`, as it was made'
        : `\`campaign test ${send.testOf}\` tests what it is a test of`,
    );
  }
  if (send.status === 'cancelled') {
    throw new CampaignError(
      'WRONG_STATE',
      `send ${of.id} is cancelled: its message goes to nobody any more`,
      `\`campaign preview ${of.id}\` shows it; \`campaign clone ${of.id} --paused\` queues it anew, to be tested then`,
    );
  }
  const filesOf = (about: readonly Recipient[]) => filesOfSend(database, of.id, about);
  const { name, topic, dkim } = send;
  return { ...sample, filesOf, of: of.id, name, topic, dkim };
}

const noScheduler = (): CampaignError =>
  new CampaignError(
    'NO_SCHEDULER',
    'no scheduler is running that would send a test mail; nothing was queued',
    'start `campaign run-scheduler`, or add --now to send the test mails from here',
  );

const tooMany = (mails: number): CampaignError =>
  new CampaignError(
    'USAGE',
    `that would be ${count(mails)} test mails; at most ${MAX_TEST_MAILS} are sent at a time`,
    'give fewer rows, or fewer addresses',
  );

/** Those testers who may not be mailed otherwise, with why. */
async function suppressedAmong(
  database: Database,
  testers: readonly Tester[],
  topic: string,
): Promise<{ email: string; reason: string }[]> {
  const norms = testers.map(({ norm }) => norm);
  const entries = await lookUp(database, norms, topic);
  return testers.flatMap(({ email, norm }) => {
    const [first] = entries.get(norm) ?? [];
    return first ? [{ email, reason: first.reason }] : [];
  });
}

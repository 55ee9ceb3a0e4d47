import { EMAIL_FIELD } from '../domain/fields.js';
import { PACING_DEFAULTS } from '../domain/pacing.js';
import type { Send } from '../domain/progress.js';
import { QUEUE_LENGTHS } from '../domain/queued.js';
import type { RecipientStatus } from '../domain/states.js';
import { OF_NOTHING_QUEUED } from '../domain/test-mail.js';
import { clip } from '../domain/text.js';
import { hasUnsubscribeWay } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import type { ListInput } from '../list/source.js';
import { readMessage } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import { readHeld } from '../store/recipients/held-rows.js';
import { readSend } from '../store/sends/row.js';
import type { MessageEdit } from './edit.js';
import type { QueueRequest } from './queue.js';
import { noSuchSend } from './send-errors.js';
import type { Workspace } from './workspace.js';

/** Statuses whose rows may be taken over into another send. */
export const CLONED_STATUSES = [
  'pending',
  'sent',
  'failed',
  'unknown',
  'skipped',
] as const satisfies readonly RecipientStatus[];
export type ClonedStatus = (typeof CLONED_STATUSES)[number];

/** What is to be sent anew. */
export interface CloneRequest {
  id: number;
  /** A list, or the rows of the send's own that have a status. */
  list: ListInput | { status: ClonedStatus };
  /** What wins over what the send has; its key is none of it. */
  given: Partial<Omit<QueueRequest, 'list' | keyof MessageEdit>> & MessageEdit;
}

/**
 * What `queue` is to be asked for, to send a message anew: message, pacing and topic of the send, but for what is given.
 * @throws CampaignError NO_SUCH_SEND, NO_SUCH_RECIPIENT, WRONG_STATE
 */
export async function cloneRequest(
  workspace: Workspace,
  { id, list, given }: CloneRequest,
): Promise<QueueRequest> {
  const database = await workspace.database();
  const send = await readSend(database, id);
  const message = send && (await readMessage(database, id, send.version));
  if (!message) throw noSuchSend(id);
  if (send.testOf !== null) throw isTest(send);
  if (message.files.length > 0 || message.rowFilesBytes > 0) throw hasFiles(send);
  const { fieldNames, secret: _secret, version: _version, queuedFrom: _from, ...values } = message;
  const isNamedBySubject = send.name === clip(values.subject, QUEUE_LENGTHS.name);
  const { subject } = given;
  const { batchSize, delayMs, cooldownSeconds, maxAttempts, topic, name } = send;
  return {
    name:
      isNamedBySubject && subject
        ? clip(typeof subject === 'string' ? subject : subject.source, QUEUE_LENGTHS.name)
        : name,
    key: null,
    topic,
    batchSize,
    delayMs,
    cooldownSeconds,
    maxAttempts: maxAttempts ?? PACING_DEFAULTS.maxAttempts,
    startAt: null,
    paused: false,
    rejects: null,
    ignoreDeclined: false,
    dryRun: false,
    ...values,
    ...withoutWhatIsReplaced(given),
    ...(given as Partial<QueueRequest>),
    list: 'status' in list ? await ownList(database, send, fieldNames, list.status) : list,
  };
}

const hasFiles = ({ id }: Send): CampaignError =>
  new CampaignError(
    'WRONG_STATE',
    `files go with send ${id}, which a clone would not have`,
    '`campaign queue` takes the message anew, with --attach',
  );

const isTest = ({ id, testOf }: Send): CampaignError =>
  new CampaignError(
    'WRONG_STATE',
    `send ${id} is a test`,
    testOf === OF_NOTHING_QUEUED
      ? 'queue what it was a test of'
      : `\`campaign clone ${testOf}\` takes what it is a test of`,
  );

/** What is given takes the place of more than itself: HTML of the text made for another, one way to unsubscribe of the other. */
function withoutWhatIsReplaced(given: CloneRequest['given']): Partial<QueueRequest> {
  const hasHtml = (given.html ?? given.markdown) != null;
  const { listUnsubscribe = null, unsubscribeUrl = null, unsubscribeMailto = null } = given;
  return {
    ...(hasHtml ? { text: null } : {}),
    ...(given.markdown ? { html: null } : {}),
    ...(listUnsubscribe === null ? {} : { unsubscribeUrl: null, unsubscribeMailto: null }),
    ...(hasUnsubscribeWay({ unsubscribeUrl, unsubscribeMailto }) ? { listUnsubscribe: null } : {}),
  };
}

/**
 * The rows of a send as a list.
 * @throws CampaignError NO_SUCH_RECIPIENT where there are none, WRONG_STATE where the send itself mails them yet
 */
async function ownList(
  database: Database,
  { id, status: now }: Send,
  fieldNames: readonly string[],
  status: ClonedStatus,
): Promise<ListInput> {
  if (now === 'importing') {
    throw new CampaignError(
      'WRONG_STATE',
      `send ${id} is still importing its list`,
      'wait until it is queued',
    );
  }
  if (status === 'pending' && now !== 'cancelled') {
    throw new CampaignError(
      'WRONG_STATE',
      `send ${id} is ${now}, and mails its pending recipients itself`,
      `\`campaign cancel ${id}\` first, or they would be mailed twice`,
    );
  }
  const pages = readHeld(database, id, status);
  const first = await pages.next();
  if (first.done) {
    throw new CampaignError(
      'NO_SUCH_RECIPIENT',
      `send ${id} has no recipients that are ${status}`,
      `\`campaign progress ${id}\` counts them`,
    );
  }
  async function* text(): AsyncGenerator<string> {
    yield csvLine([EMAIL_FIELD, ...fieldNames]);
    for (let page = first; !page.done; page = await pages.next()) {
      yield page.value
        .map(({ email, fields }) =>
          csvLine([email, ...fieldNames.map((name) => fields[name] ?? '')]),
        )
        .join('');
    }
  }
  return { name: `what is ${status} of send ${id}`, chunks: text() };
}

const csvLine = (cells: readonly string[]): string =>
  `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;

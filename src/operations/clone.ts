import { EMAIL_FIELD } from '../domain/fields.js';
import type { MessageFile } from '../domain/message-file.js';
import { PACING_DEFAULTS } from '../domain/pacing.js';
import { QUEUE_LENGTHS } from '../domain/queued.js';
import type { Send } from '../domain/send.js';
import type { RecipientStatus } from '../domain/states.js';
import { OF_NOTHING_QUEUED } from '../domain/test-mail.js';
import { clip } from '../domain/text.js';
import { hasUnsubscribeWay } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import type { GivenFile, GivenInline } from '../files/given.js';
import type { ListInput } from '../list/source.js';
import { readContent } from '../store/files/contents.js';
import { filesRemoved } from '../store/files/send-files.js';
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
  const { fieldNames, secret: _secret, version: _version, queuedFrom: _from, ...stored } = message;
  const { files, rowFilesBytes, ...values } = stored;
  if (rowFilesBytes > 0 && !given.rowFiles) throw lacksRowFiles(id);
  const isNamedBySubject = send.name === clip(values.subject, QUEUE_LENGTHS.name);
  const { subject } = given;
  const { batchSize, delayMs, cooldownSeconds, maxAttempts, topic, dkim, name } = send;
  return {
    name:
      isNamedBySubject && subject
        ? clip(typeof subject === 'string' ? subject : subject.source, QUEUE_LENGTHS.name)
        : name,
    key: null,
    topic,
    dkim,
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
    ...(await keptFiles(database, id, files, given)),
    list: 'status' in list ? await ownList(database, send, fieldNames, list.status) : list,
  };
}

const lacksRowFiles = (id: number): CampaignError =>
  new CampaignError(
    'WRONG_STATE',
    `send ${id} has a file for each of its rows, which are those rows' alone`,
    'give --attach-column and --attach-dir for those whom it is to go to',
  );

/**
 * The files of the send, where none are given in their place; pictures go with the HTML that shows them.
 * @throws CampaignError WRONG_STATE where what they hold was removed
 */
async function keptFiles(
  database: Database,
  id: number,
  files: readonly MessageFile[],
  given: CloneRequest['given'],
): Promise<Pick<QueueRequest, 'attachments' | 'inline'>> {
  const load = async (file: MessageFile): Promise<GivenFile> => {
    const chunks: Buffer[] = [];
    const isThere = await readContent(database, file, (chunk) => chunks.push(chunk));
    if (!isThere) throw filesRemoved(id);
    const { name, type } = file;
    return { called: `${name} of send ${id}`, name, type, content: Buffer.concat(chunks) };
  };
  const { attachments = [], inline = [] } = given;
  const kept: GivenFile[] = [];
  const shown: GivenInline[] = [];
  for (const file of files) {
    if (file.disposition === 'attachment') {
      if (attachments.length === 0) kept.push(await load(file));
    } else if (!hasOtherHtml(given) && inline.length === 0) {
      shown.push({ ...(await load(file)), ...(file.cid === null ? {} : { cid: file.cid }) });
    }
  }
  return { attachments: [...kept, ...attachments], inline: [...shown, ...inline] };
}

const hasOtherHtml = (given: CloneRequest['given']): boolean =>
  given.html !== undefined || (given.markdown ?? null) !== null;

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

import { randomBytes } from 'node:crypto';
import type { MessageSource } from '../domain/message.js';
import { encodedBytes } from '../domain/message-file.js';
import type { Preview, RowChoice } from '../domain/preview.js';
import type { Recipient } from '../domain/recipient.js';
import { CampaignError } from '../errors.js';
import { encodeFile } from '../message/base64.js';
import { previewMessage } from '../message/preview.js';
import { readFiles } from '../store/files/send-files.js';
import { fileLoader } from './load-file.js';
import type { OpeningDeps, QueueRequest } from './queue.js';
import { chosenBy, sampleList, sampleSend } from './sample.js';
import type { Workspace } from './workspace.js';

/**
 * One recipient's message of a send, as it would arrive.
 * @throws CampaignError NO_SUCH_SEND, NO_SUCH_RECIPIENT, BAD_ADDRESS, BAD_TEMPLATE
 */
export async function previewSend(
  workspace: Workspace,
  { id, ...choice }: RowChoice & { id: number },
): Promise<Preview> {
  const database = await workspace.database();
  const { message, rows, send } = await sampleSend(database, id, chosenBy(choice));
  const [row] = rows as [Recipient];
  const files = (await readFiles(database, id, [row.seq])).get(row.seq) ?? [];
  const load = fileLoader(database);
  const contents = new Map<string, Buffer>();
  for (const file of [...message.files, ...files]) contents.set(file.sha256, await load(file));
  const source = { ...message, sendId: id, topic: send.topic };
  return show(source, { ...row, files }, contents);
}

/**
 * The same of a list that is not queued; needs no database.
 * @throws CampaignError as `queue` for list and message, NO_SUCH_RECIPIENT, BAD_ADDRESS
 */
export async function previewList(
  request: QueueRequest,
  choice: RowChoice,
  deps: OpeningDeps,
): Promise<Preview> {
  const sample = await sampleList(request, chosenBy(choice), { ...deps, randomBytes });
  const [row] = sample.rows as [Recipient];
  const common = sample.files.map(({ file }) => file);
  const own = await sample.rowFiles?.read(row, common.length + 1);
  const contents = new Map<string, Buffer>();
  for (const { file, bytes } of [...sample.files, ...(own ? [own] : [])]) {
    contents.set(file.sha256, encodeFile(bytes));
  }
  const source: MessageSource = {
    ...sample.message,
    version: 1,
    queuedFrom: null,
    sendId: 0,
    topic: request.topic ?? '',
    files: common,
    rowFilesBytes: own ? encodedBytes(own.file.bytes) : 0,
  };
  return show(source, { ...row, files: own ? [own.file] : [] }, contents);
}

function show(
  source: MessageSource,
  row: Recipient,
  contents: ReadonlyMap<string, Buffer>,
): Preview {
  const { seq, email } = row;
  try {
    return previewMessage(source, row, new Date(), ({ sha256 }) => contents.get(sha256) as Buffer);
  } catch (error) {
    if (error instanceof CampaignError) throw error;
    throw new CampaignError(
      'BAD_TEMPLATE',
      `the message of row ${seq}, ${email}, cannot be made: ${(error as Error).message.split('\n')[0]}`,
      'mend the template, or that row of the list',
      { cause: error },
    );
  }
}

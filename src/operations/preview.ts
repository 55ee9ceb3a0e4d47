import { randomBytes } from 'node:crypto';
import type { NewMessage } from '../domain/message.js';
import type { Preview, RowChoice } from '../domain/preview.js';
import type { Recipient } from '../domain/recipient.js';
import { CampaignError } from '../errors.js';
import { previewMessage } from '../message/preview.js';
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
  const { message, rows } = await sampleSend(database, id, chosenBy(choice));
  return show(message, rows, id);
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
  const { message, rows } = await sampleList(request, chosenBy(choice), { ...deps, randomBytes });
  return show(message, rows, 0);
}

function show(message: NewMessage, [row]: readonly Recipient[], sendId: number): Preview {
  const { seq, email } = row as Recipient;
  const source = { version: 1, queuedFrom: null, ...message, sendId };
  try {
    return previewMessage(source, row as Recipient, new Date());
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

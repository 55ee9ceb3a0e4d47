import type { Queued } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import { type ClonedStatus, type CloneRequest, cloneRequest } from '../operations/clone.js';
import type { Given } from './command.js';
import type { queueOptionsAsGiven } from './commands/message-options.js';
import type { Context } from './context.js';
import { flagOf, missing } from './flags.js';
import { givenMessage } from './given-message.js';
import { importAsked } from './queue.js';
import { attached, folderOf } from './queue-run.js';
import type { Ending } from './results.js';

interface CloneInput {
  id: number;
  sameList: boolean;
  status: ClonedStatus | undefined;
}

/**
 * Queues a send's message anew, with what is given in place of what it has.
 * @throws CampaignError USAGE, and as `cloneRequest` and `queue`
 */
export async function cloneSend(
  input: CloneInput,
  given: Given<typeof queueOptionsAsGiven>,
  context: Context,
): Promise<Ending<Queued | undefined>> {
  const list = listOf(input, given.list, context);
  const { rate, where, rejects, list: path } = given;
  const { name, key, topic, dkim, batchSize, delayMs, cooldownSeconds, maxAttempts, startAt } =
    given;
  const { paused, ignoreDeclined, dryRun, emailColumn, encoding, missing: mode } = given;
  const { attach, attachColumn, attachDir, html, markdown } = given;
  if ((attachColumn === undefined) !== (attachDir === undefined)) {
    throw missing(attachDir === undefined ? 'attachDir' : 'attachColumn');
  }
  const asked = {
    ...{
      name,
      key,
      topic,
      dkim,
      batchSize,
      delayMs,
      cooldownSeconds,
      ...rate,
      maxAttempts,
      startAt,
    },
    ...{ paused, ignoreDeclined, dryRun, emailColumn, encoding, missing: mode },
    attachments: attach.map((file) => attached(file, `${flagOf('attach')} ${file}`)),
    imageFolder: folderOf(html ?? markdown ?? null),
    rowFiles:
      attachColumn === undefined || attachDir === undefined
        ? undefined
        : { column: attachColumn, folder: attachDir },
    where:
      where === undefined ? undefined : { name: flagOf('where'), source: where, now: new Date() },
    rejects: rejects === undefined ? undefined : { path: rejects, inputs: [path ?? null] },
  };
  const request = await cloneRequest(context.workspace, {
    id: input.id,
    list,
    given: {
      ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)),
      ...(await givenMessage(given, context)),
    } as CloneRequest['given'],
  });
  return importAsked(request, path === '-', context);
}

/** @throws CampaignError USAGE unless exactly one is named */
function listOf(
  { id, sameList, status }: CloneInput,
  path: string | undefined,
  { stdin }: Context,
): CloneRequest['list'] {
  if (path !== undefined) {
    if (status === undefined) {
      return path === '-' ? { name: 'standard input', chunks: stdin } : { path };
    }
    throw new CampaignError('USAGE', '--status goes with --same-list', 'leave it out, or the list');
  }
  if (sameList && status !== undefined) return { status };
  throw new CampaignError(
    'USAGE',
    sameList
      ? '--same-list needs --status: to all of them again it would be a second copy'
      : 'nobody is named whom it is to go to',
    sameList
      ? `give --status pending for those that send ${id} has not mailed, or another`
      : 'give --list, or --same-list with --status',
  );
}

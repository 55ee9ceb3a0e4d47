import { randomBytes } from 'node:crypto';
import type { Queued } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import { CLONED_STATUSES, type CloneRequest, cloneRequest } from './clone.js';
import type { CloneOptions } from './library-types.js';
import { oneOf, readOptions, withRate } from './option-readers.js';
import { queue } from './queue.js';
import { givenFiles } from './queue-file-options.js';
import {
  listInput,
  MESSAGE_READERS,
  rejectsOf,
  SENDING_READERS,
  whereOf,
} from './queue-for-library.js';
import type { Workspace } from './workspace.js';

const READERS = { ...SENDING_READERS, ...MESSAGE_READERS, status: oneOf(CLONED_STATUSES) };

/**
 * Queues a send's message anew for a program.
 * @throws CampaignError BAD_SETTING naming the option, and whatever `cloneRequest` and `queue` throw
 */
export async function cloneForLibrary(
  workspace: Workspace,
  { id }: { id: number },
  options: CloneOptions,
  stop: AbortSignal,
): Promise<Queued> {
  const { list, status, where, onRejected, onProgress, onFinding, rate, ...read } = readOptions(
    'clone',
    options,
    READERS,
  );
  const { signal: _signal, delayMs, cooldownSeconds, ...rest } = read;
  const { attachments, inline, imageFolder, attachColumn, attachDir, ...given } = rest;
  const files = givenFiles({ attachments, inline, imageFolder, attachColumn, attachDir }, stop);
  if ((list === undefined) === (status === undefined)) {
    throw new CampaignError(
      'BAD_SETTING',
      list === undefined ? 'neither list nor status is given' : 'status is given beside list',
      'give a list, or the status of those of the send itself whom it is to go to',
    );
  }
  const pacing = withRate({ delayMs, cooldownSeconds, rate });
  const values = Object.entries({ ...given, ...pacing, ...files }).filter(
    ([, value]) => value !== undefined,
  );
  const request = await cloneRequest(workspace, {
    id,
    list: status === undefined ? listInput(list as NonNullable<typeof list>, stop) : { status },
    given: {
      ...Object.fromEntries(values),
      where: whereOf(where),
      rejects: rejectsOf(onRejected),
    } as CloneRequest['given'],
  });
  stop.throwIfAborted();
  const queued = await queue(request, {
    workspace,
    signal: stop,
    randomBytes,
    now: () => performance.now(),
    onProgress: onProgress ?? (() => undefined),
    onFinding: onFinding ?? (() => undefined),
  });
  if (stop.aborted && queued.status === 'cancelled' && !queued.alreadyQueued) throw stop.reason;
  return queued;
}

import type { Preview } from '../domain/preview.js';
import type { PreviewOptions, QueueOptions } from './library-types.js';
import { readOptions, sendId, text, wholeNumber } from './option-readers.js';
import { previewList, previewSend } from './preview.js';
import { requestForLibrary } from './queue-for-library.js';
import type { Workspace } from './workspace.js';

const ADDRESS_LENGTH = 998;

/**
 * Shows a program one recipient's message.
 * @param of a send's number, or what `queue` is given
 * @throws CampaignError BAD_SETTING naming the option, and whatever the previews throw
 */
export async function previewForLibrary(
  workspace: Workspace,
  of: number | QueueOptions,
  options: PreviewOptions,
  signal: AbortSignal,
): Promise<Preview> {
  const choice = readOptions('preview', options, {
    row: wholeNumber({ min: 1, max: 1_000_000_000 }),
    email: text(ADDRESS_LENGTH),
  });
  if (typeof of !== 'object') return previewSend(workspace, { id: sendId(of, 'id'), ...choice });
  const request = requestForLibrary('preview', of, signal);
  const { onFinding } = of;
  return previewList(request, choice, { signal, onFinding: onFinding ?? (() => undefined) });
}

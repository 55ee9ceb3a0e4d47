import type { Edited } from '../domain/edited.js';
import { edit, type MessageEdit } from './edit.js';
import type { EditOptions } from './library-types.js';
import { callback, type Reader, readOptions } from './option-readers.js';
import { MESSAGE_READERS } from './queue-for-library.js';
import type { Workspace } from './workspace.js';

/** The same, or null for a value that is to go. */
const orGone =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (value, name) =>
    value === null ? null : reader(value, name);

const READERS = {
  ...(Object.fromEntries(
    Object.entries(MESSAGE_READERS).map(([key, reader]) => [
      key,
      key === 'from' || key === 'subject' || key === 'timezone'
        ? reader
        : orGone(reader as Reader<unknown>),
    ]),
  ) as Record<keyof typeof MESSAGE_READERS, Reader<unknown>>),
  onFinding: callback<NonNullable<EditOptions['onFinding']>>(),
};

/**
 * Changes a paused send's message for a program.
 * @throws CampaignError BAD_SETTING naming the option, and whatever `edit` throws
 */
export async function editForLibrary(
  workspace: Workspace,
  { id }: { id: number },
  options: EditOptions,
  signal: AbortSignal,
): Promise<Edited> {
  const { onFinding, headers, ...read } = readOptions('edit', options, READERS);
  const given = Object.entries({ ...read, headers: headers === null ? [] : headers });
  const change = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return edit(
    workspace,
    { id, change: change as MessageEdit },
    { signal, now: () => performance.now(), onFinding: onFinding ?? (() => undefined) },
  );
}

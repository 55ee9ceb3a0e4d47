import { resolve } from 'node:path';
import type { SandboxStatus } from '../domain/sandbox.js';
import type { CampaignOptions, SandboxOptions } from './library-types.js';
import { readOptions, required, text } from './option-readers.js';
import { wordedForLibrary } from './option-words.js';

const PATH_LENGTH = 4096;

/**
 * @returns the sandbox as it is then
 * @throws CampaignError BAD_SETTING naming the option, or whatever the operation throws
 */
export async function onSandbox(
  verb: 'start' | 'stop' | 'status' | 'reset',
  folder: string,
): Promise<SandboxStatus> {
  const place = { directory: resolve(text(PATH_LENGTH)(folder, 'directory')) };
  try {
    const operations = await import('./sandbox.js');
    switch (verb) {
      case 'start':
        await operations.startSandbox(place);
        break;
      case 'stop':
        await operations.stopSandbox(place);
        break;
      case 'reset':
        await operations.resetSandbox(place);
        break;
    }
    return await operations.sandboxStatus(place);
  } catch (error) {
    throw wordedForLibrary(error);
  }
}

/** Starts a sandbox. @returns what a campaign on it is opened with */
export async function openSandbox(options: SandboxOptions): Promise<CampaignOptions> {
  const read = readOptions('Campaign.sandbox', options, {
    directory: text(PATH_LENGTH),
    actor: text(191),
  });
  const actor = required('Campaign.sandbox', 'actor', read.actor);
  const directory = required('Campaign.sandbox', 'directory', read.directory);
  const { databaseUrl, smtpUrl } = await onSandbox('start', directory);
  return { databaseUrl: databaseUrl as string, smtpUrl: smtpUrl as string, actor };
}

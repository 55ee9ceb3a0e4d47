import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Memory where the system has such a folder; the temporary one is refused. */
function root(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    const folder = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

/** A new folder for CAMPAIGN_STATE_DIR. */
export function makeStateFolder(): { directory: string; remove(): void } {
  const directory = mkdtempSync(join(root(), 'campaign-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

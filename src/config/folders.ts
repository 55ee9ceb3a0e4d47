import { userInfo } from 'node:os';
import { join } from 'node:path';
import { CampaignError } from '../errors.js';
import type { StateFolder } from '../host/state-folder.js';
import type { Variables } from './environment.js';

/** Where a scheduler may keep its state unless a setting says so: systemd's and the user's runtime folders, then the user's state folder. */
export function stateFolders(variables: Variables): StateFolder[] {
  const [service] = (variables.get('RUNTIME_DIRECTORY') ?? '').split(':');
  const session = variables.get('XDG_RUNTIME_DIR');
  const home = variables.get('HOME');
  const state = variables.get('XDG_STATE_HOME') ?? (home && join(home, '.local', 'state'));
  return [
    ...(service ? [{ directory: service, within: service }] : []),
    ...(session ? [{ directory: join(session, 'campaign'), within: session }] : []),
    ...(state ? [{ directory: join(state, 'campaign'), within: home ?? state }] : []),
  ];
}

/**
 * Where programs of a user keep their data, by the XDG Base Directory Specification and the customs of macOS and Windows.
 * @throws CampaignError BAD_SETTING for a user without a home
 */
export function userDataFolder(variables: Variables): string {
  if (process.platform === 'win32') {
    const local = variables.get('LOCALAPPDATA') ?? join(homeFolder(variables), 'AppData/Local');
    return join(local, 'campaign', 'Data');
  }
  if (process.platform === 'darwin') {
    return join(homeFolder(variables), 'Library/Application Support/campaign');
  }
  const data = variables.get('XDG_DATA_HOME') ?? join(homeFolder(variables), '.local/share');
  return join(data, 'campaign');
}

function homeFolder(variables: Variables): string {
  const home = variables.get('HOME');
  if (home !== undefined) return home;
  try {
    return userInfo().homedir;
  } catch {
    throw new CampaignError(
      'BAD_SETTING',
      'this user has no home folder to keep the sandbox in (no HOME, no entry in the passwd database)',
      'set CAMPAIGN_SANDBOX_DIR to the absolute path of a folder for the sandbox, or CAMPAIGN_DATABASE_URL and CAMPAIGN_SMTP_URL to use servers of your own',
    );
  }
}

import { join } from 'node:path';
import { CampaignError } from '../errors.js';
import { SETTINGS } from './table.js';
import { readTextFile, UnreadableText } from './text-file.js';

/**
 * The password of a server, without its last line break; undefined where no file has it.
 * @param named the file that the server's setting names
 * @param credentials systemd's $CREDENTIALS_DIRECTORY, whose campaign-…-password is read where no file is named
 * @throws CampaignError BAD_SETTING where the file cannot be read
 */
export function readPassword(
  server: 'smtp' | 'database',
  named: string | undefined,
  credentials: string | undefined,
): string | undefined {
  const { variable } = SETTINGS[`${server}PasswordFile`];
  const file = named ?? (credentials && join(credentials, `campaign-${server}-password`));
  if (file === undefined) return undefined;
  try {
    return readTextFile(file).replace(/\r?\n$/, '');
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    if (named === undefined && error.code === 'ENOENT') return undefined;
    throw new CampaignError(
      'BAD_SETTING',
      // A password that was set in place of its file's name would be shown with the name.
      `the file ${named === undefined ? file : `that ${variable} names`} cannot be read: ${error.message}`,
      `let ${variable} name a readable file that holds the password and nothing else`,
    );
  }
}

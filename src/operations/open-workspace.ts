import { parseSmtpUrl, type SmtpSettings } from '../smtp/url.js';
import { parseDatabaseUrl } from '../store/mysql/url.js';
import type { CampaignOptions } from './library-types.js';
import { readOptions, required, secret, text } from './option-readers.js';
import { wordedForLibrary } from './option-words.js';
import { OwnWorkspace } from './workspace.js';

const ACTOR_LENGTH = 191;

/** What a library's user has opened. */
export interface Opened {
  workspace: OwnWorkspace;
  smtp: SmtpSettings | undefined;
  stateDirectory: string | undefined;
}

/** @throws CampaignError BAD_SETTING, never quoting what may hold a password */
export function openWorkspace(options: CampaignOptions): Opened {
  try {
    return readAddresses(options);
  } catch (error) {
    throw wordedForLibrary(error);
  }
}

function readAddresses(options: CampaignOptions): Opened {
  const read = readOptions('new Campaign', options, {
    databaseUrl: secret,
    smtpUrl: secret,
    actor: text(ACTOR_LENGTH),
    databasePassword: secret,
    smtpPassword: secret,
    stateDirectory: text(4096),
  });
  const databaseUrl = required('new Campaign', 'databaseUrl', read.databaseUrl);
  const address = parseDatabaseUrl(databaseUrl, read.databasePassword);
  const actor = required('new Campaign', 'actor', read.actor);
  return {
    workspace: new OwnWorkspace({ actor, address: () => address }),
    smtp: read.smtpUrl === undefined ? undefined : parseSmtpUrl(read.smtpUrl, read.smtpPassword),
    stateDirectory: read.stateDirectory,
  };
}

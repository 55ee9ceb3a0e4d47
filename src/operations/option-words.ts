import { CampaignError } from '../errors.js';
import { shown } from './option-readers.js';

/** What the library calls what the command line, for which texts are worded, has other names for. */
const WORDS: Readonly<Record<string, string>> = {
  CAMPAIGN_DATABASE_URL: 'databaseUrl',
  CAMPAIGN_SMTP_URL: 'smtpUrl',
  CAMPAIGN_DATABASE_PASSWORD_FILE: 'databasePassword',
  CAMPAIGN_SMTP_PASSWORD_FILE: 'smtpPassword',
  CAMPAIGN_STATE_DIR: 'stateDirectory',
  CAMPAIGN_SANDBOX_DIR: 'directory',
  '--list, or - for standard input': 'list',
  '--remove list-unsubscribe, or --remove unsubscribe-url,unsubscribe-mailto':
    'listUnsubscribe: null, or unsubscribeUrl: null with unsubscribeMailto: null',
  '--missing blank or --missing skip': "missing: 'blank' or 'skip'",
  '--yes takes it': 'wholeProviders: true takes it',
  'add --now': 'give now: true',
  '--where': 'where',
  '--everybody': 'everybody: true',
  '--email-column': 'emailColumn',
  '--encoding': 'encoding',
  '--eml': 'eml',
  '--inline-css': 'inlineCss',
  '--markdown': 'markdown',
  '--html': 'html',
  '--text': 'text',
  '--missing': 'missing',
  '--from': 'from',
  '--reply-to': 'replyTo',
  '--subject': 'subject',
  '--envelope-from': 'envelopeFrom',
  '--list-unsubscribe': 'listUnsubscribe',
  '--email': 'email',
  '--attach-column': 'attachColumn',
  '--attach-dir': 'attachDir',
  '--unsubscribe-url': 'unsubscribeUrl',
  '--unsubscribe-mailto': 'unsubscribeMailto',
};

/** A command line between backticks is left as it is: that is what a person types. */
const FOREIGN = new RegExp(`\`[^\`]*\`|(?:${Object.keys(WORDS).join('|')})(?![\\w-])`, 'g');

/** Words of ours as a user of the library should read them. */
export const inOptionNames = (message: string): string =>
  message.replace(FOREIGN, (word) => WORDS[word] ?? word);

/** An error as a user of the library should read it. */
export function wordedForLibrary(error: unknown): CampaignError {
  if (!(error instanceof CampaignError)) {
    const message = error instanceof Error ? error.message : `what was thrown is ${shown(error)}`;
    return new CampaignError(
      'INTERNAL',
      message || 'unexpected error',
      'this is a fault of campaign; its cause says where it happened',
      { cause: error },
    );
  }
  const message = inOptionNames(error.message);
  const remedy = error.remedy && inOptionNames(error.remedy);
  if (message === error.message && remedy === error.remedy) return error;
  return new CampaignError(error.code, message, remedy, { cause: error.cause });
}

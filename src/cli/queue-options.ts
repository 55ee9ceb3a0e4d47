import { QUEUE_LENGTHS } from '../domain/queued.js';
import { clip } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { parseSender } from '../message/sender.js';

/** What `queue` is asked to do, checked. */
export interface QueueOptions {
  /** Path of the list, or `-`. */
  list: string;
  from: string;
  replyTo: string | null;
  subject: string;
  /** Paths of the templates; one at least is given. */
  html: string | null;
  text: string | null;
  /** A template of a URL. */
  listUnsubscribe: string | null;
  /** IANA name. */
  timezone: string;
  name: string;
  key: string | null;
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
  maxAttempts: number;
  startAt: Date | null;
  paused: boolean;
  emailColumn?: string | undefined;
  /** As `encodingName` has it; undefined when it is to be found. */
  encoding?: string | undefined;
  rejects: string | null;
  yes: boolean;
  dryRun: boolean;
}

/** The options of `queue`, each read by itself; undefined where one was not given. */
export type QueueInput = {
  readonly [Name in keyof Omit<QueueOptions, 'yes'>]-?:
    | Exclude<QueueOptions[Name], null>
    | (null extends QueueOptions[Name] ? undefined : never)
    | (Name extends 'name' ? undefined : never);
};

function checkSender(flag: string, text: string): string {
  try {
    parseSender(text);
    return text.trim();
  } catch (error) {
    if (!(error instanceof CampaignError)) throw error;
    throw new CampaignError(error.code, `${flag}: ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}

/**
 * Checks the options of `queue` against one another, and its senders.
 * @throws CampaignError USAGE or BAD_ADDRESS naming the flag and what is allowed
 */
export function queueOptions(input: QueueInput, yes: boolean): QueueOptions {
  if (input.html === undefined && input.text === undefined) {
    throw new CampaignError(
      'USAGE',
      'there is nothing to send: neither --html nor --text is given',
      'give the path of a template with --html, --text or both',
    );
  }
  return {
    ...input,
    from: checkSender('--from', input.from),
    replyTo: input.replyTo === undefined ? null : checkSender('--reply-to', input.replyTo),
    html: input.html ?? null,
    text: input.text ?? null,
    listUnsubscribe: input.listUnsubscribe ?? null,
    name: input.name ?? clip(input.subject, QUEUE_LENGTHS.name),
    key: input.key ?? null,
    startAt: input.startAt ?? null,
    rejects: input.rejects ?? null,
    yes,
  };
}

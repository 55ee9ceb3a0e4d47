import { MAILBOX_KEYS, type MailboxKey, type OptionalHeaders } from '../domain/message-values.js';
import type { Pacing } from '../domain/pacing.js';
import { QUEUE_LENGTHS } from '../domain/queued.js';
import { clip } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { checkSender } from '../operations/check-sender.js';
import { flagOf } from './flags.js';

/** What `queue` is asked to do, checked. */
export interface QueueOptions extends OptionalHeaders, Pacing {
  /** Path of the list, or `-`. */
  list: string;
  from: string;
  subject: string;
  /** Paths of the templates; one at least is given. */
  html: string | null;
  text: string | null;
  /** IANA name. */
  timezone: string;
  name: string;
  key: string | null;
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

const checkedSenders = (input: QueueInput): Partial<Pick<QueueOptions, MailboxKey>> =>
  Object.fromEntries(
    MAILBOX_KEYS.flatMap((key) => {
      const given = input[key];
      return given === undefined ? [] : [[key, checkSender(flagOf(key), given)]];
    }),
  );

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
    ...checkedSenders(input),
    html: input.html ?? null,
    text: input.text ?? null,
    name: input.name ?? clip(input.subject, QUEUE_LENGTHS.name),
    key: input.key ?? null,
    startAt: input.startAt ?? null,
    rejects: input.rejects ?? null,
    yes,
  };
}

import type { DkimMode } from '../domain/dkim.js';
import { faultOfHeaders, type HeaderField } from '../domain/header-fields.js';
import { MAILBOX_KEYS, type MailboxKey, type OptionalHeaders } from '../domain/message-values.js';
import type { MissingMode } from '../domain/missing.js';
import type { Pacing } from '../domain/pacing.js';
import { QUEUE_LENGTHS } from '../domain/queued.js';
import type { SendRate } from '../domain/rates.js';
import { clip } from '../domain/text.js';
import { checkUnsubscribeMailto, checkUnsubscribeUrl } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import { checkEnvelopeFrom, checkSender } from '../operations/check-sender.js';
import { flagOf, missing } from './flags.js';
import { type MessageSource, NO_SOURCE } from './message-source.js';

/** What `queue` is asked to do, checked. */
export interface QueueOptions extends OptionalHeaders, Pacing {
  /** Path of the list, or `-`. */
  list: string;
  from: string;
  /** As `checkEnvelopeFrom` gives it. */
  envelopeFrom?: string | undefined;
  subject: string;
  header: readonly HeaderField[];
  /** Paths of the templates; one at least is given. */
  html: string | null;
  text: string | null;
  markdown: string | null;
  inlineCss: boolean;
  /** Path of a folder, or of a saved message; what they hold is in `source`. */
  message?: string | undefined;
  eml?: string | undefined;
  source: MessageSource;
  /** As `checkUnsubscribeUrl` gives it. */
  unsubscribeUrl?: string | undefined;
  /** As `checkUnsubscribeMailto` gives it. */
  unsubscribeMailto?: string | undefined;
  /** Paths of files that go with every message. */
  attach: readonly string[];
  /** Given both or neither. */
  attachColumn?: string | undefined;
  attachDir?: string | undefined;
  /** IANA name. */
  timezone: string;
  name: string;
  key: string | null;
  topic?: string | undefined;
  dkim: DkimMode;
  paused: boolean;
  emailColumn?: string | undefined;
  /** As `encodingName` has it; undefined when it is to be found. */
  encoding?: string | undefined;
  /** A condition in Liquid. */
  where?: string | undefined;
  ignoreDeclined: boolean;
  missing: MissingMode;
  rejects: string | null;
  yes: boolean;
  dryRun: boolean;
}

/** The options of `queue`, each read by itself; undefined where one was not given. */
export type QueueInput = {
  readonly [Name in keyof Omit<QueueOptions, 'yes' | 'source'>]-?:
    | Exclude<QueueOptions[Name], null>
    | (null extends QueueOptions[Name] ? undefined : never)
    | (Name extends 'name' | 'from' | 'subject' ? undefined : never);
} & { readonly rate: SendRate | undefined };

const checkedSenders = (input: QueueInput): Partial<Pick<QueueOptions, MailboxKey>> =>
  Object.fromEntries(
    MAILBOX_KEYS.flatMap((key) => {
      const given = input[key];
      return given === undefined ? [] : [[key, checkSender(flagOf(key), given)]];
    }),
  );

/** What the settings give in place of options: see `Settings`. */
interface QueueSettings {
  readonly unsubscribeUrl: string | undefined;
}

/** Whoever has a page of his own wants none of ours, whatever the settings name. */
function unsubscribeWays(
  { listUnsubscribe, unsubscribeUrl, unsubscribeMailto }: QueueInput,
  settings: QueueSettings,
): Pick<QueueOptions, 'unsubscribeUrl' | 'unsubscribeMailto'> {
  const isNone = listUnsubscribe !== undefined || /^none$/i.test(unsubscribeUrl ?? '');
  return {
    unsubscribeUrl: isNone
      ? undefined
      : unsubscribeUrl === undefined
        ? settings.unsubscribeUrl
        : checkUnsubscribeUrl(flagOf('unsubscribeUrl'), unsubscribeUrl, 'USAGE'),
    unsubscribeMailto:
      unsubscribeMailto && checkUnsubscribeMailto(flagOf('unsubscribeMailto'), unsubscribeMailto),
  };
}

/**
 * Checks the options of `queue` against one another, its senders, and where it is unsubscribed from.
 * @throws CampaignError USAGE or BAD_ADDRESS naming the flag and what is allowed
 */
export function queueOptions(
  input: QueueInput,
  yes: boolean,
  settings: QueueSettings,
  source: MessageSource = NO_SOURCE,
): QueueOptions {
  const { from, subject } = input;
  if (from === undefined) throw missing('from');
  if (subject === undefined) throw missing('subject');
  const hasHtml = [input.html, input.markdown, source.mail?.html ?? undefined].some(
    (body) => body !== undefined,
  );
  if (!hasHtml && input.text === undefined && source.mail === null) {
    throw new CampaignError(
      'USAGE',
      'there is nothing to send: neither --html nor --text is given',
      'give the path of a template with --html, --text or both, or --markdown, --message or --eml',
    );
  }
  if (input.inlineCss && !hasHtml) {
    throw new CampaignError(
      'USAGE',
      '--inline-css is given, and there is no HTML',
      'give --html or --markdown, or leave --inline-css out',
    );
  }
  if ((input.attachColumn === undefined) !== (input.attachDir === undefined)) {
    const [given, missing] =
      input.attachDir === undefined ? ['attachColumn', 'attachDir'] : ['attachDir', 'attachColumn'];
    throw new CampaignError(
      'USAGE',
      `${flagOf(given)} is given without ${flagOf(missing)}`,
      'give both: the column that names the file of each row, and the folder where those are',
    );
  }
  const fault = faultOfHeaders(input.header);
  if (fault) throw new CampaignError('USAGE', `--header: ${fault.what}`, fault.remedy);
  const { rate, ...given } = input;
  return {
    ...given,
    from,
    subject,
    source,
    ...rate,
    ...checkedSenders(input),
    ...unsubscribeWays(input, settings),
    envelopeFrom:
      input.envelopeFrom === undefined
        ? undefined
        : checkEnvelopeFrom(flagOf('envelopeFrom'), input.envelopeFrom),
    html: input.html ?? null,
    text: input.text ?? null,
    markdown: input.markdown ?? null,
    name: input.name ?? clip(subject, QUEUE_LENGTHS.name),
    key: input.key ?? null,
    startAt: input.startAt ?? null,
    rejects: input.rejects ?? null,
    yes,
  };
}

import type { DkimMode } from '../domain/dkim.js';
import type { LintRule } from '../domain/lint.js';
import type { RejectedLine } from '../domain/list-findings.js';
import type { OptionalHeaders } from '../domain/message-values.js';
import type { MissingMode } from '../domain/missing.js';
import type { ShownStatus } from '../domain/progress.js';
import type { ImportProgress, QueueFinding } from '../domain/queued.js';
import type { SchedulerEvent } from '../domain/scheduler-events.js';
import type { RecipientStatus } from '../domain/states.js';
import type { Pieces } from './library-shared-types.js';

export type * from './library-shared-types.js';
export type * from './library-suppression-types.js';

export interface CampaignOptions {
  /** `mysql://user:password@host:3306/database`, with the options that CAMPAIGN_DATABASE_URL may have. */
  databaseUrl: string;
  /** `smtp://user:password@host:587` or `smtps://…`, as CAMPAIGN_SMTP_URL; `runScheduler` needs it. */
  smtpUrl?: string | undefined;
  /** Who acts, for the events: such as `shop@web1`. */
  actor: string;
  /** In place of the one in `databaseUrl`. */
  databasePassword?: string | undefined;
  /** In place of the one in `smtpUrl`. */
  smtpPassword?: string | undefined;
  /**
   * Folder where a scheduler keeps what its successor learns its end from: of this user alone, on a local file system,
   * not a temporary one. Without it a killed scheduler's sends are taken over after five minutes.
   */
  stateDirectory?: string | undefined;
}

export interface SandboxOptions {
  /** Folder of the sandbox, made where it is not there. */
  directory: string;
  actor: string;
}

/** A file that goes with a message. */
export interface FileOptions {
  /** What mail programs show: no path. */
  name: string;
  /** Its bytes, or the pieces of them as a stream reads them. */
  content: Uint8Array | Pieces;
  /** MIME type; told by the extension of the name when left out. */
  type?: string | undefined;
}

/** A picture that the HTML shows: by `src="cid:logo"`, or, without a `cid`, by its name, as `src="logo.png"`. */
export interface InlineFileOptions extends FileOptions {
  /** Content-ID, without brackets. */
  cid?: string | undefined;
}

export interface QueueOptions extends OptionalHeaders {
  /** CSV with a header and an address column: a path, or the pieces of it as a stream reads them. */
  list: string | Pieces;
  /** `news@example.org` or `Name <news@example.org>`; may be left out with `eml`. */
  from?: string | undefined;
  /** Where bounces go, the address of MAIL FROM; that of `from` when left out. */
  envelopeFrom?: string | undefined;
  /** A Liquid template; may be left out with `eml`. */
  subject?: string | undefined;
  /** Other headers, their values Liquid templates: `{ 'X-Segment': '{{ segment }}' }`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The bodies, Liquid templates: text, not paths. One at least; the text is made from the HTML when left out. */
  html?: string | undefined;
  text?: string | undefined;
  /** The body in Markdown, a Liquid template, of which HTML and text are made; not beside `html`. */
  markdown?: string | undefined;
  /**
   * The bytes of a message that was saved as .eml, with its files; its From and Subject count unless `from` and `subject` are
   * given. Not beside `html`, `markdown` and `text`.
   */
  eml?: Uint8Array | undefined;
  /** Write the rules of the HTML's style sheets into its elements. */
  inlineCss?: boolean | undefined;
  /**
   * Where `campaign serve --public` answers, such as `https://news.example.org/u`: each recipient gets a link of it. Not with
   * `listUnsubscribe`, which is for a page of one's own.
   */
  unsubscribeUrl?: string | undefined;
  /** Who takes mails that unsubscribe. */
  unsubscribeMailto?: string | undefined;
  /** Where times in the message are shown, such as `Europe/Berlin`; UTC when left out. */
  timezone?: string | undefined;
  /** What the send is called in lists; the subject when left out. */
  name?: string | undefined;
  /** A repeated `queue` with the same key gives the first send back. */
  key?: string | undefined;
  /** What it is about, such as `newsletter`: who said no to that is not mailed. Nothing in particular when left out. */
  topic?: string | undefined;
  /**
   * Whether its messages are signed with DKIM: `auto` (when left out) where the scheduler has a key for their sender,
   * `required`: nobody sends it without, `off`.
   */
  dkim?: DkimMode | undefined;
  /** Messages a batch, 1 to 1,000,000; 100 when left out. */
  batchSize?: number | undefined;
  /** Milliseconds between messages, 0 to 3,600,000; 0 when left out. */
  delayMs?: number | undefined;
  /** Seconds between batches, 0 to 604,800; 5 when left out. */
  cooldownSeconds?: number | undefined;
  /** Messages in a time, such as `5/s`, in place of delayMs and cooldownSeconds. */
  rate?: string | undefined;
  /** Tries for a recipient refused for now, 1 to 100; 5 when left out. */
  maxAttempts?: number | undefined;
  /** Not before this time. */
  startAt?: Date | undefined;
  /** Wait for `resume`. */
  paused?: boolean | undefined;
  /** Files that go with every message. */
  attachments?: readonly FileOptions[] | undefined;
  /** Pictures that the HTML shows. */
  inline?: readonly InlineFileOptions[] | undefined;
  /** Folder of the pictures that the HTML names by their paths; such paths stay as they are when left out. */
  imageFolder?: string | undefined;
  /** The column that names a file for each row, by its header or its position from 1; and the folder where those are. */
  attachColumn?: string | undefined;
  attachDir?: string | undefined;
  /** The column that holds the address: its header, or its position from 1. */
  emailColumn?: string | undefined;
  /** What the list is written in; found when left out. */
  encoding?: string | undefined;
  /** Only rows that meet this condition in Liquid, such as `country == 'DE' and orders > 3`. */
  where?: string | undefined;
  /** Send also to those whom a column of the list says not to write to; see `campaign help lists`. */
  ignoreDeclined?: boolean | undefined;
  /**
   * What becomes of rows with an empty cell that their message prints: it is blank there (when left out), an error that refuses
   * the list, or they are skipped.
   */
  missing?: MissingMode | undefined;
  /** List and templates are checked, and nothing is changed. */
  dryRun?: boolean | undefined;
  /** Interrupts it: nothing is queued then, though what was imported may stay as a cancelled send. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Told what a person should know of list and message. */
  onFinding?: ((finding: QueueFinding) => void) | undefined;
  /** Told each line of the list that cannot be mailed; waited for. */
  onRejected?: ((line: RejectedLine) => void | Promise<void>) | undefined;
}

/** Whose message; the first recipient's when both are left out. */
export interface PreviewOptions {
  /** In this place of the list; in a send it is the row's number. */
  row?: number | undefined;
  email?: string | undefined;
}

export interface LintOptions {
  /** Rules that are left out, by their names. */
  ignore?: readonly LintRule[] | undefined;
  /** Asks DNS too, of the domains that the message is from; with it alone go the two below. */
  dns?: boolean | undefined;
  /** Addresses of DNS servers, such as `192.0.2.53` or `[2001:db8::53]:5353`; those of the system when left out. */
  dnsServers?: readonly string[] | undefined;
  /** What the message is signed with, as `runScheduler` is given it: the records in DNS are held against these keys. */
  dkim?: readonly DkimKeyOptions[] | undefined;
}

export interface TestOptions {
  /** Who gets the mails: each one of every row. */
  to: string | readonly string[];
  /** As so many recipients get it, from the first of the list; 1 when left out. */
  rows?: number | undefined;
  /** As the recipient of this address gets it. */
  email?: string | undefined;
  /** Leave the subject as it is, without [TEST] before it. */
  plain?: boolean | undefined;
  /** False: do not wait for the replies. */
  wait?: boolean | undefined;
  /** Wait so long at most, 1 to 3600; 60 when left out. */
  maxWaitSeconds?: number | undefined;
  /** Send them from here, by a scheduler for them alone; needs `smtpUrl`. Else one must be running. */
  now?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Told of a tester whom an entry keeps from being mailed otherwise, and why. */
  onSuppressed?: ((email: string, reason: string) => void) | undefined;
}

/** What wins over what the send has, whose message is taken; of its list one is given, or a status of its own rows. */
export interface CloneOptions extends Partial<Omit<QueueOptions, 'eml'>> {
  /** Those of the send itself that have this status. */
  status?: 'pending' | 'sent' | 'failed' | 'unknown' | 'skipped' | undefined;
}

type MessageOption =
  | 'from'
  | 'subject'
  | 'html'
  | 'text'
  | 'markdown'
  | 'inlineCss'
  | 'headers'
  | 'envelopeFrom'
  | 'unsubscribeUrl'
  | 'unsubscribeMailto'
  | 'timezone'
  | keyof OptionalHeaders;

/** What is to be different in a message, as `queue` takes it; null where a value is to go. What is left out stays. */
export type EditOptions = {
  [K in MessageOption]?:
    | QueueOptions[K]
    | (K extends 'from' | 'subject' | 'timezone' ? never : null)
    | undefined;
} & {
  /** Told what a person should know of the message. */
  onFinding?: ((finding: QueueFinding) => void) | undefined;
};

export interface WatchOptions {
  /** Ends the watching: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Told at each look that the database is away, which is waited for. */
  onAway?: ((reason: string) => void) | undefined;
}

export interface EventsOptions {
  /** Wait for more, until the signal is aborted. */
  follow?: boolean | undefined;
  /** Ends the iteration, which throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface RecipientsOptions {
  /** Only these. */
  status?: RecipientStatus | undefined;
  signal?: AbortSignal | undefined;
}

export interface ReasonOptions {
  /** Why, for the events. */
  reason?: string | undefined;
}

/** What is left out stays as it is. */
export interface ControlsOptions {
  batchSize?: number | undefined;
  delayMs?: number | undefined;
  cooldownSeconds?: number | undefined;
  /** Messages in a time, such as `5/s`, in place of delayMs and cooldownSeconds. */
  rate?: string | undefined;
}

export interface HoldRelayOptions {
  /** `default`, the relay of `smtpUrl`, when left out. */
  relay?: string | undefined;
  /** How long, 1 to 31,622,400: 366 days. */
  seconds: number;
  /** Why, for `progress` and the events. */
  reason?: string | undefined;
}

export interface LimitRelayOptions {
  /** `default`, the relay of `smtpUrl`, when left out. */
  relay?: string | undefined;
  /** Such as `14/s,500/h,10000/day`, or `none`. */
  rates?: string | undefined;
  /** 1 to 10,000, or `none`. */
  connections?: number | 'none' | undefined;
}

export interface ListOptions {
  /** Only these. */
  status?: ShownStatus | undefined;
  /** Only sends older than this one: the next page. */
  before?: number | undefined;
  /** How many at most, 1 to 1000; 50 when left out. */
  limit?: number | undefined;
  /** Test mails too. */
  tests?: boolean | undefined;
}

/** What unknown recipients are to be, all of them or one. */
export interface ResolveOptions {
  as: 'sent' | 'pending' | 'failed';
  /** Only this one. */
  email?: string | undefined;
}

/** The relay's own log, of Postfix or Exim, that settles unknown recipients. */
export interface ResolveFromLogOptions {
  mailLog: Pieces;
  /** What those are to be whom the log covers and does not name; they stay unknown when it is left out. */
  absent?: 'pending' | undefined;
}

export interface RetryOptions {
  /** `failed` when left out; of the unknown some may get a second copy. */
  from?: 'failed' | 'unknown' | undefined;
  /** Only those answered with `4xx`, `5xx`, a code (`550`) or an enhanced one (`5.1.1`). */
  code?: string | number | undefined;
}

/** A private key that signs messages (DKIM); its public half must stand in DNS. */
export interface DkimKeyOptions {
  /** Whose mail it signs: what comes from it and, where that has no key of its own, from a domain below it. */
  domain: string;
  /** `news` for `news._domainkey.example.org`. */
  selector: string;
  /** In PEM: RSA of 1,024 bits at least (2,048 are advised), or Ed25519; without a passphrase. */
  key: string;
}

export interface RunSchedulerOptions {
  /** Each signs what comes from its domain, several of one domain all; without any nothing is signed. */
  dkim?: readonly DkimKeyOptions[] | undefined;
  /** Header fields that the relay changes, such as `Date`: they are not signed. */
  dkimSkipHeaders?: readonly string[] | undefined;
  /** `idle`: until no send is running any more; `once`: one batch of each send that is due; `stopped` when left out. */
  until?: 'idle' | 'once' | 'stopped' | undefined;
  /** Stops it: what is on the wire ends, then the promise is fulfilled. */
  signal?: AbortSignal | undefined;
  /** Told of all that it does. Where it throws, the scheduler stops as by the signal, and rejects with that. */
  onEvent?: ((event: SchedulerEvent) => void) | undefined;
  /** With `idle`: do not wait for recipients deferred for longer. */
  maxWaitSeconds?: number | undefined;
  /** SMTP connections, 1 to 1000; 8 when left out. */
  connections?: number | undefined;
  /** Reconnect after so many messages; never when left out. */
  messagesPerConnection?: number | undefined;
  /** Look for work this often; 5 when left out. */
  pollSeconds?: number | undefined;
  /** When stopped, let messages on the wire end for so long; 30 when left out. */
  drainSeconds?: number | undefined;
  /** As SESSION_TTL_SECONDS. */
  sessionTtlSeconds?: number | undefined;
  /** As CAMPAIGN_RETRY_FIRST_SECONDS. */
  retryFirstSeconds?: number | undefined;
  /** As CAMPAIGN_RETRY_MAX_SECONDS. */
  retryMaxSeconds?: number | undefined;
  /** As CAMPAIGN_MAX_SERVER_FAILURES. */
  maxServerFailures?: number | undefined;
  /** As CAMPAIGN_BACKOFF_MAX_SECONDS. */
  backoffMaxSeconds?: number | undefined;
  /** As CAMPAIGN_BLOCK_AFTER. */
  blockAfter?: number | undefined;
  /** As CAMPAIGN_HOLD_MAX_SECONDS. */
  holdMaxSeconds?: number | undefined;
  /** As CAMPAIGN_GIVE_UP_SECONDS. */
  giveUpSeconds?: number | undefined;
  /** As CAMPAIGN_MESSAGE_MEMORY_MB. */
  messageMemoryMb?: number | undefined;
  /** As CAMPAIGN_FILE_DAYS. */
  fileDays?: number | undefined;
}

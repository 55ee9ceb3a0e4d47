import type { DkimMode } from '../domain/dkim.js';
import type { LintRule } from '../domain/lint.js';
import type { RejectedLine } from '../domain/list-findings.js';
import type { OptionalHeaders } from '../domain/message-values.js';
import type { MissingMode } from '../domain/missing.js';
import type { ImportProgress, QueueFinding } from '../domain/queued.js';
import type { DkimKeyOptions } from './library-scheduler-types.js';
import type { Pieces } from './library-shared-types.js';

export type * from './library-scheduler-types.js';
export type * from './library-shared-types.js';
export type * from './library-steering-types.js';
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

import { SCHEDULER_LIMITS } from '../domain/scheduler-limits.js';

/** One setting: all that a reader of values, of documentation or of a line of `.env` has to know of it. */
export type Setting = Described &
  (
    | {
        kind: 'whole-number';
        min: number;
        max: number;
        default: number;
        /** The setting that it must not be below, by its key. */
        notBelow?: string;
      }
    /** As it is given; of a folder's path the absolute one. `default` is in words: what holds where it is not set. */
    | { kind: 'text' | 'file' | 'folder'; default?: string }
    /** On where it is 1; read from the environment alone. */
    | { kind: 'switch' }
  );

interface Described {
  /** Its name in the environment and in `.env`. */
  variable: string;
  /** What it means: plain text, without a full stop at its end, code between backticks. */
  help: string;
  /** Whether it may hold a password, and so is never shown. */
  secret?: true;
  /** Whether there may be several, each with another name behind it and an underscore between. */
  named?: true;
}

/**
 * Every setting by its key in `Settings`. A new one is a line here: its reader, its name in `.env` and its rows in the
 * documentation follow.
 */
export const SETTINGS = {
  databaseUrl: {
    variable: 'CAMPAIGN_DATABASE_URL',
    kind: 'text',
    secret: true,
    help: '`mysql://user:password@host:3306/database`. Several hosts, separated by commas: the first that can be written to is used, wherever it stands; one that goes away or becomes read-only is left for the next. `?socket=/path`, `?tls=off|verify|unverified`, `?tls-ca=/path`',
  },
  smtpUrl: {
    variable: 'CAMPAIGN_SMTP_URL',
    kind: 'text',
    secret: true,
    help: "`smtp://user:password@host:587` or `smtps://…:465` (without a port: 25, 465). `?tls=off|offered|verify|unverified`, `?tls-ca=/path`, `?name=` (EHLO), and nodemailer's `connectionTimeout`, `greetingTimeout`, `socketTimeout`, `dnsTimeout`, `localAddress`, `authMethod`",
  },
  databasePasswordFile: {
    variable: 'CAMPAIGN_DATABASE_PASSWORD_FILE',
    kind: 'file',
    // A password may have been set in place of its file's name.
    secret: true,
    default: "systemd's credential `campaign-database-password`",
    help: "a file that holds the database's password instead",
  },
  smtpPasswordFile: {
    variable: 'CAMPAIGN_SMTP_PASSWORD_FILE',
    kind: 'file',
    secret: true,
    default: "systemd's credential `campaign-smtp-password`",
    help: "a file that holds the SMTP server's password instead",
  },
  unsubscribeUrl: {
    variable: 'CAMPAIGN_UNSUBSCRIBE_URL',
    kind: 'text',
    help: 'where readers reach `campaign serve --public`, such as `https://news.example.org/u`: `queue` gives each recipient a link of it, unless `--unsubscribe-url` or `--list-unsubscribe` says otherwise',
  },
  dkimKeyFile: {
    variable: 'CAMPAIGN_DKIM_KEY_FILE',
    kind: 'file',
    // A key may have been set in place of its file's name.
    secret: true,
    named: true,
    default: "systemd's credential `campaign-dkim-key`",
    help: 'a file that holds a private key in PEM, RSA or Ed25519, which messages are signed with (`campaign help dkim`); further keys by a name of yours behind all three settings, as in `…_KEY_FILE_2`, `…_DOMAIN_2`, `…_SELECTOR_2`',
  },
  dkimDomain: {
    variable: 'CAMPAIGN_DKIM_DOMAIN',
    kind: 'text',
    named: true,
    help: 'whose mail that key signs: what comes from it and, where that has no key of its own, from a domain below it',
  },
  dkimSelector: {
    variable: 'CAMPAIGN_DKIM_SELECTOR',
    kind: 'text',
    named: true,
    help: 'under which name the public key stands in DNS: `news` for `news._domainkey.example.org`',
  },
  dkimSkipHeaders: {
    variable: 'CAMPAIGN_DKIM_SKIP_HEADERS',
    kind: 'text',
    default: '`Date, Message-ID` for a relay of amazonaws.com, which replaces them, else none',
    help: 'header fields that the relay changes, separated by commas: they are not signed',
  },
  lintIgnore: {
    variable: 'CAMPAIGN_LINT_IGNORE',
    kind: 'text',
    help: 'rules of `campaign lint` that are left out, with commas between (`campaign help lint`); `queue` leaves them out too',
  },
  dnsServers: {
    variable: 'CAMPAIGN_DNS_SERVERS',
    kind: 'text',
    default: "the system's",
    help: 'whom `lint --dns` asks: addresses of DNS servers, separated by commas, as in `192.0.2.53, [2001:db8::53]:5353`',
  },
  sessionTtlSeconds: {
    variable: 'SESSION_TTL_SECONDS',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.sessionTtlSeconds,
    help: 'how long a scheduler remembers an idle send',
  },
  retryFirstSeconds: {
    variable: 'CAMPAIGN_RETRY_FIRST_SECONDS',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.retryFirstSeconds,
    help: 'first wait of a deferred recipient',
  },
  retryMaxSeconds: {
    variable: 'CAMPAIGN_RETRY_MAX_SECONDS',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.retryMaxSeconds,
    notBelow: 'retryFirstSeconds',
    help: 'longest wait of a deferred recipient',
  },
  maxServerFailures: {
    variable: 'CAMPAIGN_MAX_SERVER_FAILURES',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.maxServerFailures,
    help: 'failures of the SMTP server in a row, with no success between, after which a send pauses itself',
  },
  backoffMaxSeconds: {
    variable: 'CAMPAIGN_BACKOFF_MAX_SECONDS',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.backoffMaxSeconds,
    help: 'longest backoff from a failing SMTP server',
  },
  blockAfter: {
    variable: 'CAMPAIGN_BLOCK_AFTER',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.blockAfter,
    help: 'identical refusals in a row after which a send pauses itself and takes them back; half as many of a block in a 4xx reply',
  },
  holdMaxSeconds: {
    variable: 'CAMPAIGN_HOLD_MAX_SECONDS',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.holdMaxSeconds,
    help: 'longest wait until a relay that told of a limit of its own is tried again',
  },
  giveUpSeconds: {
    variable: 'CAMPAIGN_GIVE_UP_SECONDS',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.giveUpSeconds,
    help: "a recipient refused for now while the SMTP server accepts nobody is tried on until so long after its send's begin and the last acceptance",
  },
  messageMemoryMb: {
    variable: 'CAMPAIGN_MESSAGE_MEMORY_MB',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.messageMemoryMb,
    help: 'megabytes that attachments and pictures may take in the memory of a scheduler; a message that needs more goes alone',
  },
  fileDays: {
    variable: 'CAMPAIGN_FILE_DAYS',
    kind: 'whole-number',
    ...SCHEDULER_LIMITS.fileDays,
    help: 'what the files of a send hold is removed from the database so many days after the send has ended',
  },
  stateDirectory: {
    variable: 'CAMPAIGN_STATE_DIR',
    kind: 'folder',
    default:
      '`$RUNTIME_DIRECTORY`, else `$XDG_RUNTIME_DIR/campaign`, else `~/.local/state/campaign`',
    help: 'where a scheduler keeps what its successor learns its end from: a folder of its user alone, on a local file system, not the temporary one',
  },
  sandboxDirectory: {
    variable: 'CAMPAIGN_SANDBOX_DIR',
    kind: 'folder',
    default: "the user's data folder, which a user without a home has not",
    help: 'where the sandbox keeps its data; give an absolute path',
  },
  debug: {
    variable: 'CAMPAIGN_DEBUG',
    kind: 'switch',
    help: 'set to 1, in the environment only, for stack traces of unexpected errors',
  },
} as const satisfies Record<string, Setting>;

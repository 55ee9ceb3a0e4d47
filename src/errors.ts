import { constants } from 'node:os';

/** Exit codes of every command; documented in the README. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  state: 4,
  database: 5,
  smtp: 6,
} as const;

/** Exit code of a command that a signal ended, as shells report it: 128 + the signal's number. */
export const signalExit = (signal: unknown): number =>
  128 + (constants.signals[signal as NodeJS.Signals] ?? constants.signals.SIGINT);

interface ErrorMeaning {
  /** Of {@link EXIT}. */
  readonly exit: number;
  /** For help, man page and README. */
  readonly means: string;
}

/** Every stable error code a `--json` caller can meet, with the exit code it brings. */
export const ERROR_CODES = {
  INTERNAL: { exit: EXIT.internal, means: 'a fault of campaign, or one that it does not know' },
  CONTRADICTION: { exit: EXIT.internal, means: 'the ledger contradicts the books' },
  USAGE: { exit: EXIT.usage, means: 'the command line is wrong' },
  BAD_LIST: { exit: EXIT.usage, means: 'the list cannot be read, or lacks what it must have' },
  BAD_TEMPLATE: { exit: EXIT.usage, means: 'a template does not parse, or names an unknown field' },
  BAD_ADDRESS: { exit: EXIT.usage, means: 'an address that was given is none' },
  BAD_SETTING: {
    exit: EXIT.usage,
    means: 'a setting or an option of the library is wrong or missing',
  },
  BAD_FILE: { exit: EXIT.usage, means: 'a file cannot be read or written' },
  CONFIRMATION_NEEDED: {
    exit: EXIT.usage,
    means: 'there was nobody to ask and no --yes, or the answer was no',
  },
  LINT_FOUND: {
    exit: EXIT.usage,
    means: '`lint --strict` found what is wrong with a message',
  },
  NO_SUCH_SEND: { exit: EXIT.notFound, means: 'there is no send of that number' },
  NO_SUCH_RECIPIENT: { exit: EXIT.notFound, means: 'the send has no recipient of that address' },
  NO_SUCH_RELAY: { exit: EXIT.notFound, means: 'there is no relay of that name' },
  WRONG_STATE: {
    exit: EXIT.state,
    means: 'the send, the recipient or the relay is not in a state for it',
  },
  NO_SCHEDULER: {
    exit: EXIT.state,
    means: 'no scheduler runs that would send test mails',
  },
  CANNOT_LISTEN: {
    exit: EXIT.state,
    means: 'the address that `serve` is to listen on is taken, or cannot be had',
  },
  DATABASE_UNREACHABLE: { exit: EXIT.database, means: 'the database does not answer' },
  DATABASE_REFUSED: {
    exit: EXIT.database,
    means: 'the database refuses the login, a right, or what its settings forbid',
  },
  SCHEMA_MISMATCH: {
    exit: EXIT.database,
    means: 'the tables are older or newer than this program',
  },
  NO_DATABASE_SERVER: {
    exit: EXIT.database,
    means: 'the sandbox finds no MySQL-compatible server program',
  },
  SMTP_UNREACHABLE: { exit: EXIT.smtp, means: 'the SMTP server was not to be reached' },
  RELAY_HELD: {
    exit: EXIT.smtp,
    means:
      'the SMTP server takes no more for now: it says so, or a rate that was set is used up; the sends go on by themselves',
  },
  SEND_PAUSED_ITSELF: { exit: EXIT.smtp, means: 'a send paused itself, and says why' },
  TEST_NOT_ACCEPTED: {
    exit: EXIT.smtp,
    means: 'the SMTP server did not accept a test mail, or not in time',
  },
} as const satisfies Record<string, ErrorMeaning>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One row of the table of exit codes, for help, man page and README. */
export interface ExitCode {
  readonly exits: readonly number[];
  readonly means: string;
  /** Errors that bring it. */
  readonly codes: readonly ErrorCode[];
}

const MEANINGS: readonly (readonly [exits: readonly number[], means: string])[] = [
  [[EXIT.ok], 'done'],
  [[EXIT.internal], 'a fault of ours, an unexpected one, or `verify` found a contradiction'],
  [[EXIT.usage], 'wrong usage or bad input'],
  [[EXIT.notFound], 'no such send, recipient or relay'],
  [[EXIT.state], 'not possible in this state'],
  [[EXIT.database], 'database unreachable, refuses us, or has another schema'],
  [
    [EXIT.smtp],
    'SMTP server unreachable or refuses us (`run-scheduler --once`, `--until-idle`; `test`)',
  ],
  [
    ['SIGHUP', 'SIGINT', 'SIGTERM'].map(signalExit),
    'interrupted: a question, and nothing was changed; `queue` while it imported, and its send is cancelled; `sandbox start`, and what it started is stopped; what only shows something, at once; anything else at once by a second signal',
  ],
];

/** Every exit code. */
export const EXIT_CODES: readonly ExitCode[] = MEANINGS.map(([exits, means]) => ({
  exits,
  means,
  codes: (Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) =>
    exits.includes(ERROR_CODES[code].exit),
  ),
}));

/**
 * An error a person can act on: `message` says what is wrong and names the input, `remedy` says what to do about it.
 * Its exit code follows from `code`, or from the signal that caused it; nobody else picks one.
 */
export class CampaignError extends Error {
  readonly exitCode: number;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy?: string,
    options?: ErrorOptions & { signal?: unknown },
  ) {
    super(message, options);
    this.name = 'CampaignError';
    this.exitCode =
      options?.signal === undefined ? ERROR_CODES[code].exit : signalExit(options.signal);
  }
}

/** Whether the database cannot serve us now, but may again: a running scheduler waits for it. */
export const isDatabaseOutage = (error: unknown): error is CampaignError =>
  error instanceof CampaignError && error.code === 'DATABASE_UNREACHABLE';

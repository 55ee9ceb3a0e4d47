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

/** Every stable error code a `--json` caller can meet, with the exit code it brings. */
const CODES = {
  INTERNAL: EXIT.internal,
  CONTRADICTION: EXIT.internal,
  USAGE: EXIT.usage,
  BAD_LIST: EXIT.usage,
  BAD_TEMPLATE: EXIT.usage,
  BAD_ADDRESS: EXIT.usage,
  BAD_SETTING: EXIT.usage,
  BAD_FILE: EXIT.usage,
  CONFIRMATION_NEEDED: EXIT.usage,
  NO_SUCH_SEND: EXIT.notFound,
  NO_SUCH_RECIPIENT: EXIT.notFound,
  WRONG_STATE: EXIT.state,
  DATABASE_UNREACHABLE: EXIT.database,
  DATABASE_REFUSED: EXIT.database,
  SCHEMA_MISMATCH: EXIT.database,
  NO_DATABASE_SERVER: EXIT.database,
  SMTP_UNREACHABLE: EXIT.smtp,
  SEND_PAUSED_ITSELF: EXIT.smtp,
} as const;

export type ErrorCode = keyof typeof CODES;

/**
 * An error a person can act on: `message` says what is wrong and names the input,
 * `remedy` says what to do about it. Only `main` turns it into an exit code.
 */
export class CampaignError extends Error {
  readonly exitCode: number;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy?: string,
    options?: ErrorOptions & { exitCode?: number },
  ) {
    super(message, options);
    this.name = 'CampaignError';
    this.exitCode = options?.exitCode ?? CODES[code];
  }
}

/** Whether the database cannot serve us now, but may again: a running scheduler waits for it. */
export const isDatabaseOutage = (error: unknown): error is CampaignError =>
  error instanceof CampaignError && error.code === 'DATABASE_UNREACHABLE';

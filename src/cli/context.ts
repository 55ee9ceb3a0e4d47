import type { Settings } from '../config/settings.js';
import type { Workspace } from '../operations/workspace.js';

/** The world outside a command line, so that commands are testable and never exit. */
export interface Outside {
  /** Settings from environment, .env and sandbox; read at first use, frozen. */
  settings(): Settings;
  /** Settings without those of `.env`, for completion: who presses TAB has not chosen to trust the folder they are in. */
  environmentSettings(): Settings;
  /** What operations work on: the database that the settings name; closed by `main` at the end. */
  readonly workspace: Workspace;
  /** Data goes here, and nothing else. */
  readonly stdout: NodeJS.WriteStream;
  /** Everything that is not data: progress bars, notices, prompts, logs. */
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /**
   * From this call on the first SIGINT, SIGTERM or SIGHUP does not end the process: it aborts what is returned, with
   * the signal's name as reason, and the command ends by itself.
   */
  heedSignals(): AbortSignal;
  /** Whether data on stdout may be coloured: a terminal, and NO_COLOR is not set. */
  readonly color: boolean;
  /** Whether the terminal can do no more than show lines (TERM=dumb): no cursor to move, no colour. */
  readonly dumb: boolean;
}

/** What a command gets beside its input. */
export interface Context extends Outside {
  /** Whether its value is printed as JSON. */
  readonly json: boolean;
  /** Whether it is not to ask. */
  readonly yes: boolean;
  /** Keys of the options that were typed. */
  readonly given: ReadonlySet<string>;
  /** Tells people something on stderr; a program that reads JSON learns it from the value. */
  notice(text: string): void;
  /** Tells whoever called something on stderr. */
  warn(text: string): void;
  /**
   * Asks before what cannot be undone, unless --yes was given.
   * @throws CampaignError CONFIRMATION_NEEDED off a terminal, and when the answer is no
   */
  confirm(consequence: string): Promise<void>;
}

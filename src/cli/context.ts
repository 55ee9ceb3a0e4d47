import type { Settings } from '../config/settings.js';
import type { Workspace } from '../operations/workspace.js';

/** What a command gets from `main`: the outside world, so that commands are testable and never exit. */
export interface Context {
  /** Settings from flags, environment, .env and sandbox; read at first use, frozen. */
  settings(): Settings;
  /** What operations work on: the database that the settings name; closed by `main` at the end. */
  workspace: Workspace;
  /** Data goes here, and nothing else. */
  stdout: NodeJS.WriteStream;
  /** Everything that is not data: progress bars, notices, prompts, logs. */
  stderr: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP, with the signal's name as reason. */
  signal: AbortSignal;
  /** Sets the exit code of a command that ends normally but has something to report. */
  setExitCode(code: number): void;
  /** Whether data on stdout may be coloured: a terminal, and NO_COLOR is not set. */
  color?: boolean;
  /** Whether the terminal can do no more than show lines (TERM=dumb): no cursor to move, no colour. */
  dumb?: boolean;
}

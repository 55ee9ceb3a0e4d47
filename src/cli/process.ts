import { CampaignError, EXIT, signalExit } from '../errors.js';
import type { Outside } from './context.js';

/** The streams of a command line; a test brings its own. */
export interface Streams {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The process while it runs one command line: its signals, and an output that nobody reads or that cannot be written.
 * Ends the process itself only for a second signal, for a first one that the command does not heed, and when nobody
 * reads its output any more.
 */
export class CommandProcess {
  private readonly abort = new AbortController();
  private outputError: Error | undefined;
  private heedsSignals = false;

  constructor(
    private readonly streams: Streams,
    private readonly dumb: boolean,
  ) {
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
    streams.stdout.on('error', this.onOutputError);
    streams.stderr.on('error', ignore);
  }

  readonly heedSignals: Outside['heedSignals'] = () => {
    this.heedsSignals = true;
    return this.abort.signal;
  };

  /**
   * Resolves when all output has been written.
   * @throws CampaignError BAD_FILE when it could not be
   */
  async written(): Promise<void> {
    await new Promise((resolve) => this.streams.stdout.write('', resolve));
    if (!this.outputError) return;
    throw new CampaignError(
      'BAD_FILE',
      `the output cannot be written: ${this.outputError.message}`,
      'make room, or write it elsewhere; what the command did stays done, as `campaign list` shows',
    );
  }

  /** Leaves the signals alone again. The output's listeners stay: a broken pipe may show after the last write. */
  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
    if (this.abort.signal.reason === 'SIGHUP' && this.streams.stdin.isTTY) dieOfHangup();
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const again = this.abort.signal.aborted;
    if (this.heedsSignals && !again) {
      this.abort.abort(signal);
      return;
    }
    // A closed terminal may say so twice.
    if (signal === 'SIGHUP' && again) return;
    if (signal === 'SIGHUP') {
      process.off('SIGHUP', this.onSignal);
      dieOfHangup();
      return;
    }
    // A question or a bar may have hidden the cursor, and has pastes marked, a bar turned off the breaking of lines.
    const { stderr } = this.streams;
    if (stderr.isTTY && !this.dumb) stderr.write('\x1b[?25h\x1b[?7h\x1b[?2004l');
    process.exit(signalExit(signal));
  };

  /** Nobody reads any more (`… | head`): end as if all had been read. */
  private readonly onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') {
      this.outputError ??= error;
      return;
    }
    if (!this.heedsSignals) process.exit(EXIT.ok);
    this.abort.abort('EPIPE');
  };
}

const ignore = (): void => undefined;

/** An exit of Node's own would set a terminal back that is gone, and abort. */
const dieOfHangup = (): boolean => process.kill(process.pid, 'SIGHUP');

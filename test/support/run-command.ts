import { PassThrough, Writable } from 'node:stream';
import { main } from '../../src/main.ts';

class Capture extends Writable {
  text = '';
  columns = 120;

  constructor(readonly isTTY: boolean) {
    super();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface CommandOptions {
  /** CAMPAIGN_DATABASE_URL. */
  url?: string;
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  /** Whether stdin, stdout and stderr are terminals. */
  terminal?: boolean;
  cwd?: string;
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command line that is running in this process, and what it has printed so far. */
export interface RunningCommand {
  readonly stdout: string;
  readonly stderr: string;
  /** Types keys. */
  type(keys: string): void;
  ended: Promise<CommandResult>;
}

export function startCommand(
  args: readonly string[],
  options: CommandOptions = {},
): RunningCommand {
  const terminal = options.terminal ?? false;
  const stdout = new Capture(terminal);
  const stderr = new Capture(terminal);
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal, setRawMode: () => stdin });
  if (!terminal) stdin.end(options.stdin ?? '');
  const ended = main(args, {
    env: { ...(options.url ? { CAMPAIGN_DATABASE_URL: options.url } : {}), ...options.env },
    cwd: options.cwd ?? '/',
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
  }).then((code) => ({ code, stdout: stdout.text, stderr: stderr.text }));
  return {
    get stdout() {
      return stdout.text;
    },
    get stderr() {
      return stderr.text;
    },
    type: (keys) => void stdin.write(keys),
    ended,
  };
}

/** Runs a command line to its end. */
export const runCommand = (
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> => startCommand(args, options).ended;

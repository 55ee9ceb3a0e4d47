import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { freePort } from '../../src/sandbox/server.ts';
import type { Refusal, RelaySettings, RelayStage } from '../support/relay-limits.ts';

/** A line of the truth: what the SMTP server did, in its own order. `at` is Unix time in milliseconds. */
export type TruthEntry = { at: number } & (
  | {
      kind: 'accepted';
      recipient: string;
      messageId: string;
      /** Its first line. */
      subject: string;
      queueId: string;
      client: string;
    }
  /** A recipient, or a message for it, was answered otherwise than with a yes, by these words. */
  | { kind: 'refused'; recipient: string; words: string }
  /** The line was cut between a final dot and its reply. */
  | { kind: 'dot-cut'; recipient: string }
  /** A MAIL command; `monotonic`: when it came, in milliseconds by the machine's clock that only goes on. */
  | { kind: 'started'; client: string; monotonic: number }
  /** Refused by a limit of the relay's. */
  | { kind: 'limited'; stage: RelayStage; recipient: string | null; reply: string }
  /** A body came although its recipient was refused. */
  | { kind: 'body-for-nobody'; client: string }
);

export type Accepted = Extract<TruthEntry, { kind: 'accepted' }>;

/** How the SMTP server behaves: its misbehaviour, and its limits while they are reached. */
export interface Weather {
  stormy: boolean;
  quota: Refusal | null;
  connections: RelaySettings['connections'] | null;
}

const SOURCES = {
  'chaos/truth-server': new URL('truth-server.ts', import.meta.url),
  'support/relay-limits': new URL('../support/relay-limits.ts', import.meta.url),
};

/** The SMTP server's process, which can be killed and started again on the same port. */
export class TruthServer {
  private child: ChildProcess | undefined;
  private weather: Weather = { stormy: false, quota: null, connections: null };

  private constructor(
    private readonly program: string,
    private readonly file: string,
    private readonly messages: string,
    readonly port: number,
    private readonly seed: number,
  ) {}

  static async start(directory: string, seed: number): Promise<TruthServer> {
    const program = join(directory, 'chaos/truth-server.js');
    for (const [name, source] of Object.entries(SOURCES)) {
      const { outputText } = ts.transpileModule(readFileSync(fileURLToPath(source), 'utf8'), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          rewriteRelativeImportExtensions: true,
        },
      });
      mkdirSync(join(directory, dirname(name)), { recursive: true });
      writeFileSync(join(directory, `${name}.js`), outputText);
    }
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    const file = join(directory, 'truth.jsonl');
    const messages = join(directory, 'messages');
    const server = new TruthServer(program, file, messages, await freePort(), seed);
    server.forget();
    await server.restart();
    return server;
  }

  async restart(): Promise<void> {
    const { file, messages, port, seed, weather } = this;
    const child = spawn(
      process.execPath,
      [this.program, JSON.stringify({ file, messages, port, seed, ...weather })],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.child = child;
    // A line to one that has just been killed: the next one is started with what it says.
    child.stdin.on('error', () => undefined);
    await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data'),
      once(child, 'exit').then(() => {
        throw new Error('the SMTP server of the chaos rounds did not start');
      }),
    ]);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  change(weather: Partial<Weather>): void {
    this.weather = { ...this.weather, ...weather };
    this.child?.stdin?.write(`${JSON.stringify(this.weather)}\n`);
  }

  /** Everything since the start, over all its lives. */
  entries(): TruthEntry[] {
    return readFileSync(this.file, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as TruthEntry);
  }

  /** An accepted message as it came. */
  messageOf(queueId: string): Buffer {
    return readFileSync(join(this.messages, queueId));
  }

  forget(): void {
    writeFileSync(this.file, '');
    rmSync(this.messages, { recursive: true, force: true });
    mkdirSync(this.messages);
  }
}

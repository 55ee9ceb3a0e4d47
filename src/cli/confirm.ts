import { createInterface, type Key } from 'node:readline';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CampaignError } from '../errors.js';
import type { Context } from './context.js';
import { CTRL_C, CTRL_Z, onKeys } from './keys.js';
import { onSuspend } from './suspend.js';

type Asked = Pick<Context, 'stdin' | 'stderr' | 'dumb'>;

/** Whether there is somebody to see a question, which goes to stderr, and to answer it. */
export const canAsk = ({ stdin, stderr }: Pick<Context, 'stdin' | 'stderr'>): boolean =>
  stdin.isTTY === true && stderr.isTTY === true;

/**
 * Asks before what cannot be undone, where somebody can answer.
 * @throws CampaignError CONFIRMATION_NEEDED off a terminal, and when the answer is no
 */
export async function confirm(context: Asked, consequence: string): Promise<void> {
  if (!canAsk(context)) {
    throw new CampaignError(
      'CONFIRMATION_NEEDED',
      consequence,
      'add --yes if that is what you want',
    );
  }
  if (!(await ask(context, `${consequence}. Go on?`))) {
    throw new CampaignError('CONFIRMATION_NEEDED', 'nothing was changed');
  }
}

/**
 * Asks on a terminal; no is the default.
 * @param signal interrupts the question
 * @throws CampaignError CONFIRMATION_NEEDED at Ctrl-C, which raw mode makes a mere key, and at the signal
 */
export async function ask(context: Asked, message: string, signal?: AbortSignal): Promise<boolean> {
  const stopped = await discardTypedAhead(context.stdin);
  if (stopped || signal?.aborted) throw interrupted(signal);
  return context.dumb ? askForLine(context, message, signal) : askForKey(context, message, signal);
}

const interrupted = (signal: AbortSignal | undefined): CampaignError =>
  new CampaignError('CONFIRMATION_NEEDED', 'interrupted: nothing was changed', undefined, {
    signal: signal?.aborted ? signal.reason : 'SIGINT',
  });

const PRESS_CTRL_C: Key = { name: 'c', ctrl: true };
const DRAW_ANEW: Key = { name: 'g', ctrl: true };
/** Keys by the names that `prompts` knows them by. */
const NAMES: Record<string, Key> = {
  [CTRL_C]: PRESS_CTRL_C,
  '\x04': { name: 'd', ctrl: true },
  '\x1b': { name: 'escape' },
  '\r': { name: 'return' },
  '\n': { name: 'enter' },
};

async function askForKey(
  { stdin, stderr }: Asked,
  message: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { default: prompts } = await import('prompts');
  // A stream of keys alone, for of a paste `prompts` would take the first y or n for an answer.
  const keys = new PassThrough();
  const press = (key: Key, character = ''): boolean => keys.emit('keypress', character, key);
  const listen = (): (() => void) =>
    onKeys(stdin, stderr, (key) => {
      if (key === CTRL_Z) suspension.suspend();
      else press(NAMES[key] ?? { name: key }, key);
    });
  let release = listen();
  const suspension = onSuspend(
    () => {
      release();
      stderr.write('\x1b[?25h\n');
    },
    () => {
      release = listen();
      stderr.write('\x1b[?25l');
      press(DRAW_ANEW);
    },
  );
  // A key is all that ends a prompt of `prompts`.
  const interrupt = (): boolean => press(PRESS_CTRL_C);
  signal?.addEventListener('abort', interrupt);
  try {
    const { confirmed } = await prompts(
      {
        type: 'confirm',
        name: 'confirmed',
        message,
        initial: false,
        stdin: keys as unknown as NodeJS.ReadStream,
        stdout: stderr,
      },
      {
        onCancel: () => {
          throw interrupted(signal);
        },
      },
    );
    return confirmed === true;
  } finally {
    signal?.removeEventListener('abort', interrupt);
    suspension.end();
    release();
  }
}

/** Where no cursor can be moved: a line is the answer, and its end without one a no. */
async function askForLine(
  context: Asked,
  message: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const answer = await readLine(context, `${message} (y/N) `, signal);
  return /^\s*y(es)?\s*$/i.test(answer ?? '');
}

/**
 * Asks on a terminal which of several it is, until the answer is the number of one.
 * @returns its index
 * @throws CampaignError CONFIRMATION_NEEDED as `ask`, and when there is no answer
 */
export async function choose(
  context: Asked,
  message: string,
  choices: readonly string[],
  signal?: AbortSignal,
): Promise<number> {
  const stopped = await discardTypedAhead(context.stdin);
  if (stopped || signal?.aborted) throw interrupted(signal);
  context.stderr.write(
    `${message}\n${choices.map((choice, index) => `  ${index + 1}  ${choice}\n`).join('')}`,
  );
  for (;;) {
    const answer = await readLine(context, `Number (1 to ${choices.length}): `, signal);
    if (answer === null || answer.trim() === '') {
      throw new CampaignError('CONFIRMATION_NEEDED', 'none was chosen: nothing was changed');
    }
    const index = Number(answer) - 1;
    if (choices[index] !== undefined) return index;
  }
}

/** A line typed on a terminal; null at the end of its input. */
async function readLine(
  { stdin, stderr }: Asked,
  question: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (signal?.aborted) throw interrupted(signal);
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  const close = (): void => lines.close();
  signal?.addEventListener('abort', close);
  try {
    const answer = await new Promise<string | null>((resolve) => {
      lines.once('close', () => resolve(null));
      lines.question(question, resolve);
    });
    if (signal?.aborted) throw interrupted(signal);
    return answer;
  } finally {
    signal?.removeEventListener('abort', close);
    lines.close();
  }
}

/** What a terminal holds after this time was typed after the question. */
const TYPED_AHEAD_MS = 50;

/**
 * A key pressed while the command was busy is no answer to a question that had not been asked.
 * @returns whether one of them was Ctrl-C, which raw mode makes a mere key
 */
async function discardTypedAhead(stdin: NodeJS.ReadStream): Promise<boolean> {
  let stopped = false;
  const discard = (keys: Buffer | string): void => {
    stopped ||= keys.toString().includes('\x03');
  };
  stdin.setRawMode(true);
  stdin.on('data', discard);
  await sleep(TYPED_AHEAD_MS);
  stdin.off('data', discard);
  stdin.pause();
  stdin.setRawMode(false);
  return stopped;
}

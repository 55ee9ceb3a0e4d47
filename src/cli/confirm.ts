import { setTimeout as sleep } from 'node:timers/promises';
import { CampaignError, signalExit } from '../errors.js';
import type { Context } from './context.js';

/** Whether there is somebody to see a question, which goes to stderr, and to answer it. */
export const canAsk = ({ stdin, stderr }: Pick<Context, 'stdin' | 'stderr'>): boolean =>
  stdin.isTTY === true && stderr.isTTY === true;

/**
 * Asks before what cannot be undone, where somebody can answer.
 * @throws CampaignError CONFIRMATION_NEEDED off a terminal without `--yes`, and when the answer is no
 */
export async function confirm(
  context: Pick<Context, 'stdin' | 'stderr'>,
  consequence: string,
  yes: boolean | undefined,
): Promise<void> {
  if (yes) return;
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
 * @throws CampaignError CONFIRMATION_NEEDED with the exit code of SIGINT at Ctrl-C, which raw mode makes a mere key, or
 * with that of the signal
 */
export async function ask(
  context: Pick<Context, 'stdin' | 'stderr'>,
  message: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { default: prompts } = await import('prompts');
  const stopped = await discardTypedAhead(context.stdin);
  const interrupted = (): CampaignError =>
    new CampaignError('CONFIRMATION_NEEDED', 'interrupted: nothing was changed', undefined, {
      exitCode: signalExit(signal?.aborted ? signal.reason : 'SIGINT'),
    });
  if (stopped || signal?.aborted) throw interrupted();
  // A key is all that ends a prompt of `prompts`.
  const interrupt = (): boolean =>
    context.stdin.emit('keypress', '\x03', { name: 'c', ctrl: true });
  signal?.addEventListener('abort', interrupt);
  try {
    const { confirmed } = await prompts(
      {
        type: 'confirm',
        name: 'confirmed',
        message,
        initial: false,
        stdin: context.stdin,
        stdout: context.stderr,
      },
      {
        onCancel: () => {
          throw interrupted();
        },
      },
    );
    return confirmed === true;
  } finally {
    signal?.removeEventListener('abort', interrupt);
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

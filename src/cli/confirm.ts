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
 * @throws CampaignError CONFIRMATION_NEEDED with the exit code of SIGINT at Ctrl-C, which raw mode makes a mere key
 */
export async function ask(
  context: Pick<Context, 'stdin' | 'stderr'>,
  message: string,
): Promise<boolean> {
  const { default: prompts } = await import('prompts');
  let cancelled = false;
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
        cancelled = true;
      },
    },
  );
  if (cancelled) {
    throw new CampaignError('CONFIRMATION_NEEDED', 'interrupted: nothing was changed', undefined, {
      exitCode: signalExit('SIGINT'),
    });
  }
  return confirmed === true;
}

import { CampaignError } from '../errors.js';
import type { Context } from './context.js';

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
  if (!context.stdin.isTTY || !context.stderr.isTTY) {
    throw new CampaignError(
      'CONFIRMATION_NEEDED',
      consequence,
      'add --yes if that is what you want',
    );
  }
  const { default: prompts } = await import('prompts');
  const { confirmed } = await prompts({
    type: 'confirm',
    name: 'confirmed',
    message: `${consequence}. Go on?`,
    initial: false,
    stdin: context.stdin,
    stdout: context.stderr,
  });
  if (confirmed !== true) throw new CampaignError('CONFIRMATION_NEEDED', 'nothing was changed');
}

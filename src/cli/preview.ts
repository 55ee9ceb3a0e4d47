import type { Preview } from '../domain/preview.js';
import { CampaignError } from '../errors.js';
import { previewList, previewSend } from '../operations/preview.js';
import type { Given } from './command.js';
import type { messageOptions } from './commands/message-options.js';
import queue from './commands/queue.js';
import type { Context } from './context.js';
import { completed, requireNone } from './given.js';
import { withMessageSource } from './message-source.js';
import { queueOptions } from './queue-options.js';
import { queueRequest, tell } from './queue-run.js';
import type { ShownPreview } from './results.js';

/** Whose message is shown, and how. */
interface PreviewInput {
  id: number | undefined;
  row: number | undefined;
  email: string | undefined;
  as: 'text' | 'eml' | 'html';
  open: boolean;
}

/**
 * Shows one recipient's message: of a send or, where none is named, of what the options of `queue` say.
 * @throws CampaignError USAGE, and as `previewSend` and `previewList`
 */
export async function previewMail(
  { id, row, email, as, open }: PreviewInput,
  given: Given<typeof messageOptions>,
  context: Context,
): Promise<ShownPreview | undefined> {
  if (open && context.stdout.isTTY !== true) {
    throw new CampaignError(
      'USAGE',
      '--open goes with a terminal only',
      'without one take --as html or --as eml, and write that to a file',
    );
  }
  const choice = { row, email };
  let preview: Preview;
  if (id === undefined)
    preview = await previewList(await requestOf(given, context), choice, told(context));
  else {
    requireNone(id, given);
    preview = await previewSend(context.workspace, { id, ...choice });
  }
  if (open) {
    const { openPreview } = await import('./open-preview.js');
    context.notice(await openPreview(preview));
    return undefined;
  }
  if (as === 'html' && preview.html === null && !context.json) {
    throw new CampaignError('USAGE', 'the message has no HTML', 'take --as text or --as eml');
  }
  return { preview, as };
}

/**
 * What the options of `queue` ask for that were given in place of a send's number.
 * @throws CampaignError USAGE for what is missing, and as `queueOptions` and `queueRequest`
 */
export async function requestOf(typed: Given<typeof messageOptions>, context: Context) {
  const { input, source } = await withMessageSource(
    typed,
    (key) => context.given.has(key),
    queue.options,
    context.warn,
  );
  const options = queueOptions(completed(queue.options, input), true, context.settings(), source);
  return queueRequest(options, context.stdin);
}

/** Who is told of list and message. */
export function told(context: Context) {
  const { notice, warn } = context;
  return {
    signal: context.heedSignals(),
    onFinding: (finding: Parameters<typeof tell>[0]) =>
      tell(finding, { onRejected: () => undefined, onNotice: notice, onWarning: warn }),
  };
}

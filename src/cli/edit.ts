import type { Progress } from '../domain/progress.js';
import { CampaignError } from '../errors.js';
import { edit } from '../operations/edit.js';
import type { Given } from './command.js';
import type { messageValueOptions } from './commands/message-options.js';
import type { Context } from './context.js';
import { flagOf } from './flags.js';
import { givenMessage } from './given-message.js';
import { told } from './preview.js';
import { Ending } from './results.js';

/** `replyTo` of `reply-to`. */
const keyOf = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Changes the message of a paused send, and tells what is different now.
 * @param remove names of what the message is to be without
 * @throws CampaignError USAGE where nothing is to be changed, and as `edit`
 */
export async function editMessage(
  id: number,
  given: Given<typeof messageValueOptions>,
  remove: readonly string[],
  context: Context,
): Promise<Ending<Progress>> {
  const change = await givenMessage(given, context);
  for (const name of remove) {
    const key = keyOf(name);
    if (Object.hasOwn(change, key) || (key === 'header' && change.headers)) {
      throw new CampaignError(
        'USAGE',
        `${flagOf(key)} is given, and to be removed`,
        `leave one of them out`,
      );
    }
    Object.assign(change, key === 'header' ? { headers: [] } : { [key]: null });
  }
  if (Object.keys(change).length === 0) {
    throw new CampaignError(
      'USAGE',
      'nothing is to be changed',
      'give what is to be different, such as --subject or --html',
    );
  }
  const { values, textStays, progress } = await edit(
    context.workspace,
    { id, change },
    { ...told(context), now: () => performance.now() },
  );
  if (textStays) {
    context.warn(
      'the text part stays as it was: give --text too, or --remove text to have it made from the HTML',
    );
  }
  const words = values.map((key) => (key === 'headers' ? 'header' : flagOf(key).slice(2)));
  return new Ending(progress, {
    aside: () =>
      words.length === 0
        ? `send ${id} has that already: nothing was changed`
        : `changed ${words.join(', ')}: version ${progress.send.version}; \`campaign resume ${id}\` goes on with it`,
  });
}

import type { LintFinding } from '../domain/lint.js';
import type { Progress } from '../domain/progress.js';
import { CampaignError } from '../errors.js';
import { edit } from '../operations/edit.js';
import { lintSend } from '../operations/lint.js';
import { lintNotice } from '../view/lint.js';
import type { Given } from './command.js';
import type { messageValueOptions } from './commands/message-options.js';
import type { Context } from './context.js';
import { flagOf } from './flags.js';
import { givenMessage } from './given-message.js';
import { relayHost } from './lint.js';
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
  const before = await lintOf(id, context);
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
  if (values.length > 0) {
    // The edit is done, whatever keeps it from being looked at.
    const after = await lintOf(id, context).catch(() => before);
    tellOfLint(before, after, context.notice);
  }
  const words = values.map((key) => (key === 'headers' ? 'header' : flagOf(key).slice(2)));
  return new Ending(progress, {
    aside: () =>
      words.length === 0
        ? `send ${id} has that already: nothing was changed`
        : `changed ${words.join(', ')}: version ${progress.send.version}; \`campaign resume ${id}\` goes on with it`,
  });
}

/** What is wrong with the message of a send as it is now. */
async function lintOf(id: number, { settings, workspace }: Context) {
  const read = settings();
  const how = { ignore: read.lintIgnore(), relay: relayHost(read) };
  try {
    return (await lintSend(workspace, id, how)).findings;
  } catch (error) {
    if (error instanceof CampaignError && error.code === 'NO_SUCH_RECIPIENT') return [];
    throw error;
  }
}

/** Says what the edit brought, before it goes out. */
function tellOfLint(
  before: readonly LintFinding[],
  after: readonly LintFinding[],
  notice: Context['notice'],
): void {
  const known = new Set(before.map(({ rule, message }) => `${rule} ${message}`));
  const brought = after.filter(({ rule, message }) => !known.has(`${rule} ${message}`));
  if (brought.length > 0) notice(lintNotice(brought));
}

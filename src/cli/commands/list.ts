import { SHOWN_STATUSES } from '../../domain/send.js';
import { defineCommand } from '../command.js';
import { choice, flag, sendOption, wholeNumber } from '../readers.js';
import { Ending } from '../results.js';

export default defineCommand({
  name: 'list',
  summary: 'show the sends, the newest first',
  options: {
    status: choice(SHOWN_STATUSES, { help: 'only these' }),
    before: sendOption({ help: 'only sends older than this one: the next page' }),
    limit: wholeNumber({ min: 1, max: 1000, help: 'how many at most', fallback: 50 }),
    tests: flag('test mails too'),
  },
  prints: 'list',
  json: 'print an array of what `progress --json` prints',
  errors: [],
  examples: [
    ['campaign list --status running', 'what is going out now, or would if a scheduler ran'],
    ['campaign list --limit 10 --before 42', 'ten sends older than 42'],
  ],
  run: async ({ status, before, limit, tests }, context) => {
    const { list } = await import('../../operations/list.js');
    const sends = await list(context.workspace, { status, before, limit, tests });
    const last = sends.at(-1);
    const only = `${tests ? ' --tests' : ''}${status === undefined ? '' : ` --status ${status}`}`;
    return new Ending(sends, {
      aside: () =>
        last && sends.length === limit
          ? `older ones: campaign list${only} --limit ${limit} --before ${last.send.id}`
          : null,
    });
  },
});

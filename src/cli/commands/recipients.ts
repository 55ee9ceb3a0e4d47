import { parseCursor, type RecipientPage } from '../../domain/recipient-page.js';
import { RECIPIENT_STATUSES } from '../../domain/states.js';
import { defineCommand } from '../command.js';
import type { Context } from '../context.js';
import { choice, custom, flag, mustBe, sendId, wholeNumber } from '../readers.js';
import { Ending } from '../results.js';

const STREAM_PAGE = 2000;

export default defineCommand({
  name: 'recipients',
  summary: "show a send's recipients and what became of each",
  arguments: { id: sendId },
  options: {
    status: choice(RECIPIENT_STATUSES, { help: 'only these' }),
    after: custom(
      { placeholder: 'cursor', help: 'the next page: `next` of the one before' },
      (text) => {
        const position = parseCursor(text);
        if (position) return position;
        throw mustBe('the cursor that the page before ended with');
      },
    ),
    limit: wholeNumber({ min: 1, max: 10_000, help: 'rows of a page', fallback: 100 }),
    all: flag('all rows, as a stream; --limit does not count'),
    csv: flag('print CSV', { conflicts: ['json'] }),
  },
  prints: 'recipients',
  json: 'print {"recipients": […], "next"}',
  errors: ['NO_SUCH_SEND'],
  examples: [
    ['campaign recipients 42 --status failed', 'whom the server refused, and in which words'],
    ['campaign recipients 42 --all --csv > outcomes.csv', 'everybody, for a spreadsheet'],
  ],
  run: async ({ id, status, after, limit, all, csv }, context) => {
    const { recipients } = await import('../../operations/recipients.js');
    await tellOfHold(id, context);
    const page = all ? STREAM_PAGE : limit;
    const pages = recipients(context.workspace, { id, status, after, limit: page });
    let next: string | null = null;
    async function* shown(): AsyncGenerator<RecipientPage> {
      for await (const shownPage of pages) {
        next = shownPage.next;
        yield shownPage;
        if (!all) return;
      }
    }
    const given = [
      ...(status === undefined ? [] : [`--status ${status}`]),
      ...(csv ? ['--csv'] : []),
      `--limit ${page}`,
    ];
    return new Ending(
      { pages: shown(), csv, endless: all },
      {
        aside: () => next && `more: campaign recipients ${id} ${given.join(' ')} --after ${next}`,
      },
    );
  },
});

/** Why those still pending are not sent, above them, for people. */
async function tellOfHold(id: number, { workspace, stdout, json, notice }: Context): Promise<void> {
  if (json || !stdout.isTTY) return;
  const [{ progress }, { printable }] = await Promise.all([
    import('../../operations/progress.js'),
    import('../../view/printable.js'),
  ]);
  const { waiting } = await progress(workspace, { id });
  if (waiting?.for === 'quota' || waiting?.for === 'rate') notice(printable(waiting.text));
}

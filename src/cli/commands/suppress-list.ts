import {
  formatSuppressionCursor,
  parseSuppressionCursor,
  type SuppressionKey,
  type SuppressionPage,
} from '../../domain/suppression.js';
import { defineCommand } from '../command.js';
import { custom, flag, mustBe, suppressionFilter, wholeNumber } from '../readers.js';
import { Ending } from '../results.js';

const STREAM_PAGE = 2000;

export default defineCommand({
  name: 'suppress list',
  summary: 'show who must not be mailed, and why',
  options: {
    ...suppressionFilter,
    after: custom(
      { placeholder: 'cursor', help: 'the next page: `next` of the one before' },
      (text) => {
        const key = parseSuppressionCursor(text);
        if (key) return key;
        throw mustBe('the cursor that the page before ended with');
      },
    ),
    limit: wholeNumber({ min: 1, max: 10_000, help: 'entries of a page', fallback: 100 }),
    all: flag('all entries, as a stream; --limit does not count'),
    csv: flag('print CSV', { conflicts: ['json'] }),
  },
  prints: 'suppressions',
  json: 'print {"suppressions": […], "next"}',
  errors: [],
  examples: [
    ['campaign suppress list --source smtp --domain gmail.com', 'whom gmail.com does not know'],
    ['campaign suppress list --topic newsletter --all', 'who wants no newsletter'],
  ],
  run: async ({ after, limit, all, csv, ...filter }, context) => {
    const { suppressionPages } = await import('../../operations/suppression-pages.js');
    const size = all ? STREAM_PAGE : limit;
    const pages = suppressionPages(context.workspace, filter, size, after ?? null);
    let next: SuppressionKey | null = null;
    async function* shown(): AsyncGenerator<SuppressionPage> {
      for await (const page of pages) {
        next = page.next;
        yield page;
        if (!all) return;
      }
    }
    return new Ending(
      { pages: shown(), csv, endless: all },
      { aside: () => next && `more: the same with --after ${formatSuppressionCursor(next)}` },
    );
  },
});

import { defineCommand } from '../command.js';
import { suppressionFilter } from '../readers.js';

const PAGE = 2000;

export default defineCommand({
  name: 'suppress export',
  summary: 'write everybody who must not be mailed as CSV, which suppress import takes back whole',
  options: suppressionFilter,
  prints: 'suppressions',
  json: 'print {"suppressions": […], "next"}',
  errors: [],
  examples: [
    ['campaign suppress export > suppressions.csv', 'with topics, reasons, sources and dates'],
  ],
  run: async (filter, context) => {
    const { suppressionPages } = await import('../../operations/suppression-pages.js');
    const pages = suppressionPages(context.workspace, filter, PAGE, null);
    return { pages, csv: true, endless: true };
  },
});

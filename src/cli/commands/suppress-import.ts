import { SUPPRESSION_REASON_LENGTH, SUPPRESSION_SOURCE_LENGTH } from '../../domain/suppression.js';
import { type Argument, defineCommand } from '../command.js';
import { encoding, file, flag, text, topic } from '../readers.js';

const list: Argument<string> = {
  placeholder: 'file',
  help: 'an export of a provider or of ours (CSV, JSON), or an address a line; - for standard input',
  read: (path) => path,
  completion: 'file',
};

export default defineCommand({
  name: 'suppress import',
  summary:
    'keep everybody on a list from being mailed: a provider’s export by its columns, or an address a line',
  arguments: { list },
  options: {
    topic: topic({ help: 'a no to sends of this topic alone, where the list names none' }),
    reason: text({ max: SUPPRESSION_REASON_LENGTH, help: 'why, where the list does not say' }),
    source: text({
      max: SUPPRESSION_SOURCE_LENGTH,
      placeholder: 'word',
      help: 'what the entries are known by (default: import- and when it began)',
    }),
    emailColumn: text({
      max: 255,
      placeholder: 'header',
      help: 'the column that holds the address: its header, or its position',
    }),
    encoding: encoding({
      help: 'what the list is written in (default: found, UTF-8, UTF-16 or Windows-1252)',
    }),
    everybody: flag('also those whose columns say that they may be mailed'),
    rejects: file({ help: 'write every rejected line to this CSV' }),
  },
  prints: 'suppress',
  asks: true,
  errors: ['BAD_LIST', 'BAD_ADDRESS', 'BAD_FILE', 'DATABASE_REFUSED'],
  examples: [
    [
      'campaign suppress import unsubscribed_members_export.csv',
      'by its columns, dates and reasons kept',
    ],
    ['campaign suppress import suppressions.csv', 'our own export: what was removed is put back'],
  ],
  run: async (input, context) => {
    const { importSuppressed } = await import('../suppress-import.js');
    return importSuppressed(input, context);
  },
});

import { plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import { defineCommand } from '../command.js';
import { addresses, file, flag, suppressionFilter } from '../readers.js';
import { Ending } from '../results.js';

export default defineCommand({
  name: 'suppress remove',
  summary:
    'let addresses be mailed again: those given, or those that fit; what is removed in bulk is saved',
  arguments: { addresses: { ...addresses, optional: true } },
  options: {
    ...suppressionFilter,
    save: file({
      help: 'where to save what is removed, for suppress import (default, in bulk: a file in this folder)',
    }),
    dryRun: flag('count what would be removed, and change nothing'),
  },
  prints: 'suppress',
  asks: true,
  errors: ['BAD_ADDRESS', 'BAD_FILE', 'CONFIRMATION_NEEDED'],
  examples: [
    ['campaign suppress remove ann@example.org', 'she asked for it'],
    [
      'campaign suppress remove --source smtp --domain gmail.com --since 2026-11-28T09:00:00Z --dry-run',
      'how many a provider refused by mistake that day; without --dry-run they may be mailed again',
    ],
  ],
  run: async ({ addresses: words, save, dryRun, ...filter }, context) => {
    const [
      { removeSuppressions },
      { othersOf, rejectionError },
      { givenAddresses, readsStdin },
      view,
    ] = await Promise.all([
      import('../../operations/remove-suppressions.js'),
      import('../../operations/suppressions.js'),
      import('../given-addresses.js'),
      import('../../view/suppressions.js'),
    ]);
    const filtered = Object.values(filter).some((value) => value !== undefined);
    if (words.length === 0 && !filtered) {
      throw new CampaignError(
        'USAGE',
        'nothing says whom to remove',
        'give addresses, or what entries are meant: --source, --reason, --since, --until, --domain, --topic',
      );
    }
    const inBulk = words.length === 0 || readsStdin(words);
    const path = save ?? (inBulk ? savedTo(new Date()) : null);
    const { result, still } = await removeSuppressions(context.workspace, {
      addresses: words.length === 0 ? undefined : await givenAddresses(words, context),
      filter,
      dryRun,
      save: path,
      confirm: async (entries) => {
        if (!inBulk) return;
        await context.confirm(
          `${plural(entries, 'entry', 'entries')} will be removed, and whom ${entries === 1 ? 'it names' : 'they name'} will be mailed again; what is removed is saved in ${path}`,
        );
      },
    });
    if (still.length > 0) context.notice(view.stillSuppressed(still));
    if (result.saved !== null) {
      context.notice(`\`campaign suppress import ${result.saved}\` puts back what was removed`);
    }
    return new Ending(result, {
      failure: rejectionError(
        result,
        othersOf(result),
        dryRun ? 'the others are counted' : 'the others are removed',
      ),
    });
  },
});

/** A file that is not there yet, unless the same command ran in this second. */
const savedTo = (now: Date): string =>
  `suppressions-removed-${now.toISOString().slice(0, 19).replaceAll(':', '')}Z.csv`;

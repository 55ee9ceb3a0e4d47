import {
  EVERYTHING,
  SUPPRESSION_REASON_LENGTH,
  SUPPRESSION_SOURCE_LENGTH,
} from '../../domain/suppression.js';
import { defineCommand } from '../command.js';
import { addresses, text, topic } from '../readers.js';
import { Ending } from '../results.js';

export default defineCommand({
  name: 'suppress add',
  summary: 'keep addresses and whole domains from being mailed, from now on and in every send',
  arguments: { addresses },
  options: {
    topic: topic({ help: 'a no to sends of this topic alone (default: to everything)' }),
    reason: text({
      max: SUPPRESSION_REASON_LENGTH,
      help: 'why, for whoever asks later',
      fallback: 'asked not to be mailed',
    }),
    source: text({
      max: SUPPRESSION_SOURCE_LENGTH,
      placeholder: 'word',
      help: 'what wrote it, such as support or crm',
      fallback: 'manual',
    }),
  },
  prints: 'suppress',
  asks: true,
  errors: ['BAD_ADDRESS', 'CONFIRMATION_NEEDED'],
  examples: [
    ['campaign suppress add ann@example.org --reason "by phone, 3 May"', 'never again'],
    ['campaign suppress add ben@example.org --topic newsletter', 'but invoices still'],
    ['campaign suppress add @example.net', 'nobody there; not its subdomains'],
  ],
  run: async ({ addresses: words, topic: about = EVERYTHING, reason, source }, context) => {
    const [{ addSuppressions, othersOf, rejectionError }, { givenAddresses }] = await Promise.all([
      import('../../operations/suppressions.js'),
      import('../given-addresses.js'),
    ]);
    const result = await addSuppressions(context.workspace, {
      addresses: await givenAddresses(words, context),
      topic: about,
      reason,
      source,
      confirm: (domains) =>
        context.confirm(
          `${domains.join(', ')}: so many people have their mailbox there that a large part of every list will not be mailed`,
        ),
    });
    return new Ending(result, {
      failure: rejectionError(result, othersOf(result), 'the others are suppressed'),
    });
  },
});

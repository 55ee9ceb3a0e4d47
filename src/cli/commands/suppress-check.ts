import { defineCommand } from '../command.js';
import { addresses, topic } from '../readers.js';
import { Ending } from '../results.js';

export default defineCommand({
  name: 'suppress check',
  summary: 'show whether addresses may be mailed, and what keeps them from it',
  arguments: { addresses },
  options: {
    topic: topic({ help: 'by a send of this topic (default: an entry of any topic counts)' }),
  },
  prints: 'suppressed',
  json: 'print an array of {"email", "suppressed", …}',
  errors: ['BAD_ADDRESS'],
  examples: [['campaign suppress check ann@example.org', 'who said no, since when, and why']],
  run: async ({ addresses: words, topic: about }, context) => {
    const [{ checkSuppressions, rejectionError }, { givenAddresses }] = await Promise.all([
      import('../../operations/suppressions.js'),
      import('../given-addresses.js'),
    ]);
    const given = await givenAddresses(words, context);
    const { checks, rejected } = await checkSuppressions(context.workspace, given, about);
    return new Ending(checks, {
      failure: rejectionError(
        { rejected: rejected.length, rejections: rejected },
        checks.length,
        'the others were looked up',
      ),
    });
  },
});

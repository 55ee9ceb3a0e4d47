import { type Argument, defineCommand } from '../command.js';
import { flag } from '../readers.js';

const address: Argument<string> = {
  placeholder: 'address',
  help: 'whose',
  read: (text) => text,
};

export default defineCommand({
  name: 'forget',
  summary:
    'show what is held of somebody, and with --yes blank it; what keeps them from being mailed stays',
  arguments: { address },
  options: {
    yes: flag('blank the fields and words of their rows, and their address in events'),
  },
  prints: 'forget',
  errors: ['BAD_ADDRESS'],
  examples: [
    ['campaign forget ann@example.org', 'everything that is held of her'],
    ['campaign forget ann@example.org --yes', 'and blanked, but for her no'],
  ],
  run: async ({ address: given, yes }, context) => {
    const [{ forget }, { forgottenHint }] = await Promise.all([
      import('../../operations/forget.js'),
      import('../../view/forgotten.js'),
    ]);
    const forgotten = await forget(context.workspace, { address: given, blank: yes });
    const hint = forgottenHint(forgotten, yes);
    if (hint !== '') context.notice(hint);
    return forgotten;
  },
});

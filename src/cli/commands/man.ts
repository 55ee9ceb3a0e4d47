import { defineCommand } from '../command.js';
import { write } from '../output.js';

export default defineCommand({
  name: 'man',
  summary: 'print the manual page: all commands, settings, exit codes and help topics',
  errors: [],
  examples: [
    ['campaign man | man -l -', 'read it'],
    ['campaign man > /usr/local/share/man/man1/campaign.1', 'install it for `man campaign`'],
  ],
  run: async (_input, context, catalogue) => {
    const [{ manPage }, { packageVersion }, { commands, topics }] = await Promise.all([
      import('../docs/man.js'),
      import('../package-version.js'),
      catalogue(),
    ]);
    const page = manPage({
      commands,
      chapters: await Promise.all(
        topics.map(async (topic) => ({ name: topic.name, text: await topic.load() })),
      ),
      version: packageVersion(),
      date: new Date(),
    });
    await write(context.stdout, page);
    return undefined;
  },
});

import { defineCommand } from '../command.js';

export default defineCommand({
  name: 'sandbox status',
  summary: 'say whether it runs, where, and how much mail it has kept',
  prints: 'sandbox',
  json: 'print the status as JSON',
  errors: [],
  examples: [['campaign sandbox status --json', 'with the URLs of both servers']],
  run: async (_input, context) => {
    const { sandboxStatus } = await import('../../operations/sandbox.js');
    return sandboxStatus({ directory: context.settings().sandboxDirectory });
  },
});

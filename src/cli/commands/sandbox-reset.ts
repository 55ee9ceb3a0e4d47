import { defineCommand } from '../command.js';

export default defineCommand({
  name: 'sandbox reset',
  summary: 'delete the captured mail and every send',
  prints: 'sandbox',
  json: 'print the status as JSON',
  asks: true,
  errors: ['CONFIRMATION_NEEDED'],
  examples: [['campaign sandbox reset --yes', 'without a question']],
  run: async (_input, context) => {
    const { resetSandbox } = await import('../../operations/sandbox.js');
    const directory = context.settings().sandboxDirectory;
    await context.confirm(
      `this deletes all sends and captured mail of the sandbox in ${directory}`,
    );
    const status = await resetSandbox({ directory });
    context.warn('sandbox emptied');
    return context.json ? status : undefined;
  },
});

import { defineCommand } from '../command.js';

export default defineCommand({
  name: 'sandbox stop',
  summary: 'stop both; mail and data stay',
  prints: 'sandbox',
  json: 'print the status as JSON',
  errors: [],
  examples: [['campaign sandbox stop', '`campaign sandbox start` goes on with the same data']],
  run: async (_input, context) => {
    const { stopSandbox } = await import('../../operations/sandbox.js');
    const { stopped, status } = await stopSandbox({
      directory: context.settings().sandboxDirectory,
    });
    context.warn(stopped ? 'sandbox stopped' : 'the sandbox was not running');
    return context.json ? status : undefined;
  },
});

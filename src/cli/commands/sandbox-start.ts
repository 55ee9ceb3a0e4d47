import { defineCommand } from '../command.js';
import { Ending } from '../results.js';

export default defineCommand({
  name: 'sandbox start',
  summary: 'start what is not running of the two servers',
  prints: 'sandbox',
  json: 'print the status as JSON',
  errors: ['NO_DATABASE_SERVER', 'SMTP_UNREACHABLE'],
  examples: [['campaign sandbox start', 'from here on every command uses it, unless a URL is set']],
  run: async (_input, context) => {
    const { startSandbox } = await import('../../operations/sandbox.js');
    const directory = context.settings().sandboxDirectory;
    // Heeded from here on: cut short, a start would leave servers that nobody knows of.
    const signal = context.heedSignals();
    const result = await startSandbox({ directory, signal });
    if (!result) return new Ending(undefined, { signal: signal.reason });
    context.warn(result.started ? 'sandbox started' : 'the sandbox was running already');
    return result.status;
  },
});

import { defineCommand } from '../command.js';

export default defineCommand({
  name: 'migrate',
  summary: 'create or upgrade the tables',
  prints: 'migrate',
  json: 'print {"applied": [names of files]}',
  errors: ['DATABASE_REFUSED'],
  examples: [['campaign migrate', 'before the first send, and after every upgrade of campaign']],
  run: async (_input, context) => {
    const { migrate } = await import('../../operations/migrate.js');
    return migrate(context.workspace);
  },
});

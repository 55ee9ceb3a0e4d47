import type { Command } from 'commander';
import { migrateJson } from '../../contract/migrate.js';
import type { Context } from '../context.js';
import { jsonLine, write } from '../output.js';

/** `campaign migrate`. */
export function register(program: Command, context: Context): void {
  program
    .command('migrate')
    .description('create or upgrade the tables')
    .option('--json', 'print {"applied": [names of files]}')
    .action(async (options: { json?: boolean }) => {
      const { migrate } = await import('../../operations/migrate.js');
      const applied = await migrate(context.workspace);
      if (options.json) return write(context.stdout, jsonLine(migrateJson(applied)));
      await write(context.stdout, applied.map((name) => `applied ${name}\n`).join(''));
      if (applied.length === 0) context.stderr.write('the schema is current\n');
    });
}

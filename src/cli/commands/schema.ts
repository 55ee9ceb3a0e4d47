import { ERROR_SHAPE } from '../../contract/shapes.js';
import { CampaignError } from '../../errors.js';
import { type Argument, type Catalogue, defineCommand } from '../command.js';
import { write } from '../output.js';

const word = (text: string): string => text;

const command: Argument<string> = {
  placeholder: 'command',
  help: `a command that has --json, or \`${ERROR_SHAPE}\`: what stderr ends with`,
  read: word,
  completion: 'schema',
};

const subcommand: Argument<string | undefined> = {
  placeholder: 'subcommand',
  help: 'as in `sandbox status`',
  read: word,
  optional: true,
  completion: 'schema',
};

export default defineCommand({
  name: 'schema',
  summary: 'print the JSON Schema (draft 2020-12) of what a command prints with --json',
  arguments: { command, subcommand },
  errors: [],
  examples: [
    ['campaign schema progress', 'every key of a send, and what it means'],
    ['campaign schema error', 'what an error is under --json'],
  ],
  run: async ({ command: first, subcommand: second }, context, catalogue) => {
    const { errorJsonSchema, jsonSchemaOf } = await import('../../contract/schema/json-schema.js');
    const name = [first, second].filter((part) => part !== undefined).join(' ');
    const schema =
      name === ERROR_SHAPE ? errorJsonSchema() : jsonSchemaOf(findPrinter(name, await catalogue()));
    await write(context.stdout, `${JSON.stringify(schema, null, 2)}\n`);
    return undefined;
  },
});

/** @throws CampaignError USAGE for what is no command, or has no --json */
function findPrinter(name: string, { commands, groups }: Catalogue) {
  const printers = commands.flatMap((declaration) =>
    declaration.prints === undefined ? [] : [{ ...declaration, prints: declaration.prints }],
  );
  const found = printers.find((printer) => printer.name === name);
  if (found) return found;
  const names = printers.map((printer) => printer.name);
  const exists = commands.some((declaration) => declaration.name === name);
  if (Object.hasOwn(groups, name)) {
    throw usage(
      `"${name}" is several commands`,
      names.filter((one) => one.startsWith(name)),
    );
  }
  const message = exists ? `"${name}" prints no JSON` : `there is no command "${name}"`;
  throw usage(message, [...names, ERROR_SHAPE]);
}

const usage = (message: string, names: readonly string[]): CampaignError =>
  new CampaignError('USAGE', message, `give one of ${names.join(', ')}`);

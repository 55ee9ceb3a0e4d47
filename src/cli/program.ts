import { Command, Option } from 'commander';
import { CampaignError, EXIT } from '../errors.js';
import type { AnyOption, CommandDeclaration, Example } from './command.js';
import type { Outside } from './context.js';
import { GROUPS, isCommand, loadCatalogue, loadDeclarations } from './declarations.js';
import type { Topic } from './docs/topics.js';
import { argumentOf, flagsOf } from './flags.js';
import { write } from './output.js';
import { packageVersion } from './package-version.js';
import { type Given, runCommand } from './runner.js';

/** What the scripts of the shells call, with the words of a line behind `--`; never for people. */
const COMPLETE = '__complete';

/**
 * Runs one command line.
 * @param args   what follows the program's name
 * @param asJson whether errors are told as JSON: no words of commander's then
 * @returns the exit code
 * @throws CommanderError for wrong usage, and when help was shown; CampaignError USAGE for wrong usage too; whatever the
 * command fails with
 */
export async function runProgram(
  args: readonly string[],
  asJson: boolean,
  outside: Outside,
): Promise<number> {
  if (args[0] === COMPLETE) {
    const { complete } = await import('./docs/completion/complete.js');
    const typed = args.slice(args.indexOf('--') + 1);
    const words = await complete(typed, await loadCatalogue(), outside.environmentSettings);
    await write(outside.stdout, words);
    return EXIT.ok;
  }
  const words = args.filter((arg) => !arg.startsWith('-'));
  const asked = words.find((word) => word !== 'help') ?? '';
  const asksTopic = words[0] === 'help' && words.length === 2;
  const program = new Command('campaign')
    .description('Sends an email campaign from MySQL tables over SMTP.')
    .version(packageVersion(), '-V, --version')
    .showSuggestionAfterError()
    // Inherited by the commands that are added.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void outside.stdout.write(text),
      writeErr: (text) => void (asJson || outside.stderr.write(text)),
      outputError: () => undefined,
    });
  if (asksTopic || !isCommand(asked)) {
    const { topics } = await import('./docs/topics.js');
    const topic = topics.find(({ name }) => asksTopic && name === asked);
    if (topic) {
      await write(outside.stdout, await topic.load());
      return EXIT.ok;
    }
  }
  if (!isCommand(asked)) {
    const { topics } = await import('./docs/topics.js');
    if (topics.some(({ name }) => name === words[0])) {
      const remedy = `see \`campaign help ${asked}\`, or \`campaign --help\` for the commands`;
      throw new CampaignError('USAGE', `unknown command '${asked}'`, remedy);
    }
    program.addHelpText('after', topicLines(topics));
    // For commander to say which of them may have been meant.
    if (asksTopic) {
      for (const { name } of topics) if (!isCommand(name)) program.command(name);
    }
  }
  let status: number = EXIT.ok;
  for (const declaration of await loadDeclarations(isCommand(asked) ? asked : undefined)) {
    addCommand(program, declaration, async (given) => {
      status = await runCommand(declaration, given, outside);
    });
  }
  await program.parseAsync(commandLine(program, args), { from: 'user' });
  return status;
}

function addCommand(
  program: Command,
  declaration: CommandDeclaration,
  run: (given: Given) => Promise<void>,
): void {
  const words = declaration.name.split(' ');
  const name = words.pop() ?? '';
  const parent = words.reduce(groupOf, program);
  const command = parent.command(name).description(declaration.summary);
  for (const field of Object.values(declaration.arguments ?? {})) {
    command.argument(argumentOf(field), field.help);
  }
  for (const [key, option] of Object.entries(declaration.options ?? {})) {
    command.addOption(commanderOption(key, option));
  }
  if (declaration.asks) command.option('--yes', 'do not ask');
  if (declaration.prints) command.option('--json', declaration.json ?? 'print JSON');
  command.addHelpText('after', exampleLines(declaration.examples));
  command.action(() =>
    run({
      arguments: command.processedArgs as Given['arguments'],
      options: command.opts(),
    }),
  );
}

function groupOf(parent: Command, name: string): Command {
  const known = parent.commands.find((command) => command.name() === name);
  return known ?? parent.command(name).description(GROUPS[name] ?? '');
}

function commanderOption(key: string, option: AnyOption): Option {
  const { help, conflicts = [], hidden } = option;
  const fallback = option.kind === 'value' ? option.fallback : undefined;
  const shown = fallback === undefined ? help : `${help} (default: ${fallback})`;
  const declared = new Option(flagsOf(key, option), shown)
    .conflicts([...conflicts])
    .hideHelp(hidden === true);
  return option.kind === 'values'
    ? declared.argParser((text, before: string[] = []) => [...before, text])
    : declared;
}

const topicLines = (topics: readonly Pick<Topic, 'name' | 'summary'>[]): string => {
  const width = Math.max(...topics.map(({ name }) => name.length));
  const lines = topics.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ['', 'Topics (`campaign help <topic>`):', ...lines, ''].join('\n');
};

const exampleLines = (examples: readonly Example[]): string =>
  ['', examples.length === 1 ? 'Example:' : 'Examples:']
    .concat(
      examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
      '',
    )
    .join('\n');

/**
 * `help` before the name of a command, of any depth, is `--help` behind it; a word that should name a command and does
 * not is left alone, for commander to say so and what it may have meant, help asked for or not.
 * @throws CampaignError USAGE for a name in capitals
 */
function commandLine(program: Command, args: readonly string[]): string[] {
  let command = program;
  let asksHelp = false;
  const path: string[] = [];
  for (const word of args.filter((arg) => !arg.startsWith('-'))) {
    if (command.commands.length === 0) break;
    if (word === 'help') {
      asksHelp = true;
      continue;
    }
    path.push(word);
    const named = command.commands.find((known) => known.name() === word.toLowerCase());
    if (!named) return path;
    if (named.name() !== word) {
      const help = `see \`campaign ${path.slice(0, -1).concat('--help').join(' ')}\``;
      const message = `unknown command '${word}'; did you mean ${named.name()}?`;
      throw new CampaignError('USAGE', message, help);
    }
    command = named;
  }
  return asksHelp ? [...path, '--help'] : [...args];
}

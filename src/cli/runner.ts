import { CommanderError } from 'commander';
import type { Shape } from '../contract/shapes.js';
import { count } from '../domain/text.js';
import { CampaignError, ERROR_CODES, EXIT, signalExit } from '../errors.js';
import type { CommandDeclaration, Value, ValueOption, ValuesOption } from './command.js';
import type { Context, Outside } from './context.js';
import { loadCatalogue } from './declarations.js';
import { flagOf, flagsOf, missing, negatedOf } from './flags.js';
import { loadPrinter } from './presenters.js';
import { Unfit } from './readers.js';
import { Ending, type PrintedShape } from './results.js';

/** The texts of a command line, apart but not read yet. */
export interface Given {
  /** In the order of the declaration; of one that is repeated all its texts. */
  arguments: readonly (string | readonly string[] | undefined)[];
  /** By key: the text of an option with a value, the texts of one that may be repeated, true for a flag. */
  options: Readonly<Record<string, unknown>>;
}

/**
 * Reads what a command line gives, runs the command and prints what it returns.
 * @returns the exit code
 * @throws CampaignError USAGE for a value that does not fit, and whatever the command fails with
 */
export async function runCommand(
  declaration: CommandDeclaration,
  given: Given,
  outside: Outside,
): Promise<number> {
  const input = await readInput(declaration, given);
  const context = contextOf(outside, given.options);
  const { prints } = declaration;
  const [print, result] = await Promise.all([
    prints === undefined || isLog(prints) ? undefined : loadPrinter(prints),
    declaration.run(input, context, loadCatalogue),
  ]);
  const { value, how } = result instanceof Ending ? result : new Ending(result, {});
  const shown = print && value !== undefined ? await print(value, context) : undefined;
  const aside = how.aside?.();
  if (aside) context.notice(aside);
  if (how.failure) throw how.failure;
  if (how.signal !== undefined) return signalExit(how.signal);
  return shown === 'contradiction' ? ERROR_CODES.CONTRADICTION.exit : EXIT.ok;
}

/** What its command writes as it comes. */
const isLog = (shape: Shape): shape is Exclude<Shape, PrintedShape> =>
  shape === 'log' || shape === 'serve-log';

const contextOf = (outside: Outside, options: Given['options']): Context => {
  const json = options.json === true;
  const yes = options.yes === true;
  const warn: Context['warn'] = (text) => void outside.stderr.write(`${text}\n`);
  return {
    ...outside,
    json,
    yes,
    given: new Set(Object.keys(options)),
    warn,
    notice: json ? () => undefined : warn,
    confirm: async (consequence) => {
      if (yes) return;
      const { confirm } = await import('./confirm.js');
      await confirm(outside, consequence);
    },
  };
};

/**
 * The values that a command line gives, by the names of the declaration.
 * @throws CampaignError USAGE, or CommanderError, for one that is missing or does not fit
 */
export async function readInput(
  declaration: CommandDeclaration,
  given: Given,
): Promise<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(declaration.options ?? {})) {
    const text = given.options[key];
    if (option.kind === 'flag') {
      const negated = negatedOf(key);
      input[key] = negated === undefined ? text === true : given.options[negated] === false;
    } else if (option.kind === 'values') {
      const texts = (text as string[] | undefined) ?? [];
      input[key] = await Promise.all(texts.map((one) => readOption(declaration, key, option, one)));
    } else if (typeof text === 'string')
      input[key] = await readOption(declaration, key, option, text);
    else if (option.required) throw missing(key);
    else input[key] = option.fallback;
  }
  for (const [index, [key, argument]] of Object.entries(declaration.arguments ?? {}).entries()) {
    const text = given.arguments[index];
    if (typeof text === 'string') input[key] = await readArgument(argument, text);
    else if (text) input[key] = await Promise.all(text.map((one) => readArgument(argument, one)));
  }
  return input;
}

const readArgument = (argument: Value<unknown>, text: string): Promise<unknown> =>
  readValue(argument, text, ({ sentence }) =>
    invalid(
      `command-argument value '${text}' is invalid for argument '${argument.placeholder}'. ${sentence}`,
    ),
  );

const readOption = (
  { tellsUnfit }: CommandDeclaration,
  key: string,
  option: ValueOption<unknown> | ValuesOption<unknown>,
  text: string,
): Promise<unknown> =>
  readValue(option, text, (unfit) =>
    tellsUnfit === 'as-remedy'
      ? new CampaignError(
          'USAGE',
          `${flagOf(key)} ${JSON.stringify(text)} is not allowed`,
          `give ${unfit.wanted(count)}`,
        )
      : invalid(
          `option '${flagsOf(key, option)}' argument '${text}' is invalid. ${unfit.sentence}`,
        ),
  );

async function readValue(
  value: Value<unknown>,
  text: string,
  explain: (unfit: Unfit) => Error,
): Promise<unknown> {
  try {
    return await value.read(text);
  } catch (error) {
    throw error instanceof Unfit ? explain(error) : error;
  }
}

/** As commander itself says what is wrong with a command line. */
const invalid = (message: string): CommanderError =>
  new CommanderError(1, 'commander.invalidArgument', `error: ${message}`);

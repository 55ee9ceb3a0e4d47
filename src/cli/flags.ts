import { CampaignError } from '../errors.js';
import type { AnyOption, Argument, Repeated } from './command.js';

/** `--batch-size` of the key `batchSize`. */
export const flagOf = (key: string): string =>
  `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Under which key commander has an option: of `--no-wait` it keeps whether to wait. */
export const negatedOf = (key: string): string | undefined => {
  const [, word] = /^no([A-Z].*)$/.exec(key) ?? [];
  return word && word.charAt(0).toLowerCase() + word.slice(1);
};

/** An option as help writes it: `--limit <n>`. */
export const flagsOf = (key: string, option: AnyOption): string =>
  option.kind === 'flag' ? flagOf(key) : `${flagOf(key)} <${option.placeholder}>`;

/** An argument as help writes it: `<id>`, `[id]`, `<address...>`. */
export function argumentOf(argument: Argument<unknown> | Repeated<unknown>): string {
  const name = 'repeated' in argument ? `${argument.placeholder}...` : argument.placeholder;
  return argument.optional ? `[${name}]` : `<${name}>`;
}

/** An option that cannot be left out. */
export const missing = (key: string): CampaignError =>
  new CampaignError('USAGE', `${flagOf(key)} is missing`, `give ${flagOf(key)}`);

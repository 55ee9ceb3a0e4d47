import { CampaignError } from '../errors.js';
import type { Given, Options, OptionsAsGiven } from './command.js';
import { flagOf, missing } from './flags.js';

/** Those of some options that were given, by their flags. */
const flagsGiven = (given: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(given).flatMap(([key, value]) =>
    value === undefined || value === false || (Array.isArray(value) && value.length === 0)
      ? []
      : [flagOf(key)],
  );

/**
 * What was given, completed as the options themselves have it.
 * @throws CampaignError USAGE for one that is required and missing
 */
export function completed<O extends Options>(
  options: O,
  given: Partial<Given<OptionsAsGiven<O>>>,
): Given<O> {
  const values = given as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(options).map(([key, option]) => {
      const value = values[key];
      if (option.kind === 'flag') return [key, value ?? false];
      if (option.kind === 'values') return [key, value ?? []];
      if (value === undefined && option.required) throw missing(key);
      return [key, value ?? option.fallback];
    }),
  ) as Given<O>;
}

/**
 * Options that say what is sent do not go with a send that is queued.
 * @throws CampaignError USAGE
 */
export function requireNone(id: number, given: Readonly<Record<string, unknown>>): void {
  const [first] = flagsGiven(given);
  if (first === undefined) return;
  throw new CampaignError(
    'USAGE',
    `${first} does not go with the number of a send: its message is the one that was queued`,
    `leave out ${first}, or ${id}; \`campaign edit ${id}\` changes the message of a paused send`,
  );
}

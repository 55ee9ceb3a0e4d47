import { CampaignError } from '../errors.js';
import { NO_DOTENV, readDotenv } from './dotenv.js';
import { SETTINGS } from './table.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. */
export const processEnvironment = (): Environment => process.env;

/** The variables that hold something, of the environment and of a file `.env`; an empty one counts as not set. */
export class Variables {
  readonly #fromFile: ReadonlyMap<string, string>;
  readonly #fromEnvironment: ReadonlyMap<string, string>;
  /** `/home/ada/.env, line 3`, of what stands in the file. */
  readonly #placeInFile: (name: string) => string | undefined;

  /** @throws CampaignError BAD_SETTING where the file cannot be read as it is meant */
  constructor(env: Environment, file?: string) {
    const { variables, lines } = file === undefined ? NO_DOTENV : readDotenv(file);
    this.#fromFile = filled(variables);
    this.#fromEnvironment = filled(env);
    this.#placeInFile = (name) =>
      lines.has(name) ? `${file}, line ${lines.get(name)}` : undefined;
  }

  get(name: string): string | undefined {
    return this.#fromEnvironment.get(name) ?? this.#fromFile.get(name);
  }

  /**
   * What is made of them; where it cannot be made of one that the file has, the error names its place there, too.
   * @throws CampaignError as `read` does: the first variable that its message names is the one meant
   */
  placed<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CampaignError) || error.code !== 'BAD_SETTING') throw error;
      const [name = ''] = /CAMPAIGN_\w+/.exec(error.message) ?? [];
      const place = this.#fromEnvironment.has(name) ? undefined : this.#placeInFile(name);
      if (place === undefined) throw error;
      throw new CampaignError('BAD_SETTING', `${place}: ${error.message}`, error.remedy);
    }
  }

  /** What stands behind the names of those that begin so. */
  namesBehind(prefix: string): string[] {
    const all = new Set([...this.#fromEnvironment.keys(), ...this.#fromFile.keys()]);
    return [...all].flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  }
}

const filled = (variables: Environment): Map<string, string> =>
  new Map(
    Object.entries(variables).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  );

/** What the environment alone says of how things are to be shown; no `.env`, which may be what is wrong. */
export interface Appearance {
  /** https://no-color.org */
  color: boolean;
  /** Whether the terminal can do no more than show lines (TERM=dumb). */
  dumb: boolean;
  /** Whether an unexpected error is shown with its stack trace. */
  stackTraces: boolean;
}

export const appearance = (env: Environment): Appearance => ({
  color: !env.NO_COLOR && env.TERM !== 'dumb',
  dumb: env.TERM === 'dumb',
  stackTraces: env[SETTINGS.debug.variable] === '1',
});

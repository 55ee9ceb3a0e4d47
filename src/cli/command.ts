import type { Shape } from '../contract/shapes.js';
import type { SendStatus } from '../domain/states.js';
import type { ErrorCode } from '../errors.js';
import type { Context } from './context.js';
import type { Topic } from './docs/topics.js';
import type { Result } from './results.js';

/**
 * What the shell offers for a value: names of files, what `schema` knows, ids of sends (in some statuses, where
 * only those make sense), or words.
 */
export type Completion =
  | 'file'
  | 'schema'
  | 'send'
  | { readonly sends: readonly SendStatus[] }
  | readonly string[];

/** A value on a command line: how help writes it, what it is, and how its text is read. */
export interface Value<T> {
  /** How help writes it, without brackets: `n`, `file`, `id`. */
  readonly placeholder: string;
  readonly help: string;
  /** @throws Unfit saying what it must be; the runner adds the name of the option */
  readonly read: (text: string) => T | Promise<T>;
  readonly completion?: Completion;
}

/** `<id>`, or `[id]` where it may be left out. */
export interface Argument<T> extends Value<T> {
  readonly optional?: true;
}

/** `<address...>`, the last argument: one or more of them, or, where it may be left out, none. */
export interface Repeated<T> extends Argument<T> {
  readonly repeated: true;
}

/** `--name <value>`; the name is its key in kebab-case. */
export interface ValueOption<T> extends Value<T> {
  readonly kind: 'value';
  /** What it is when it is not given, for the value and for help. */
  readonly fallback?: T;
  /** It cannot be left out. */
  readonly required?: true;
  /** Keys of the options that it does not go with. */
  readonly conflicts?: readonly string[];
  /** Left out of help, completion, man page and README. */
  readonly hidden?: true;
}

/** `--name <value>`, as often as it is wanted: all its values, in their order. */
export interface ValuesOption<T> extends Omit<ValueOption<T>, 'kind' | 'fallback' | 'required'> {
  readonly kind: 'values';
}

/** `--name` alone. */
export interface Flag {
  readonly kind: 'flag';
  readonly help: string;
  readonly conflicts?: readonly string[];
  readonly hidden?: true;
}

export type AnyOption = ValueOption<unknown> | ValuesOption<unknown> | Flag;

/** A command line and what it does: `['campaign pause 42', 'and resume 42 when it is mended']`. */
export type Example = readonly [commandLine: string, what: string];

/** All that may be typed, for what tells of it: completion, the man page, schemas. */
export interface Catalogue {
  readonly commands: readonly CommandDeclaration[];
  /** Commands of commands, such as `sandbox`, with what they are for. */
  readonly groups: Readonly<Record<string, string>>;
  readonly topics: readonly Topic[];
}

export type LoadCatalogue = () => Promise<Catalogue>;

type Arguments = Readonly<Record<string, Argument<unknown> | Repeated<unknown>>>;
export type Options = Readonly<Record<string, AnyOption>>;
type Values = Readonly<Record<string, unknown>>;

/**
 * All that is said of a command, in one place: commander's options, `--json` where it prints, `--yes` where it asks,
 * help, completion, the man page, README's tables and JSON Schemas follow from it. Loading one loads nothing heavy.
 */
export interface CommandDeclaration {
  /** `pause`, or `sandbox start`. */
  readonly name: string;
  readonly summary: string;
  /** In the order of the command line. */
  readonly arguments?: Arguments;
  /** In the order of help. */
  readonly options?: Options;
  /** Shape of `--json` in the contract, such as `progress`; none: there is no `--json`. */
  readonly prints?: Shape;
  /** What help says of `--json`. */
  readonly json?: string;
  /** Whether it asks before it acts: there is a `--yes`. */
  readonly asks?: true;
  /** Values that do not fit are told as a remedy (`give a whole number from 1 to 100`), and all of them after the others. */
  readonly tellsUnfit?: 'as-remedy';
  /** What it may fail with beside USAGE, BAD_SETTING, INTERNAL and, of the database, DATABASE_UNREACHABLE and SCHEMA_MISMATCH. */
  readonly errors: readonly ErrorCode[];
  readonly examples: readonly Example[];
  /** Does what it is for. @returns what the runner is to print, in the shape that `prints` names */
  readonly run: (input: Values, context: Context, catalogue: LoadCatalogue) => Promise<unknown>;
}

/** What options are read into. */
export type Given<O extends Options> = Input<Record<never, never>, O>;

type Input<A extends Arguments, O extends Options> = {
  readonly [Name in keyof A]: A[Name] extends Repeated<infer T>
    ? readonly T[]
    : A[Name] extends Argument<infer T>
      ? T
      : never;
} & {
  readonly [Name in keyof O]: O[Name] extends ValuesOption<infer T>
    ? readonly T[]
    : O[Name] extends ValueOption<infer T>
      ? T
      : boolean;
};

interface TypedDeclaration<A extends Arguments, O extends Options, S extends Shape>
  extends Omit<CommandDeclaration, 'arguments' | 'options' | 'prints' | 'run'> {
  readonly arguments?: A;
  readonly options?: O;
  readonly prints?: S;
  readonly run: (
    input: Input<A, O>,
    context: Context,
    catalogue: LoadCatalogue,
  ) => Promise<Result<S>>;
}

/** A command whose options are known one by one, for another that takes some of them. */
type DeclaredCommand<O extends Options> = Omit<CommandDeclaration, 'options'> & {
  readonly options: O;
};

/** Declares a command; what `run` is given follows from `arguments` and `options`, what it returns from `prints`. */
export const defineCommand = <
  S extends Shape = never,
  A extends Arguments = Record<never, never>,
  O extends Options = Record<never, never>,
>(
  declaration: TypedDeclaration<A, O, S>,
): DeclaredCommand<O> => declaration as unknown as DeclaredCommand<O>;

type AsGiven<T> = T extends ValueOption<infer V> ? ValueOption<V | undefined> : T;

/** Options of which none is required or has a value of its own: undefined tells that it was not given. */
export type OptionsAsGiven<O extends Options> = { readonly [Key in keyof O]: AsGiven<O[Key]> };

export const asGiven = <O extends Options>(options: O): OptionsAsGiven<O> =>
  Object.fromEntries(
    Object.entries(options).map(([key, option]) => {
      if (option.kind !== 'value') return [key, option];
      const { required: _required, fallback: _fallback, ...rest } = option;
      return [key, rest];
    }),
  ) as OptionsAsGiven<O>;

import type { Shape } from '../contract/shapes.js';
import type { Forgotten } from '../domain/forgotten.js';
import type { Linted } from '../domain/lint.js';
import type { Preview } from '../domain/preview.js';
import type { Progress } from '../domain/progress.js';
import type { Queued } from '../domain/queued.js';
import type { RecipientPage } from '../domain/recipient-page.js';
import type { Relay } from '../domain/relay.js';
import type { SandboxStatus } from '../domain/sandbox.js';
import type { SendEvent } from '../domain/send-events.js';
import type {
  SuppressionCheck,
  SuppressionPage,
  SuppressionResult,
} from '../domain/suppression.js';
import type { Tested } from '../domain/tested.js';
import type { Verification } from '../domain/verification.js';
import type { CampaignError } from '../errors.js';
import type { Migrated } from '../operations/migrate.js';

/** Recipients page by page, and in what form they were asked for. */
export interface RecipientPages {
  readonly pages: AsyncIterable<RecipientPage>;
  /** CSV, where JSON was not asked for. */
  readonly csv: boolean;
  /** Of unknown length: no table, whose widths need all rows. */
  readonly endless: boolean;
}

/** Suppressions page by page, and in what form they were asked for. */
export interface SuppressionPages {
  readonly pages: AsyncIterable<SuppressionPage>;
  /** The CSV of an export, where JSON was not asked for. */
  readonly csv: boolean;
  /** Of unknown length: no table, whose widths need all rows. */
  readonly endless: boolean;
}

/** A message, and in what form it was asked for, where that is not JSON. */
export interface ShownPreview {
  readonly preview: Preview;
  readonly as: 'text' | 'eml' | 'html';
}

/** The domain value of each shape that a command returns; `progress --watch` prints as it goes. */
export interface Values {
  progress: Progress;
  list: readonly Progress[];
  recipients: RecipientPages;
  events: SendEvent;
  verify: Verification;
  queue: Queued;
  preview: ShownPreview;
  test: Tested;
  lint: Linted;
  forget: Forgotten;
  suppress: SuppressionResult;
  suppressed: readonly SuppressionCheck[];
  suppressions: SuppressionPages;
  relay: Relay;
  migrate: Pick<Migrated, 'applied'> & Partial<Migrated>;
  sandbox: SandboxStatus;
}

/** A shape that the runner prints: all but a log, which its command writes as it comes, on stderr. */
export type PrintedShape = Exclude<Shape, 'log' | 'serve-log'>;

/** Values that come until the command is stopped: with --json each is a document of its own, on a line. */
export class Live<V> {
  constructor(readonly values: AsyncIterable<V>) {}
}

/** A value, and how the command ended beside it. */
export class Ending<V> {
  constructor(
    readonly value: V,
    readonly how: {
      /** What is said on stderr behind the value, not with --json; asked when all of the value is written. */
      readonly aside?: () => string | null;
      /** What part of it failed with, told behind the value. */
      readonly failure?: CampaignError | undefined;
      /** The name of the signal that cut the command short: the exit code. */
      readonly signal?: unknown;
    },
  ) {}
}

/** Values of a shape: one, a stream of which --json makes an array, or a live one. */
export type Printable<S extends PrintedShape> =
  | Values[S]
  | AsyncIterable<Values[S]>
  | Live<Values[S]>;

/** What the run of a command that prints a shape returns; undefined where there is nothing to print. */
export type Result<S extends Shape> =
  | Printable<Extract<S, PrintedShape>>
  | undefined
  | Ending<Printable<Extract<S, PrintedShape>> | undefined>;

import {
  CaptureTag,
  type Context,
  EchoTag,
  type Emitter,
  type FilterImplOptions,
  type Liquid,
} from 'liquidjs';
import { Cell } from './cell.js';
import type { Encoding } from './encodings.js';

/*
 * Which empty merge fields a message prints: cells tell what they were made of, through filters, variables and captures,
 * and what is printed is noted. A condition prints nothing, whatever it looks at.
 */

export type FilterHandler = Extract<FilterImplOptions, (...given: never[]) => unknown>;

/** Where a scope keeps the fields that were printed though they are empty. */
const PRINTED = 'printed';

/** Text that was made of empty merge fields. */
export class TracedCell extends Cell {
  /** @param plain what it is compared as, as with any cell */
  constructor(
    readonly fields: readonly string[],
    text = '',
    plain = text,
  ) {
    super(text, plain);
  }
}

/** The same of lists, as `split` makes them. */
const tracedLists = new WeakMap<object, readonly string[]>();

function fieldsOf(value: unknown): readonly string[] {
  if (value instanceof TracedCell) return value.fields;
  return typeof value === 'object' && value !== null ? (tracedLists.get(value) ?? []) : [];
}

function traced(result: unknown, fields: readonly string[]): unknown {
  if (result instanceof Cell) return new TracedCell(fields, result.toString(), result.plain);
  if (typeof result === 'boolean') return result;
  if (typeof result !== 'object' || result === null) {
    return new TracedCell(fields, String(result ?? ''));
  }
  tracedLists.set(result, fields);
  return result;
}

/** A filter whose result tells what it was made of; what `default` replaces is no part of it. */
export const tracingFilter = (name: string, filter: FilterHandler): FilterHandler =>
  function (value: unknown, ...given: unknown[]) {
    const result: unknown = filter.call(this, value, ...given);
    const fields =
      name !== 'default'
        ? [value, ...given].flatMap(fieldsOf)
        : value instanceof Cell && value.isEmpty()
          ? given.flatMap(fieldsOf)
          : fieldsOf(value);
    return fields.length === 0 ? result : traced(result, [...new Set(fields)]);
  };

/** The empty fields that were printed in a scope so far. */
export const printedIn = (context: Context): Set<string> =>
  context.getRegister(PRINTED, new Set<string>());

/** Notes what is about to be printed. */
export function notePrinted(context: Context, value: unknown): void {
  const fields = fieldsOf(value);
  if (fields.length === 0) return;
  const printed = printedIn(context);
  for (const field of fields) printed.add(field);
}

/** Tags that hold text or write some. */
export function registerTracingTags(engine: Liquid, encoding: Encoding): void {
  engine.registerTag(
    'capture',
    class extends CaptureTag {
      /** What it holds is printed only where its variable is. */
      override *render(context: Context): Generator<unknown, void, string> {
        const outside = printedIn(context);
        const inside = new Set<string>();
        context.setRegister(PRINTED, inside);
        const text = yield this.liquid.renderer.renderTemplates(this.templates, context);
        context.setRegister(PRINTED, outside);
        const cell = new Cell(text, encoding.unmark(text));
        context.bottom()[this.variable] = inside.size === 0 ? cell : traced(cell, [...inside]);
      }
    },
  );
  engine.registerTag(
    'echo',
    class extends EchoTag {
      override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
        for (const echoed of this.arguments()) {
          const { value } = echoed as { value?: (context: Context) => unknown };
          if (value) notePrinted(context, yield value.call(echoed, context));
        }
        yield* super.render(context, emitter);
      }
    },
  );
}

import { z } from 'zod';
import { elementOf, type JsonPrinter, waysOf } from './json-schema.js';
import type { Printed } from './shapes.js';

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
}

/** Objects that have been told of, and by which command they are printed. */
export type Told = Map<z.ZodType, string>;

/**
 * What a command prints in a line of Markdown: the keys of its shape in their order, and those of objects in it.
 * `campaign schema` says what each means.
 * @param told is added to
 */
export function keysOf(command: JsonPrinter, told: Told): string {
  const [usual, ...others] = waysOf(command);
  if (!usual) return '';
  const more = others.map(({ when, as, schema }) => {
    if (as === 'lines') return `with \`--${when}\` an object a line`;
    return `with \`--${when}\` ${elementOf(schema) !== schema ? 'an array of those' : 'an object'}`;
  });
  return [describe(usual, command.name, told), ...more].join('; ');
}

function describe({ as, schema, on }: Printed, name: string, told: Told): string {
  const element = elementOf(schema);
  const lead = [
    ...(on ? [`on ${on} `] : []),
    ...(as === 'lines' ? ['an object a line: '] : []),
    ...(element === schema ? [] : ['an array of ']),
  ].join('');
  const before = told.get(element);
  if (before !== undefined) return `${lead}what \`${before}\` prints`;
  told.set(element, name);
  const object = z.toJSONSchema(element, { io: 'input' }) as JsonSchema;
  return `${lead}\`${objectText(object)}\`${insides(object)}`;
}

/** `{"id","names":[{"a","b"}]}`; of several shapes the keys that all have. */
function objectText({ properties, oneOf }: JsonSchema): string {
  if (oneOf) {
    const [first = {}, ...rest] = oneOf.map((one) => Object.keys(one.properties ?? {}));
    const common = (first as string[]).filter((key) => rest.every((keys) => keys.includes(key)));
    return `{${common.map((key) => `"${key}"`).join(',')},…}`;
  }
  const keys = Object.entries(properties ?? {}).map(([key, { items }]) =>
    items?.properties ? `"${key}":[${objectText(items)}]` : `"${key}"`,
  );
  return `{${keys.join(',')}}`;
}

/** Of keys that hold an object, what it holds. */
const insides = ({ properties }: JsonSchema): string =>
  Object.entries(properties ?? {})
    .flatMap(([key, { anyOf = [] }]) => {
      const object = anyOf.find((one) => one.properties);
      return object ? [`; \`${key}\` is null or \`${objectText(object)}\`${choices(object)}`] : [];
    })
    .join('');

const choices = ({ properties }: JsonSchema): string =>
  Object.entries(properties ?? {})
    .flatMap(([key, { enum: words }]) =>
      words ? [`, \`${key}\` one of ${words.map((word) => `\`${word}\``).join(', ')}`] : [],
    )
    .join('');

import { z } from 'zod';
import { ERROR_SHAPE, type Shape } from '../shapes.js';
import { errorSchema, PRINTED, type Printed } from './shapes.js';

/** A command that prints JSON, as it is declared. */
export interface JsonPrinter {
  readonly name: string;
  readonly prints: Shape;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface JsonSchemaOptions {
  /** Keys that are not described are refused: for tests, since keys may be added. */
  strict?: boolean;
}

/**
 * JSON Schema (draft 2020-12) of what a command prints with `--json`: of its one document or, where it prints lines,
 * of each line.
 */
export function jsonSchemaOf(command: JsonPrinter, options: JsonSchemaOptions = {}) {
  const ways = waysOf(command);
  const schemas = [...new Set(ways.map(({ schema }) => schema))];
  const [first] = schemas as [z.ZodType];
  return schemaDocument(
    command.name,
    `campaign ${command.name} --json`,
    ways.map(describeWay).join('; '),
    schemas.length === 1 ? first : z.union(schemas),
    options,
  );
}

/** In which ways a command prints its shape. */
export const waysOf = ({ prints, options = {} }: JsonPrinter): readonly Printed[] =>
  PRINTED[prints].filter(({ when }) => when === undefined || when in options);

/** JSON Schema of an error under `--json`. */
export const errorJsonSchema = (options: JsonSchemaOptions = {}) =>
  schemaDocument(
    ERROR_SHAPE,
    'an error of any command with --json',
    'the last line of stderr, an object',
    errorSchema,
    options,
  );

function schemaDocument(
  name: string,
  title: string,
  description: string,
  schema: z.ZodType,
  { strict = false }: JsonSchemaOptions,
) {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: strict ? 'output' : 'input',
  });
  return {
    $schema,
    $id: `urn:campaign-sender:${name.replaceAll(' ', '-')}`,
    ...rest,
    title,
    description,
  };
}

/** What an array is of; what is no array itself. */
export const elementOf = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodArray ? (schema.element as z.ZodType) : schema;

/** `an array of objects: …`, `with --follow an object a line: …`. */
function describeWay({ when, as, on, schema }: Printed): string {
  const of = elementOf(schema);
  const what = of === schema ? 'an object' : 'an array of objects';
  return `${when ? `with --${when} ` : ''}${what}${as === 'lines' ? ' a line' : ''}${on ? ` on ${on}` : ''}: ${of.meta()?.title}`;
}

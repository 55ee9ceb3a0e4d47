import { z } from 'zod';
import type { Shape } from '../shapes.js';
import { errorSchema, PRINTED, type Printed } from './shapes.js';

export interface JsonSchemaOptions {
  /** Keys that are not described are refused: for tests, since keys may be added. */
  strict?: boolean;
}

/**
 * JSON Schema (draft 2020-12) of what a command prints with `--json`: of its one document or, where it prints lines,
 * of each line.
 */
export function jsonSchemaOf(command: string, shape: Shape, options: JsonSchemaOptions = {}) {
  const ways = PRINTED[shape];
  const schemas = [...new Set(ways.map(({ schema }) => schema))];
  const [first] = schemas as [z.ZodType];
  return schemaDocument(
    command,
    `campaign ${command} --json`,
    ways.map(describeWay).join('; '),
    schemas.length === 1 ? first : z.union(schemas),
    options,
  );
}

/** JSON Schema of an error under `--json`. */
export const errorJsonSchema = (options: JsonSchemaOptions = {}) =>
  schemaDocument(
    'error',
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

/** `an array of objects: …`, `with --follow an object a line: …`. */
function describeWay({ when, as, schema }: Printed): string {
  const of = schema instanceof z.ZodArray ? (schema.element as z.ZodType) : schema;
  const what = of === schema ? 'an object' : 'an array of objects';
  return `${when ? `with ${when} ` : ''}${what}${as === 'lines' ? ' a line' : ''}: ${of.meta()?.title}`;
}

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import {
  errorJsonSchema,
  type JsonPrinter,
  jsonSchemaOf,
} from '../../src/contract/schema/json-schema.ts';
import type { Shape } from '../../src/contract/shapes.ts';

/** Compiles a schema by an implementation of the standard that is not ours; it takes no word that it does not know. */
export function compileSchema(schema: object): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  ajv.addFormat('date-time', true);
  return ajv.compile(schema);
}

/** A command that prints a shape in all its ways. */
export const printer = (prints: Shape): JsonPrinter => ({
  name: prints,
  prints,
  options: { watch: {}, follow: {}, all: {} },
});

const validators = new Map<string, ValidateFunction>();

/** Throws unless the value has the keys that its schema names, all of them and no other one. */
export function expectShape(shape: Shape | 'error', value: unknown): void {
  let validate = validators.get(shape);
  if (!validate) {
    const strict = { strict: true };
    validate = compileSchema(
      shape === 'error' ? errorJsonSchema(strict) : jsonSchemaOf(printer(shape), strict),
    );
    validators.set(shape, validate);
  }
  if (validate(value)) return;
  const faults = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
  throw new Error(`no ${shape}: ${faults.join('; ')}\n${JSON.stringify(value)}`);
}

/** The JSON document of each line. */
export const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

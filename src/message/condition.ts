import { type LiquidError, Tokenizer, TypeGuards } from 'liquidjs';
import { CampaignError } from '../errors.js';
import { FOR_TEXT } from './encodings.js';
import { engineFor } from './liquid.js';
import {
  type FieldValues,
  type MergeFields,
  type NamedTemplate,
  parseText,
  renderTemplate,
} from './template.js';

/** Whether a row with these values meets a condition; throws what Liquid throws where it cannot be told. */
export type Condition = (values: FieldValues) => boolean;

/** The condition begins a line, so that its columns are its own. */
const OPEN = '{% if\n';
const CLOSE = '\n%}1{% endif %}';

const REMEDY =
  "write it as in Liquid's if, such as: country == 'DE' and orders > 3 (https://liquidjs.com/tutorials/operators.html)";

/** @param at place in the condition, from 0 */
function misplaced({ name, source }: NamedTemplate, at: number, what: string): CampaignError {
  const before = source.slice(0, at).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return new CampaignError(
    'BAD_TEMPLATE',
    `${name}, line ${before.length}, column ${column}: ${what}`,
    REMEDY,
  );
}

/** @throws CampaignError BAD_TEMPLATE at what Liquid passes over: an operator without operands, a quote without an end, a rest */
function refuseNonsense(condition: NamedTemplate): void {
  const { source } = condition;
  const tokens = new Tokenizer(source, engineFor(FOR_TEXT).options.operators);
  const outOfPlace = (at: number): CampaignError => {
    const rest = source.slice(at);
    return rest.trim() === ''
      ? misplaced(condition, at, 'there is no condition')
      : misplaced(condition, at, `what follows is out of place: ${rest}`);
  };
  const { initial } = (() => {
    try {
      return tokens.readFilteredValue();
    } catch (error) {
      const { token, message } = error as LiquidError;
      const [line = 1, column = 1] = token?.getPosition() ?? [];
      const above = source.split('\n').slice(0, line - 1);
      const at = above.reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
      // Where a filter might stand Liquid is one character past what is none.
      throw outOfPlace(message.startsWith('expected "|"') ? at - 1 : at);
    }
  })();
  tokens.skipBlank();
  if (!tokens.end()) throw outOfPlace(tokens.p);
  let operands = 0;
  for (const token of initial.postfix) {
    const text = token.getText();
    if (!TypeGuards.isOperatorToken(token)) {
      if (TypeGuards.isQuotedToken(token) && (text.length < 2 || text.at(-1) !== text[0])) {
        throw misplaced(condition, token.begin, `a quote is not closed: ${text}`);
      }
      operands++;
      continue;
    }
    const taken = text === 'not' ? 1 : 2;
    if (operands < taken) throw misplaced(condition, token.begin, `"${text}" lacks a value`);
    operands += 1 - taken;
  }
  if (operands !== 1) {
    const last = Math.max(0, ...initial.postfix.map(({ begin }) => begin));
    throw misplaced(condition, last, 'two values stand without an operator between them');
  }
}

/**
 * Parses a condition over the columns of a list, in the language of the templates and within its limits.
 * @throws CampaignError BAD_TEMPLATE naming the place, for what is no condition and for unknown fields
 */
export function parseCondition(
  condition: NamedTemplate,
  fields: MergeFields & { timezone: string },
  now: Date,
): Condition {
  refuseNonsense(condition);
  const source = `${OPEN}${condition.source}${CLOSE}`;
  const parsed = parseText({ ...condition, source, linesAbove: 1 }, fields);
  return (values) => renderTemplate(parsed, values, now) === '1';
}

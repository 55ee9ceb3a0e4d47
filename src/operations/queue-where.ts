import { CampaignError } from '../errors.js';
import type { Where } from '../list/row-check.js';
import { parseCondition } from '../message/condition.js';
import type { NamedTemplate } from '../message/template.js';

/**
 * What tells the rows of a list that meet a condition.
 * @param list its name, for messages
 * @returns throws CampaignError BAD_TEMPLATE for what is no condition over the list's columns, and, naming the line, for a row
 * on which it fails
 */
export const rowsWhere =
  (condition: NamedTemplate & { now: Date }, list: string, timezone: string): Where =>
  ({ fields, twins }) => {
    const fieldNames = fields.map(({ name }) => name);
    const isMet = parseCondition(condition, { fieldNames, twins, timezone }, condition.now);
    return (line, values) => {
      try {
        return isMet(values);
      } catch (error) {
        const why = (error as Error).message.split('\n')[0]?.replace(/, line:\d+, col:\d+$/, '');
        throw new CampaignError(
          'BAD_TEMPLATE',
          `${condition.name} fails on line ${line} of ${list}: ${why}`,
          'give a condition that holds for every row, or mend that one; nothing was queued',
          { cause: error },
        );
      }
    };
  };

import { InvalidArgumentError } from 'commander';
import { CampaignError } from '../errors.js';

/** Parser of a whole number for commander, which adds the option's name to what it throws. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };

/** Parser of the `<id>` argument. */
export const sendId = (text: string): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new CampaignError(
    'USAGE',
    `"${text}" is not a send's number`,
    '`campaign list` shows them',
  );
};

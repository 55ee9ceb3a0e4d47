import { resolve } from 'node:path';
import { CampaignError } from '../errors.js';
import type { Variables } from './environment.js';
import { SETTINGS, type Setting } from './table.js';

type Table = typeof SETTINGS;

/** Keys of the settings that there is one of, and that a `.env` may hold too, as it may all but switches. */
type Key = {
  [K in keyof Table]: Table[K] extends { kind: 'switch' } | { named: true } ? never : K;
}[keyof Table];

/** The value of each setting, by what kind it is. */
export type Values = {
  [K in Key]: Table[K]['kind'] extends 'whole-number' ? number : string | undefined;
};

type WholeNumber = Extract<Setting, { kind: 'whole-number' }>;

const ENTRIES = Object.entries<Setting>(SETTINGS).filter(
  ([, { kind, named }]) => kind !== 'switch' && !named,
) as [Key, Setting][];

/**
 * Reads every setting of the table.
 * @param cwd what the path of a folder is relative to
 * @throws CampaignError BAD_SETTING naming the variable of a number that is none or out of its limits
 */
export function readValues(variables: Variables, cwd: string): Values {
  const values: Partial<Record<Key, number | string | undefined>> = {};
  for (const [key, setting] of ENTRIES) values[key] = readValue(setting, variables, cwd);
  for (const [key, setting] of ENTRIES) {
    if (setting.kind === 'whole-number' && setting.notBelow !== undefined) {
      requireOrder(values as Values, key, setting.notBelow as Key);
    }
  }
  return values as Values;
}

function readValue(
  setting: Setting,
  variables: Variables,
  cwd: string,
): number | string | undefined {
  const text = variables.get(setting.variable);
  if (setting.kind === 'whole-number') {
    return text === undefined ? setting.default : readNumber(setting, text);
  }
  return text !== undefined && setting.kind === 'folder' ? resolve(cwd, text) : text;
}

function readNumber({ variable, min, max, default: otherwise }: WholeNumber, text: string): number {
  const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CampaignError(
    'BAD_SETTING',
    `${variable} is "${text}"`,
    `set it to a whole number from ${min} to ${max}, or leave it out for ${otherwise}`,
  );
}

function requireOrder(values: Values, key: Key, floor: Key): void {
  const [high, low] = [values[key], values[floor]];
  if (high === undefined || low === undefined || high >= low) return;
  throw new CampaignError(
    'BAD_SETTING',
    `${SETTINGS[key].variable} (${high}) is below ${SETTINGS[floor].variable} (${low})`,
    'raise the first or lower the second',
  );
}

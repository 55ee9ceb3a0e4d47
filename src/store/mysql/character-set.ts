import mysql from 'mysql2';
import { CampaignError } from '../../errors.js';

/** Text is exchanged with the server in this character set, and in no other. */
export const CHARACTER_SET = 'utf8mb4';

/** The settings that decide which it is: of statements, of their literals, of results. */
const VARIABLES = [
  'character_set_client',
  'character_set_connection',
  'character_set_results',
] as const;

/** What they are in a session. */
export type CharacterSets = Record<(typeof VARIABLES)[number], string | null>;

/** Of a SELECT that gives `CharacterSets`. */
export const CHARACTER_SETS = VARIABLES.map((name) => `@@${name} AS ${name}`).join(', ');

/** Whether one of them is another than ours. */
export const IS_ANOTHER = VARIABLES.map((name) => `NOT @@${name} <=> '${CHARACTER_SET}'`).join(
  ' OR ',
);

/** Which of them is not ours. */
export const strayed = (found: CharacterSets): keyof CharacterSets | undefined =>
  VARIABLES.find((name) => found[name] !== CHARACTER_SET);

/** Ids of the collations of the character set, and of what is no text. */
export const EXPECTED_COLLATIONS: ReadonlySet<number> = new Set(
  Object.entries(mysql.Charsets as unknown as Record<string, number>)
    .filter(([name]) => name === 'BINARY' || name.startsWith(`${CHARACTER_SET.toUpperCase()}_`))
    .map(([, id]) => id),
);

export const characterSetRefused = (where: string, how: string): CampaignError =>
  new CampaignError(
    'DATABASE_REFUSED',
    `${where} does not keep the character set ${CHARACTER_SET} that was set: ${how}, and addresses and texts would be damaged`,
    'let SET NAMES through what stands before the server (a proxy, a pooler, its init_connect), or name the server itself in CAMPAIGN_DATABASE_URL',
  );

/** Of a session whose character set another client changed again and again. */
export const characterSetStrays = (where: string): CampaignError =>
  characterSetRefused(where, 'another client changes it');

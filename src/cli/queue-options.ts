import { z } from 'zod';
import { PACING_DEFAULTS, PACING_LIMITS } from '../domain/pacing.js';
import { clip } from '../domain/text.js';
import { isTimeZone } from '../domain/time-zone.js';
import { CampaignError } from '../errors.js';
import { encodingName } from '../list/encoding.js';
import { parseSender } from '../message/sender.js';

/** What `queue` is asked to do, checked. */
export interface QueueOptions {
  /** Path of the list, or `-`. */
  list: string;
  from: string;
  replyTo: string | null;
  subject: string;
  /** Paths of the templates; one at least is given. */
  html: string | null;
  text: string | null;
  /** A template of a URL. */
  listUnsubscribe: string | null;
  /** IANA name. */
  timezone: string;
  name: string;
  key: string | null;
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
  maxAttempts: number;
  startAt: Date | null;
  paused: boolean;
  emailColumn?: string | undefined;
  /** As `encodingName` has it; undefined when it is to be found. */
  encoding?: string | undefined;
  rejects: string | null;
  yes: boolean;
  dryRun: boolean;
}

/** RFC 5322 §2.1.1: what one line of a header may have. */
const MAX_SENDER = 998;
const MAX_SUBJECT = 10_000;
const MAX_URL = 998;
const MAX_NAME = 255;
const MAX_KEY = 191;

const wholeNumber = ({ min, max }: { min: number; max: number }) => {
  const wanted = `a whole number from ${min.toLocaleString('en-US')} to ${max.toLocaleString('en-US')}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, wanted)
    .transform(Number)
    .refine((value) => value >= min && value <= max, wanted);
};

const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1, 'something that is not empty')
    .max(max, `at most ${max.toLocaleString('en-US')} characters`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .regex(/^[^\x00-\x1f\x7f]*$/, 'text without control characters and line breaks');

const path = z.string().min(1, 'the path of a file');

const START_AT = 'a time as in RFC 3339, such as 2030-01-31T09:00:00Z or 2030-01-31T09:00:00+01:00';

const ENCODING =
  'the name of an encoding, such as utf-8, utf-16le, windows-1252, windows-1251 or shift_jis';

const schema = z.object({
  list: path,
  from: z.string().max(MAX_SENDER, `at most ${MAX_SENDER} characters`),
  replyTo: z.string().max(MAX_SENDER, `at most ${MAX_SENDER} characters`).optional(),
  subject: text(MAX_SUBJECT),
  html: path.optional(),
  text: path.optional(),
  listUnsubscribe: text(MAX_URL).optional(),
  timezone: z
    .string()
    .refine(isTimeZone, 'the name of a time zone, such as Europe/Berlin, America/New_York or UTC'),
  name: text(MAX_NAME).optional(),
  key: text(MAX_KEY).optional(),
  batchSize: wholeNumber(PACING_LIMITS.batchSize),
  delayMs: wholeNumber(PACING_LIMITS.delayMs),
  cooldownSeconds: wholeNumber(PACING_LIMITS.cooldownSeconds),
  maxAttempts: wholeNumber(PACING_LIMITS.maxAttempts),
  startAt: z.iso
    .datetime({ offset: true, error: START_AT })
    .transform((value) => new Date(value))
    .refine((value) => value.getUTCFullYear() >= 1970, START_AT)
    .optional(),
  paused: z.boolean().default(false),
  emailColumn: text(MAX_NAME).optional(),
  encoding: z
    .string()
    .refine((name) => encodingName(name) !== undefined, ENCODING)
    .transform(encodingName)
    .optional(),
  rejects: path.optional(),
  yes: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

const flagName = (key: PropertyKey | undefined): string =>
  `--${String(key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The flags' defaults as commander wants them: as text. */
const FLAG_DEFAULTS = {
  batchSize: String(PACING_DEFAULTS.batchSize),
  delayMs: String(PACING_DEFAULTS.delayMs),
  cooldownSeconds: String(PACING_DEFAULTS.cooldownSeconds),
  maxAttempts: String(PACING_DEFAULTS.maxAttempts),
  timezone: 'UTC',
} as const;

function checkSender(flag: string, text: string): string {
  try {
    parseSender(text);
    return text.trim();
  } catch (error) {
    if (!(error instanceof CampaignError)) throw error;
    throw new CampaignError(error.code, `${flag}: ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}

/**
 * Checks the flags of `queue` as commander gives them.
 * @throws CampaignError USAGE or BAD_ADDRESS naming the flag, its value and what is allowed
 */
export function parseQueueOptions(flags: Readonly<Record<string, unknown>>): QueueOptions {
  const result = schema.safeParse({ ...FLAG_DEFAULTS, ...flags });
  if (!result.success) {
    const issue = result.error.issues[0];
    const key = issue?.path[0];
    const flag = flagName(key);
    const value = flags[String(key)];
    if (value === undefined) {
      throw new CampaignError('USAGE', `${flag} is missing`, `give ${flag}`);
    }
    throw new CampaignError(
      'USAGE',
      `${flag} ${JSON.stringify(value)} is not allowed`,
      `give ${issue?.message}`,
    );
  }
  const options = result.data;
  if (options.html === undefined && options.text === undefined) {
    throw new CampaignError(
      'USAGE',
      'there is nothing to send: neither --html nor --text is given',
      'give the path of a template with --html, --text or both',
    );
  }
  return {
    ...options,
    from: checkSender('--from', options.from),
    replyTo: options.replyTo === undefined ? null : checkSender('--reply-to', options.replyTo),
    html: options.html ?? null,
    text: options.text ?? null,
    listUnsubscribe: options.listUnsubscribe ?? null,
    name: options.name ?? clip(options.subject, MAX_NAME),
    key: options.key ?? null,
    startAt: options.startAt ?? null,
    rejects: options.rejects ?? null,
  };
}

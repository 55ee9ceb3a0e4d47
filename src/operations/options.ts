import { type CodeFilter, parseCodeFilter } from '../domain/code-filter.js';
import type { Controls } from '../domain/pacing.js';
import { PACING_LIMITS } from '../domain/pacing.js';
import {
  DEFAULT_RELAY,
  LONGEST_HOLD_DAYS,
  RELAY_CONNECTIONS,
  type RelayLimits,
} from '../domain/relay.js';
import { SCHEDULER_LIMITS } from '../domain/scheduler-limits.js';
import { SHOWN_STATUSES } from '../domain/send.js';
import { RECIPIENT_STATUSES } from '../domain/states.js';
import { REASON_LENGTH } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import type { ListQuery } from './list.js';
import {
  callback,
  flag,
  oneOf,
  orNone,
  pieces,
  type Reader,
  rates,
  readOptions,
  required,
  sendId,
  sendRate,
  shown,
  signal,
  text,
  wholeNumber,
  withRate,
} from './option-readers.js';

const ADDRESS_LENGTH = 998;
const USUAL_LIMIT = 50;
const RELAY_NAME_LENGTH = 64;

/** Like 4xx, 5xx, 550 or 5.1.1. */
const code: Reader<CodeFilter> = (value, name) => {
  const given = typeof value === 'number' ? String(value) : value;
  const filter = typeof given === 'string' && parseCodeFilter(given);
  if (filter) return filter;
  throw new CampaignError(
    'BAD_SETTING',
    `${name} is ${shown(value)}`,
    'give 4xx, 5xx, a code such as 550 or one such as 5.1.1',
  );
};

/** The options of each call as its operation takes them. All throw CampaignError BAD_SETTING, naming the option. */
export const options = {
  id: (id: unknown): { id: number } => ({ id: sendId(id, 'id') }),

  reason: (call: string, given: unknown): { reason: string | undefined } =>
    readOptions(call, given, { reason: text(REASON_LENGTH) }),

  watch: (given: unknown) =>
    readOptions('watch', given, { signal, onAway: callback<(reason: string) => void>() }),

  /** How long a scheduler may take to end; it refuses what is wrong itself. */
  drainSeconds: (given: { drainSeconds?: unknown } | undefined): number => {
    const { min, max, default: usual } = SCHEDULER_LIMITS.drainSeconds;
    const seconds = given?.drainSeconds;
    return typeof seconds === 'number' && seconds >= min && seconds <= max ? seconds : usual;
  },

  events: (given: unknown) => readOptions('events', given, { follow: flag, signal }),

  recipients: (given: unknown) =>
    readOptions('recipients', given, { status: oneOf(RECIPIENT_STATUSES), signal }),

  controls: (given: unknown): { change: Partial<Controls> } => {
    const read = readOptions('controls', given, {
      batchSize: wholeNumber(PACING_LIMITS.batchSize),
      delayMs: wholeNumber(PACING_LIMITS.delayMs),
      cooldownSeconds: wholeNumber(PACING_LIMITS.cooldownSeconds),
      rate: sendRate,
    });
    const change = Object.entries(withRate(read)).filter(([, value]) => value !== undefined);
    return { change: Object.fromEntries(change) };
  },

  list: (given: unknown): ListQuery => {
    const { limit = USUAL_LIMIT, ...read } = readOptions('list', given, {
      status: oneOf(SHOWN_STATUSES),
      before: sendId,
      tests: flag,
      limit: wholeNumber({ min: 1, max: 1000 }),
    });
    return { ...read, limit };
  },

  resolve: (given: unknown) => {
    const read = readOptions('resolve', given, {
      as: oneOf(['sent', 'pending', 'failed']),
      email: text(ADDRESS_LENGTH),
    });
    return { as: required('resolve', 'as', read.as), email: read.email };
  },

  resolveFromLog: (given: unknown) => {
    const read = readOptions('resolve', given, { mailLog: pieces, absent: oneOf(['pending']) });
    return { mailLog: required('resolve', 'mailLog', read.mailLog), absent: read.absent };
  },

  relay: (name: unknown): string =>
    name === undefined ? DEFAULT_RELAY : text(RELAY_NAME_LENGTH)(name, 'relay'),

  holdRelay: (given: unknown) => {
    const read = readOptions('holdRelay', given, {
      relay: text(RELAY_NAME_LENGTH),
      seconds: wholeNumber({ min: 1, max: LONGEST_HOLD_DAYS * 86_400 }),
      reason: text(REASON_LENGTH),
    });
    return {
      relay: read.relay ?? DEFAULT_RELAY,
      seconds: required('holdRelay', 'seconds', read.seconds),
      reason: read.reason,
    };
  },

  limitRelay: (given: unknown): { relay: string } & Partial<RelayLimits> => {
    const { relay = DEFAULT_RELAY, ...limits } = readOptions('limitRelay', given, {
      relay: text(RELAY_NAME_LENGTH),
      rates,
      connections: orNone(wholeNumber(RELAY_CONNECTIONS)),
    });
    const set = Object.entries(limits).filter(([, value]) => value !== undefined);
    return { relay, ...Object.fromEntries(set) };
  },

  retry: (given: unknown) => {
    const { from = 'failed', ...read } = readOptions('retry', given, {
      from: oneOf(['failed', 'unknown']),
      code,
    });
    return { from, ...read };
  },
};

import { asGiven } from '../command.js';
import queue from './queue.js';

const without = <O extends object, K extends keyof O>(options: O, keys: readonly K[]): Omit<O, K> =>
  Object.fromEntries(
    Object.entries(options).filter(([key]) => !(keys as readonly string[]).includes(key)),
  ) as Omit<O, K>;

/** What of `queue` says how it goes out, not what. */
const OF_THE_SENDING = [
  'name',
  'key',
  'topic',
  'dkim',
  'batchSize',
  'delayMs',
  'cooldownSeconds',
  'rate',
  'maxAttempts',
  'startAt',
  'paused',
  'missing',
  'rejects',
  'dryRun',
] as const;

/** What of it says to whom. */
const OF_THE_LIST = ['list', 'emailColumn', 'encoding', 'where', 'ignoreDeclined'] as const;

/** What goes with it; a send keeps the files that it was queued with. */
const OF_THE_FILES = ['attach', 'attachColumn', 'attachDir'] as const;

/** Those of `queue` that say what a message is: given in place of what it has. */
export const messageValueOptions = asGiven(
  without(queue.options, [...OF_THE_SENDING, ...OF_THE_LIST, ...OF_THE_FILES]),
);

/** All of `queue`: given in place of what a send has. */
export const queueOptionsAsGiven = asGiven(queue.options);

/** Those of `queue` that say what is sent, and to whom: given in place of a send that is queued. */
export const messageOptions = asGiven(without(queue.options, OF_THE_SENDING));

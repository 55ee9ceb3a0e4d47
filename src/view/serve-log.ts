import type { Logger } from 'pino';
import type { ServeEvent } from '../domain/serve-events.js';
import { count, plural } from '../domain/text.js';
import { printable } from './printable.js';

type Kind = ServeEvent['kind'];
type EventOf<K extends Kind> = Extract<ServeEvent, { kind: K }>;

type Line = [level: 'debug' | 'info' | 'warn' | 'error', text: string];

const WAYS = { 'one-click': 'by one click', page: 'on the page', look: 'to look' } as const;

/** Words for each event. */
const LINES: { [K in Kind]: (event: EventOf<K>) => Line } = {
  listening: ({ address, loopback }) =>
    loopback
      ? ['info', `listening on ${address}`]
      : [
          'warn',
          `listening on ${address}, which others reach without TLS: let only your proxy get there`,
        ],
  unsubscribed: (e) => [
    'info',
    `send ${e.sendId}: ${printable(e.token)} unsubscribed ${WAYS[e.way]}`,
  ],
  'unsubscribed-already': (e) => [
    'debug',
    `send ${e.sendId}: ${printable(e.token)} came again ${WAYS[e.way]}; they were unsubscribed already`,
  ],
  'taken-back': (e) => [
    'info',
    `send ${e.sendId}: ${printable(e.token)} took it back${e.stands ? '; another entry stands' : ''}`,
  ],
  'nothing-to-take-back': (e) => [
    'debug',
    `send ${e.sendId}: ${printable(e.token)} had nothing to take back${e.stands ? '; another entry stands' : ''}`,
  ],
  'test-token': (e) => [
    'info',
    `send ${e.sendId}: ${printable(e.token)} is of a test mail, and changed nothing`,
  ],
  'foreign-token': (e) => [
    'info',
    `${printable(e.token)} is no token of ours; it came ${WAYS[e.way]}`,
  ],
  refused: (e) => ['debug', `refused with ${e.status}: ${printable(e.reason)}`],
  'database-away': (e) => [
    'warn',
    `${printable(e.reason)}; answering 503 until the database is back`,
  ],
  'database-back': (e) => ['info', `database is back after ${(e.afterMs / 1000).toFixed(1)} s`],
  fault: (e) => ['error', `a fault of ours, answered with 500: ${printable(e.reason)}`],
  stopping: (e) => [
    'info',
    `stopping: ${plural(e.open, 'request')} under way may end, within ${e.drainSeconds} s`,
  ],
  stopped: (e) => [
    'info',
    `stopped: ${count(e.unsubscribed)} unsubscribed, ${count(e.takenBack)} taken back, ${plural(e.foreign, 'request')} with a token that is not ours`,
  ],
};

/**
 * Writes what `serve` tells to the log.
 * @param detailsOf what a line has beside its words
 */
export function logServeEvents(
  logger: Logger,
  detailsOf: (event: ServeEvent) => object,
): (event: ServeEvent) => void {
  return (event) => {
    const word = LINES[event.kind] as (event: ServeEvent) => Line;
    const [level, text] = word(event);
    logger[level](detailsOf(event), text);
  };
}

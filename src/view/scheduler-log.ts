import type { Logger } from 'pino';
import { durationInWords } from '../domain/duration.js';
import { unknownHint } from '../domain/progress.js';
import type { Report, SchedulerEvent } from '../domain/scheduler-events.js';
import { count, plural } from '../domain/text.js';
import { heldText, holdText } from '../domain/waiting.js';
import { printable } from './printable.js';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([name, value]) => value > 0 || name === 'sent')
    .map(([name, value]) => `${count(value)} ${name}`)
    .join(', ');

type Kind = SchedulerEvent['kind'];
type EventOf<K extends Kind> = Extract<SchedulerEvent, { kind: K }>;

type Line = [level: 'debug' | 'info' | 'warn' | 'error', text: string];

const draining = ({ onTheWire, drainSeconds }: EventOf<'stopping'>): string =>
  onTheWire === 0
    ? 'no message is on the wire'
    : `${plural(onTheWire, 'message')} on the wire may end, within ${drainSeconds} s`;

/** Words for each event: a line a batch, a line a message only at debug level. */
const LINES: { [K in Kind]: (event: EventOf<K>) => Line } = {
  started: (e) => [
    'info',
    `scheduler ${e.worker} started: ${plural(e.connections, 'connection')}, polling every ${e.pollSeconds} s`,
  ],
  'dkim-keys': (e) => [
    'info',
    e.keys.length === 0
      ? 'no DKIM key: messages are not signed here (campaign help dkim)'
      : `signs with ${e.keys.join(', ')}`,
  ],
  'dkim-doubt': (e) => ['warn', printable(e.reason)],
  unsigned: (e) => {
    const send = `send ${e.sendId} goes out unsigned`;
    if (e.because === 'off') return ['info', `${send}, as --dkim off says`];
    return e.because === 'no-keys'
      ? ['info', `${send}: there is no DKIM key`]
      : ['warn', `${send}: no DKIM key is of ${printable(e.domain)}`];
  },
  unsignable: (e) => [
    'warn',
    `send ${e.sendId} waits: it is to be signed, and no scheduler has a DKIM key of ${printable(e.domain)}`,
  ],
  claimed: (e) => ['debug', `send ${e.sendId}: claimed for a batch of up to ${e.batchSize}`],
  'session-opened': (e) => [
    'debug',
    `send ${e.sendId}: message compiled; ${plural(e.open, 'send')} in memory`,
  ],
  'batch-ended': (e) => {
    const { sent, failed, unknown, deferred, returned, skipped } = e;
    const figures = counted({ sent, failed, unknown, deferred, returned, skipped });
    const end = e.status === 'running' ? '' : `; send is ${e.status}`;
    const hint = unknownHint(e.sendId, e.status, e.unknownInAll);
    return [
      unknown > 0 || hint ? 'warn' : 'info',
      `send ${e.sendId}: batch of ${figures} in ${seconds(e.ms)}${end}${hint ? `; ${hint}` : ''}`,
    ];
  },
  message: (e) => [
    'debug',
    `send ${e.sendId}: ${printable(e.email)} ${e.outcome}: ${printable(e.text)}`,
  ],
  'paused-itself': (e) => ['error', `send ${e.sendId} paused itself: ${printable(e.reason)}`],
  'claim-lost': (e) => [
    'warn',
    `send ${e.sendId}: claim lost to another worker; ${plural(e.settledLate, 'late result')} settled`,
  ],
  held: (e) => [
    'warn',
    `send ${e.sendId} is ${printable(heldText(e.by, e.silentMs, e.takenOverAt, e.now))}, at ${e.takenOverAt.toISOString()}`,
  ],
  reclaimed: (e) => [
    'warn',
    `send ${e.sendId}: took over the stale claim of ${e.from ?? 'nobody'}; ${plural(e.unknown, 'recipient is', 'recipients are')} unknown`,
  ],
  'taken-over': (e) => {
    const { sent, failed, deferred, returned, unknown } = e;
    const figures = counted({ sent, failed, deferred, returned, unknown });
    return ['warn', `send ${e.sendId}: ${e.from} is dead; took its claim over: ${figures}`];
  },
  'settled-late': (e) => [
    'info',
    `send ${e.sendId}: ${e.settled} unknown recipients settled by what ${e.from} had recorded`,
  ],
  'no-recorder': (e) => [
    'warn',
    `no flight recorder: ${printable(e.reason)}; should this process be killed, all messages in its hands become unknown`,
  ],
  // Cron's runs are to print nothing for it, minute after minute.
  'no-life-sign': (e) => [
    'info',
    `no state folder (CAMPAIGN_STATE_DIR): ${printable(e.reason)}; should this process be killed, all messages in its hands become unknown, and in a container its claims stand for five minutes`,
  ],
  'reads-may-lag': (e) => [
    'warn',
    `${printable(e.reason)}; who is suppressed on another node may be mailed until this one has heard of it`,
  ],
  'not-suppressed': (e) => [
    'warn',
    `send ${e.sendId}: addresses without a mailbox could not be suppressed: ${printable(e.reason)}`,
  ],
  'files-not-removed': (e) => [
    'warn',
    `files of sends that ended long ago could not be removed: ${printable(e.reason)}`,
  ],
  'server-trouble': (e) => [
    'warn',
    `SMTP server: ${printable(e.reason)}; backing off ${seconds(e.waitMs)}`,
  ],
  'relay-held': ({ hold: kind, reason, until, waitMs }) => [
    'warn',
    printable(holdText({ kind, reason, until }, new Date(until.getTime() - waitMs))),
  ],
  'relay-free': (e) => [
    'info',
    `relay ${e.relay} is held no more, after ${durationInWords(e.heldMs / 1000)}`,
  ],
  'first-tries-deferred': (e) => [
    'warn',
    `SMTP server put ${plural(e.rows, 'first try', 'first tries')} off alike: ${printable(e.reason)}; one is tried again in ${durationInWords(e.waitMs / 1000)}, before anything new`,
  ],
  greylisting: (e) => [
    'info',
    `a second try was accepted, so that was greylisting: ${printable(e.reason)}`,
  ],
  'commands-ahead-given-up': (e) => [
    'warn',
    e.way === 'pipelining'
      ? 'SMTP server: offers PIPELINING, but left commands sent ahead without a reply; on new connections each command waits for the reply to the last'
      : 'SMTP server: seems not to bear the next message behind the dot of the last; each message waits for the reply to the last',
  ],
  'connections-learnt': (e) => {
    const taken = `SMTP server takes ${plural(e.connections, 'connection')} at a time`;
    return e.reason === ''
      ? ['info', `${taken} again`]
      : ['warn', `${taken}: going on with ${e.connections} (${printable(e.reason)})`];
  },
  'clock-jumped': (e) => [
    'warn',
    `the database's clock jumped ${e.ms < 0 ? 'back' : 'ahead'} by ${durationInWords(Math.abs(e.ms) / 1000)}: the relay's rates are kept by how much time really went by`,
  ],
  'rate-reached': (e) => [
    'info',
    `the relay's ${e.limit} are used up; going on in ${durationInWords(e.waitMs / 1000)}`,
  ],
  'database-away': (e) => ['warn', `${printable(e.reason)}; trying again in ${seconds(e.waitMs)}`],
  'database-back': (e) => ['info', `database is back after ${seconds(e.afterMs)}`],
  fault: (e) => ['error', `send ${e.sendId}: batch ended in a fault: ${printable(e.reason)}`],
  stopping: (e) => [
    'info',
    `stopping: ${draining(e)}; a second Ctrl-C or SIGTERM ends at once: what is not recorded by then is unknown, and its send stands for ${durationInWords(e.staleSeconds)}`,
  ],
  'drain-limit': (e) => [
    'warn',
    `drain limit reached; cutting ${plural(e.onTheWire, 'message')} short`,
  ],
  stopped: () => ['info', 'scheduler stopped'],
};

/**
 * Writes scheduler events to the log: a supplement, the database is the truth.
 * @param detailsOf what a line has beside its words
 */
export function logSchedulerEvents(
  logger: Logger,
  detailsOf: (event: SchedulerEvent) => object,
): Report {
  return (event) => {
    // First, for there are as many of these as messages.
    if (event.kind === 'message' && !logger.isLevelEnabled('debug')) return;
    const word = LINES[event.kind] as (event: SchedulerEvent) => Line;
    const [level, text] = word(event);
    logger[level](detailsOf(event), text);
  };
}

import { z } from 'zod';
import { line } from './log-line.js';
import { count, id, timestamp } from './parts.js';

const send = id.describe('number of the send');
const ms = z.int().min(0).describe('milliseconds');
const reason = z.string().describe('why; it may hold a server’s words');
const relay = z.string().describe('name of the relay');
const HOLDER = 'the worker that held the claim';
const from = z.string().describe(HOLDER);

/** A line of the scheduler's log. */
export const logLineSchema = z
  .discriminatedUnion('event', [
    line('started', 'the scheduler started', {
      worker: z.string().describe('its name, as in `claimedBy`'),
      connections: count.describe('SMTP connections'),
      pollSeconds: count.describe('how often it looks for work'),
    }),
    line('dkim-keys', 'what messages are signed with', {
      keys: z
        .array(z.string())
        .describe('where the public keys are looked for, with what each is; empty: unsigned'),
    }),
    line('dkim-doubt', 'what a DKIM key should be and is not', { reason }),
    line('unsigned', 'a send goes out without a DKIM signature of ours', {
      sendId: send,
      domain: z.string().describe('domain of From'),
      because: z
        .enum(['off', 'no-keys', 'no-key'])
        .describe('the send says so, there are no keys, or none is of its domain'),
    }),
    line('unsignable', 'a send waits for a scheduler with a DKIM key of its domain', {
      sendId: send,
      domain: z.string().describe('domain of From'),
    }),
    line('claimed', 'a batch begins', {
      sendId: send,
      batchSize: count.describe('messages of the batch, at most'),
    }),
    line('session-opened', 'a message was compiled', {
      sendId: send,
      open: count.describe('sends in memory'),
    }),
    line('batch-ended', 'a batch has ended', {
      sendId: send,
      status: z.string().describe('status of the send'),
      sent: count.describe('accepted'),
      failed: count.describe('refused'),
      unknown: count.describe('it cannot be known'),
      deferred: count.describe('refused for now'),
      returned: count.describe('given back untouched'),
      limited: count.describe('given back untouched, for the relay took no more'),
      skipped: count.describe('suppressed, and so not mailed'),
      unknownInAll: count.describe('unknown recipients of the whole send'),
      ms,
    }),
    line('message', 'what came of a message', {
      sendId: send,
      email: z.string().describe('the recipient'),
      outcome: z.string().describe('sent, failed, unknown, deferred, returned or limited'),
      text: z.string().describe('the server’s words'),
    }),
    line('paused-itself', 'a send paused itself', { sendId: send, reason }),
    line('claim-lost', 'another worker took a claim over', {
      sendId: send,
      settledLate: count.describe('results that were recorded all the same'),
    }),
    line('held', 'a worker that holds a claim shows no sign of life', {
      sendId: send,
      by: z.string().describe('that worker'),
      silentMs: ms,
      now: timestamp.describe('by the clock of the database'),
      takenOverAt: timestamp.describe('when its claim ends'),
    }),
    line('reclaimed', 'a stale claim was taken over', {
      sendId: send,
      from: z.string().nullable().describe(HOLDER),
      unknown: count.describe('recipients that are unknown now'),
    }),
    line('taken-over', 'a dead worker’s claim was taken over', {
      sendId: send,
      from: z.string().nullable().describe(HOLDER),
      recorded: z.boolean().describe('whether it left a flight recorder'),
      sent: count.describe('accepted'),
      failed: count.describe('refused'),
      deferred: count.describe('refused for now'),
      returned: count.describe('given back untouched'),
      unknown: count.describe('it cannot be known'),
    }),
    line('settled-late', 'a flight recorder settled unknown recipients', {
      sendId: send,
      from,
      settled: count.describe('how many'),
    }),
    line('no-recorder', 'there is no flight recorder', { reason }),
    line('no-life-sign', 'there is no state folder', { reason }),
    line('reads-may-lag', 'what was acknowledged on another node may not be seen for a moment', {
      reason,
    }),
    line('not-suppressed', 'addresses that have no mailbox could not be suppressed', {
      sendId: send,
      reason,
    }),
    line('files-not-removed', 'files of sends that ended long ago could not be removed', {
      reason,
    }),
    line('server-trouble', 'the SMTP server is in trouble', { reason, waitMs: ms }),
    line('relay-held', 'the relay is held: nothing starts but a probe', {
      relay,
      hold: z.enum(['rate', 'quota', 'operator']).describe('what holds it'),
      reason,
      until: timestamp.describe('when it is tried again, by the clock of the database'),
      waitMs: ms,
    }),
    line('relay-free', 'the relay is held no more', { relay, heldMs: ms }),
    line('first-tries-deferred', 'first tries were put off alike, one is tried again', {
      rows: count.describe('how many'),
      reason,
      waitMs: ms,
    }),
    line('greylisting', 'a second try was accepted', { reason }),
    line('commands-ahead-given-up', 'the SMTP server does not bear commands sent ahead', {
      way: z.enum(['pipelining', 'behindDot']).describe('which ones'),
    }),
    line('connections-learnt', 'how many connections the SMTP server takes', {
      connections: count.describe('how many are used from now on'),
      reason,
    }),
    line('clock-jumped', 'the clock of the database jumped', {
      ms: z.int().describe('milliseconds, less than 0 where it was set back'),
    }),
    line('rate-reached', 'the rate of the relay is used up for now', {
      limit: z.string().describe('which one'),
      waitMs: ms,
    }),
    line('database-away', 'the database went away', { reason, waitMs: ms }),
    line('database-back', 'the database is back', { afterMs: ms }),
    line('fault', 'a batch ended in a fault', { sendId: send, reason }),
    line('stopping', 'the scheduler stops', {
      onTheWire: count.describe('messages that may still end'),
      drainSeconds: count.describe('within this time'),
      staleSeconds: count.describe('how long a claim stands when nobody renews it'),
    }),
    line('drain-limit', 'messages were cut short', {
      onTheWire: count.describe('how many'),
    }),
    line('stopped', 'the scheduler has stopped', {}),
  ])
  .meta({ title: 'a line of the scheduler’s log' });

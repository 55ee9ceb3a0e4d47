import { z } from 'zod';
import { DKIM_MODES } from '../../domain/dkim.js';
import { SHOWN_STATUSES } from '../../domain/send.js';
import { count, id, timestamp } from './parts.js';

export const progressSchema = z
  .object({
    id: id.describe('number of the send'),
    name: z.string().describe('what the send is called; its subject, unless it was given a name'),
    status: z
      .enum(SHOWN_STATUSES)
      .describe('`scheduled`: it is running, and its start is ahead; see `campaign help states`'),
    reason: z.string().nullable().describe('why it has that status, where somebody said so'),
    total: count.describe('all recipients: sent + failed + unknown + skipped + pending + sending'),
    sent: count.describe('the server accepted their message'),
    failed: count.describe('refused'),
    unknown: count.describe('it cannot be known whether the server accepted their message'),
    skipped: count.describe(
      'never tried: suppressed, declined by the list itself, or lacking a cell that their message prints',
    ),
    pending: count.describe('not accepted yet'),
    sending: count.describe("in a worker's hands right now"),
    batchSize: z.int().min(1).describe('messages a batch, at most'),
    delayMs: count.describe('milliseconds between the starts of two messages'),
    cooldownSeconds: count.describe('seconds between two batches'),
    lastBatchAt: timestamp
      .nullable()
      .describe('when the last batch ended; the next one waits from here'),
    claimedBy: z.string().nullable().describe('the worker that holds the send'),
    claimedAt: timestamp.nullable().describe('when that worker last renewed its claim'),
    ratePerSecond: z
      .number()
      .min(0)
      .nullable()
      .describe('messages a second within the last minute; null when none was accepted'),
    etaSeconds: count
      .nullable()
      .describe('seconds to the end at the rate of late, or at the fastest that the pacing allows'),
    waiting: z
      .object({
        for: z
          .enum([
            'cooldown',
            'start',
            'retry',
            'server',
            'scheduler',
            'paused',
            'takeover',
            'quota',
            'rate',
            'dkim',
          ])
          .describe(
            'the pause between batches, the start, deferred recipients, the SMTP server, a scheduler to be started, `resume`, the end of a dead worker’s claim, the relay, which takes no more for hours (or is held by `campaign relay --hold`) or for minutes, or a scheduler with a DKIM key of its domain',
          ),
        until: timestamp.nullable().describe('when it ends, where that is known'),
        text: z.string().describe('a line for people; it may hold a server’s words'),
      })
      .nullable()
      .describe('why nothing is sent now; null when something is'),
    createdAt: timestamp.describe('when it was queued'),
    startAt: timestamp.nullable().describe('not before this time'),
    startedAt: timestamp.nullable().describe('when the first batch began'),
    finishedAt: timestamp.nullable().describe('when it was completed or cancelled'),
    topic: z.string().describe('what it is about, for a no to that alone; empty: nothing'),
    dkim: z
      .enum(DKIM_MODES)
      .describe('whether its messages are signed: where there is a key, always, or never'),
    declined: count
      .nullable()
      .describe('of the skipped, those whom the list itself says not to write to'),
    rejected: count.nullable().describe('lines of the list that hold no address one can mail'),
    duplicates: count.nullable().describe('lines with an address that the list had before'),
    filtered: count.nullable().describe('lines that `--where` left out'),
    blank: count
      .nullable()
      .describe(
        'lines with nothing in them; lines read = total + rejected + duplicates + filtered + blank, which are null until the import has ended',
      ),
    version: z.int().min(1).describe('of its message: 1 as it was queued, one more with each edit'),
    testOf: count
      .nullable()
      .describe(
        'of test mails: the send whose message they show, or 0 where that was never queued; null for a send of a list',
      ),
  })
  .meta({ title: 'how a send stands' });

import { z } from 'zod';
import { DKIM_MODES } from '../../domain/dkim.js';
import { SHOWN_STATUSES } from '../../domain/progress.js';
import { RECIPIENT_STATUSES } from '../../domain/states.js';
import { ERROR_CODES, type ErrorCode } from '../../errors.js';
import type { Shape } from '../shapes.js';
import { logLineSchema } from './log.js';
import { lintSchema, previewSchema, testSchema } from './messages.js';
import { count, id, line, timestamp } from './parts.js';
import { serveLineSchema } from './serve-log.js';
import {
  forgetSchema,
  suppressionCheckSchema,
  suppressionsSchema,
  suppressSchema,
} from './suppressions.js';

/*
 * What the functions beside this file make, key by key, for `campaign schema`, README and the tests. Loading zod takes
 * as long as a short command: nothing else may import this file.
 */

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

export const recipientSchema = z
  .object({
    email: z.string().describe('the address as the list has it'),
    status: z.enum(RECIPIENT_STATUSES).describe('see `campaign help states`'),
    attempts: count.describe('how often the server was given the message'),
    smtpCode: z.int().nullable().describe('code of the last reply, such as 250 or 550'),
    enhancedCode: z.string().nullable().describe('its enhanced code (RFC 3463), such as 5.1.1'),
    error: z.string().nullable().describe('what the server said last, other than of acceptance'),
    messageId: z
      .string()
      .nullable()
      .describe('Message-ID, the same on every attempt; null when there was none'),
    sentAt: timestamp.nullable().describe('when the server accepted the message'),
    response: z.string().nullable().describe('what the server said last, whatever it was'),
    version: z
      .int()
      .min(1)
      .nullable()
      .describe('which version of the message the last attempt was made with; null when none was'),
  })
  .meta({ title: 'a recipient, and what became of it' });

export const recipientsSchema = z
  .object({
    recipients: z.array(recipientSchema).describe('in the order of the list'),
    next: z.string().nullable().describe('cursor for `--after`; null on the last page'),
  })
  .meta({ title: 'a page of recipients, with `--all` every one' });

export const eventSchema = z
  .object({
    id: id.describe('number of the event'),
    at: timestamp.describe('when it happened'),
    event: z
      .string()
      .meta({
        examples: [
          'queued',
          'imported',
          'claimed',
          'reclaimed',
          'released',
          'paused',
          'resumed',
          'cancelled',
          'controls',
          'edited',
          'resolved',
          'retried',
          'completed',
          'held',
          'hold-ended',
          'relay-limits',
        ],
      })
      .describe('what happened'),
    actor: z.string().describe('who did it: `user@host`, or a worker'),
    reason: z.string().nullable().describe('why, where somebody said so'),
    details: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('figures of the event, such as what the pacing was and is'),
  })
  .meta({ title: 'something that happened to a send' });

export const queueSchema = z
  .object({
    id: id.nullable().describe('number of the send; null in a dry run'),
    status: z
      .enum([...SHOWN_STATUSES, 'dry-run'])
      .describe('`cancelled` when the import was interrupted'),
    total: count.describe('recipients, without the rejected and the duplicates'),
    rejected: count.nullable().describe('lines that hold no address one can mail'),
    duplicates: count
      .nullable()
      .describe('lines with an address that the list had before; null when not all were compared'),
    suppressed: count
      .nullable()
      .describe('of the total, those in CAMPAIGN_SUPPRESSIONS; null in a dry run'),
    declined: count
      .nullable()
      .describe(
        'of the total, those whom a column of the list says not to write to, skipped; null when not all were compared',
      ),
    filtered: count.nullable().describe('lines that `--where` left out'),
    blank: count
      .nullable()
      .describe(
        'lines with nothing in them; lines read = total + rejected + duplicates + filtered + blank',
      ),
    missing: count
      .nullable()
      .describe(
        'of the total, those for whom a cell that their message prints is empty: blank there, or skipped with `--missing skip`; null when not all were compared',
      ),
    alreadyQueued: z
      .boolean()
      .describe('whether an earlier `queue` with the same key had created the send'),
    idnConverted: count
      .nullable()
      .describe('addresses whose domain was converted to A-labels; null when no list was read'),
    needSmtpUtf8: count
      .nullable()
      .describe('addresses that only a server with SMTPUTF8 takes; null when no list was read'),
    encoding: z
      .string()
      .nullable()
      .describe('what the list was read as (`utf-8`, `windows-1252`, …); null when it was not'),
    headerLine: line
      .nullable()
      .describe('line of the list’s header, from 1; null when no list was read'),
    looksEncodedTwice: z
      .object({
        cells: z.int().min(1).describe('how many'),
        line: line.describe('line of the first one'),
        cell: z.string().describe('the first one'),
        probably: z.string().describe('what it probably was'),
      })
      .nullable()
      .describe('cells such as `MÃ¼ller` for `Müller`; null when there are none'),
  })
  .meta({ title: 'what became of a list' });

export const verdictSchema = z
  .object({
    id: id.describe('number of the send'),
    ok: z.boolean().describe('whether the books balance'),
    contradictions: z
      .array(
        z.object({
          what: z.string().describe('which figure, or what kind of row'),
          expected: z.union([z.string(), z.number()]).describe('by the ledger'),
          found: z.union([z.string(), z.number()]).describe('in the books'),
        }),
      )
      .describe('what the ledger does not bear out'),
  })
  .meta({ title: 'whether a send’s books balance' });

export const relaySchema = z
  .object({
    name: z.string().describe('`default` is that of CAMPAIGN_SMTP_URL'),
    rates: z
      .array(
        z.object({
          limit: z.string().describe('as it was given, such as `500/h`'),
          perSeconds: z.number().min(1).describe('its window'),
          used: count.describe('starts within the window that ends now'),
          left: count.describe('how many may start now'),
        }),
      )
      .describe('how much may be sent over it'),
    connections: z.int().min(1).nullable().describe('at most so many over all hosts; null: any'),
    heldUntil: timestamp
      .nullable()
      .describe('when it is tried again, or its operator’s hold ends; null when it is not held'),
    holdKind: z
      .enum(['rate', 'quota', 'operator'])
      .nullable()
      .describe(
        'whose hold it is: the relay takes no more for minutes, for hours, or the operator',
      ),
    holdReason: z.string().nullable().describe('the relay’s words, or the operator’s'),
    heldSince: timestamp.nullable().describe('when that began'),
    probes: count.nullable().describe('how often it was tried since, and said the same'),
    lastAcceptedAt: timestamp
      .nullable()
      .describe('when it last accepted a message, to within seconds'),
  })
  .meta({ title: 'a relay: how much it takes, and what holds it' });

export const migrateSchema = z
  .object({
    applied: z.array(z.string()).describe('DDL files that this run applied, in their order'),
  })
  .meta({ title: 'what a migration did' });

export const sandboxSchema = z
  .object({
    running: z.boolean().describe('whether both servers run'),
    directory: z.string().describe('where the sandbox keeps its data'),
    mail: z.string().describe('folder of the captured messages, a file each'),
    captured: count.describe('how many there are'),
    databaseUrl: z
      .string()
      .nullable()
      .describe('for CAMPAIGN_DATABASE_URL; null when the database does not run'),
    smtpUrl: z
      .string()
      .nullable()
      .describe('for CAMPAIGN_SMTP_URL; null when the SMTP server does not run'),
  })
  .meta({ title: 'a sandbox' });

export const errorSchema = z
  .object({
    code: z
      .enum(Object.keys(ERROR_CODES) as ErrorCode[])
      .describe('see `campaign help exit-codes`'),
    message: z.string().describe('what is wrong; it names the input'),
    remedy: z.string().nullable().describe('what to do about it'),
  })
  .meta({ title: 'an error, the last line of stderr' });

/** One way in which a shape is printed. */
export interface Printed {
  /** Key of the option that makes it so, in commands that have it. */
  readonly when?: string;
  readonly as: 'document' | 'lines';
  /** Where it is printed, other than on stdout. */
  readonly on?: 'stderr';
  readonly schema: z.ZodType;
}

/** Each shape's ways, the usual one first. */
export const PRINTED: Readonly<Record<Shape, readonly Printed[]>> = {
  progress: [
    { as: 'document', schema: progressSchema },
    { when: 'watch', as: 'lines', schema: progressSchema },
  ],
  list: [{ as: 'document', schema: z.array(progressSchema) }],
  recipients: [{ as: 'document', schema: recipientsSchema }],
  events: [
    { as: 'document', schema: z.array(eventSchema) },
    { when: 'follow', as: 'lines', schema: eventSchema },
  ],
  verify: [
    { as: 'document', schema: verdictSchema },
    { when: 'all', as: 'document', schema: z.array(verdictSchema) },
  ],
  queue: [{ as: 'document', schema: queueSchema }],
  preview: [{ as: 'document', schema: previewSchema }],
  test: [{ as: 'document', schema: testSchema }],
  lint: [{ as: 'document', schema: lintSchema }],
  suppress: [{ as: 'document', schema: suppressSchema }],
  suppressed: [{ as: 'document', schema: z.array(suppressionCheckSchema) }],
  suppressions: [{ as: 'document', schema: suppressionsSchema }],
  relay: [{ as: 'lines', schema: relaySchema }],
  forget: [{ as: 'document', schema: forgetSchema }],
  migrate: [{ as: 'document', schema: migrateSchema }],
  sandbox: [{ as: 'document', schema: sandboxSchema }],
  log: [{ as: 'lines', on: 'stderr', schema: logLineSchema }],
  'serve-log': [{ as: 'lines', on: 'stderr', schema: serveLineSchema }],
};

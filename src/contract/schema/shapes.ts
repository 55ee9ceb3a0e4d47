import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../errors.js';
import type { Shape } from '../shapes.js';
import { logLineSchema } from './log.js';
import { lintSchema, previewSchema, testSchema } from './messages.js';
import { count, id, timestamp } from './parts.js';
import { progressSchema } from './progress.js';
import { queueSchema } from './queue.js';
import { recipientsSchema } from './recipients.js';
import { relaySchema } from './relay.js';
import { serveLineSchema } from './serve-log.js';
import {
  forgetSchema,
  suppressionCheckSchema,
  suppressionsSchema,
  suppressSchema,
} from './suppressions.js';

/*
 * What the functions of the folder above make, key by key, for `campaign schema`, README and the tests: here what is
 * small, the others in files beside this one. Loading zod takes as long as a short command: nothing else may import them.
 */

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

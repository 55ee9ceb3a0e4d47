import { z } from 'zod';
import { RECIPIENT_STATUSES } from '../../domain/states.js';
import { count, id, line, timestamp } from './parts.js';

export const suppressSchema = z
  .object({
    changed: count.describe('entries that were written, or removed'),
    unchanged: count.describe('of those named, what was so already'),
    rejected: count.describe('what was named and is no address and no domain'),
    rejections: z
      .array(
        z.object({
          line: line.nullable().describe('of a file or of standard input; null of an argument'),
          value: z.string().describe('what stands there'),
          reason: z.string().describe('why it is none'),
        }),
      )
      .describe('the first hundred of them'),
    leftOut: count.describe('rows of a list whose columns say that they may be mailed'),
    dryRun: z.boolean().describe('whether it was only counted'),
    saved: z
      .string()
      .nullable()
      .describe('file from which `suppress import` puts back what was removed; null without one'),
  })
  .meta({ title: 'what a change of the suppressions came to' });

export const suppressionSchema = z
  .object({
    email: z.string().describe('the address in its normal form, or `@example.org`: a whole domain'),
    topic: z.string().describe('to what the no is; empty: to everything'),
    reason: z.string().describe('why, in the words that were given'),
    source: z.string().describe('what wrote it'),
    since: timestamp.describe('since when'),
  })
  .meta({ title: 'somebody who must not be mailed' });

export const suppressionCheckSchema = z
  .object({
    email: z.string().describe('the address as it was given'),
    suppressed: z.boolean().describe('whether anything keeps it from being mailed'),
    topic: z.string().nullable().describe('of the oldest entry: empty for everything'),
    reason: z.string().nullable().describe('of the oldest entry: why'),
    source: z.string().nullable().describe('of the oldest entry: what wrote it'),
    since: timestamp.nullable().describe('of the oldest entry: since when'),
    entries: z.array(suppressionSchema).describe('all of them, the oldest first'),
  })
  .meta({ title: 'whether somebody may be mailed' });

export const suppressionsSchema = z
  .object({
    suppressions: z.array(suppressionSchema).describe('in the order of their addresses'),
    next: z.string().nullable().describe('cursor for `--after`; null on the last page'),
  })
  .meta({ title: 'a page of those who must not be mailed, with `--all` every one' });

export const forgetSchema = z
  .object({
    email: z.string().describe('the address in its normal form'),
    rows: z
      .array(
        z.object({
          id: id.describe('number of the send'),
          name: z.string().describe('what the send is called'),
          email: z.string().describe('the address as the list had it'),
          status: z.enum(RECIPIENT_STATUSES).describe('what became of it'),
          fields: z
            .record(z.string(), z.unknown())
            .nullable()
            .describe('the other columns of the list'),
          response: z
            .string()
            .nullable()
            .describe('the words of the server, or why there are none'),
          sentAt: timestamp.nullable().describe('when the server accepted the message'),
          files: z
            .array(z.string())
            .describe('names of the files that went with that message alone'),
        }),
      )
      .describe('what the ledgers hold, as it was'),
    events: count.describe('events whose words name the address'),
    suppressions: z
      .array(suppressionSchema)
      .describe('what keeps the address from being mailed; it stays'),
    blanked: count.describe('rows and events that were blanked'),
    left: count.describe('rows that are to be mailed yet, and were left as they are'),
  })
  .meta({ title: 'what is held of somebody' });

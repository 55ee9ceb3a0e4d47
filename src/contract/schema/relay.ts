import { z } from 'zod';
import { count, timestamp } from './parts.js';

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

import { z } from 'zod';
import { RECIPIENT_STATUSES } from '../../domain/states.js';
import { count, timestamp } from './parts.js';

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

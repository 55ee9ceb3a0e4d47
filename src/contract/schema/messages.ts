import { z } from 'zod';
import { LINT_RULE_NAMES } from '../../domain/lint.js';
import { LINT_SEVERITIES } from '../../domain/lint-rules.js';
import { RECIPIENT_STATUSES } from '../../domain/states.js';
import { count, id } from './parts.js';

export const previewSchema = z
  .object({
    row: z.int().min(1).describe('where the recipient stands in the list'),
    envelope: z
      .object({
        from: z.string().describe('MAIL FROM: where bounces go'),
        to: z.string().describe('RCPT TO, its domain as A-labels'),
        utf8: z.boolean().describe('whether only a server with SMTPUTF8 takes it'),
      })
      .describe('what the SMTP server is told'),
    headers: z
      .array(
        z.object({
          name: z.string().describe('as it is written'),
          value: z
            .string()
            .describe('decoded and unfolded; of Date and Message-ID a word in their place'),
        }),
      )
      .describe('in their order'),
    text: z.string().nullable().describe('the text part; null when there is none'),
    html: z.string().nullable().describe('the HTML part; null when there is none'),
    attachments: z
      .array(
        z.object({
          name: z.string().nullable().describe('its file name'),
          type: z.string().describe('its media type'),
          bytes: count.describe('as a receiver saves it'),
          cid: z.string().nullable().describe('Content-ID by which the HTML shows it'),
        }),
      )
      .describe('all other parts'),
  })
  .meta({ title: 'one recipient’s message as it would arrive' });

export const testSchema = z
  .object({
    id: id.describe('number of the send that the test mails are'),
    of: id.nullable().describe('the send that is tested; null for one that was never queued'),
    recipients: z
      .array(
        z.object({
          email: z.string().describe('who gets it'),
          row: z.int().min(1).describe('whom it is about: the place in the list that is tested'),
          status: z.enum(RECIPIENT_STATUSES).describe('see `campaign help states`'),
          smtpCode: z.int().nullable().describe('code of the last reply'),
          response: z.string().nullable().describe('what the server said last'),
          messageId: z.string().nullable().describe('Message-ID; null when it was not tried'),
        }),
      )
      .describe('a test mail each'),
  })
  .meta({ title: 'test mails, and what the server said to each' });

const lintRule = z.enum(LINT_RULE_NAMES).describe('see `campaign help lint`; more may come');

const lintFindingSchema = z.object({
  rule: lintRule,
  severity: z.enum(LINT_SEVERITIES).describe('how bad it is; `info` is good to know'),
  message: z.string().describe('what is wrong, a line for people; it may hold what a list says'),
  remedy: z.string().describe('what to do about it'),
  where: z
    .string()
    .describe('where it is: `news.html line 12`, `news.html, row 3`, `the header From`'),
});

export const lintSchema = z
  .object({
    findings: z.array(lintFindingSchema).describe('the worst first'),
    rows: count.describe('rows of the list that were looked at, from the first'),
    ignored: z.array(lintRule).describe('rules that were left out'),
  })
  .meta({ title: 'what is wrong with a message' });

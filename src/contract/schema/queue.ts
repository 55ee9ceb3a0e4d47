import { z } from 'zod';
import { SHOWN_STATUSES } from '../../domain/send.js';
import { count, id, line } from './parts.js';

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

import { EXPORT_HEADER } from '../domain/suppression-csv.js';
import { addressHeaderRank } from './address-headers.js';

/** Which cells of a row say what, by their index; none where nothing says it. */
export interface SuppressionColumns {
  /** Best first: of a row the first that holds something counts. */
  email: readonly number[];
  reasons: readonly number[];
  dates: readonly number[];
  /** Of our own export alone, which has these and may name whole domains. */
  own: { topic: number; source: number } | null;
}

/** Headers of exports of suppressions, by letters and digits alone, with where they are found. */
const HEADERS: readonly { source: string; reason?: string; date?: string }[] = [
  { source: 'our own export', reason: 'reason', date: 'since' },
  {
    source:
      'SendGrid, bounces, blocks, invalid emails, spam reports, unsubscribes (https://www.twilio.com/docs/sendgrid/api-reference/bounces-api): status,reason,email,created',
    reason: 'status | reason',
    date: 'created',
  },
  {
    source:
      'Mailgun, bounces, complaints, unsubscribes (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/bounces): address,code,error,created_at',
    reason: 'code | error',
    date: 'createdat',
  },
  {
    source:
      'Amazon SES, account suppression list (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html): EmailAddress, Reason, LastUpdateTime',
    reason: 'reason',
    date: 'lastupdatetime',
  },
  {
    source:
      'Postmark, suppressions (https://postmarkapp.com/developer/api/suppressions-api): EmailAddress, SuppressionReason, Origin, CreatedAt',
    reason: 'suppressionreason',
    date: 'createdat',
  },
  {
    source:
      'Mailchimp, unsubscribed and cleaned members (https://mailchimp.com/help/view-export-contacts/)',
    reason: 'unsubreason | unsubcampaigntitle | cleancampaigntitle',
    date: 'unsubtime | cleantime',
  },
  {
    source:
      'Brevo, blocked contacts (https://developers.brevo.com/reference/get-transac-blocked-contacts): email, reason, blockedAt',
    reason: 'reason | blockreason',
    date: 'blockedat | blockedon',
  },
  {
    source:
      'Others: SparkPost, Mailjet, Elastic Email, Klaviyo, Campaign Monitor, MailerLite, listmonk',
    reason:
      'description | type | suppressionstatus | unsubscribereason | bouncereason | suppressionreason',
    date: `
      created | updated | date | timestamp | unsubscribed | unsubscribedat | unsubscribedate | dateunsubscribed | bouncedat |
      suppressedat | suppressiontimestamp | addedat | dateadded | optoutdate`,
  },
];

const bare = (header: string): string => header.toLowerCase().replace(/[^a-z0-9]/g, '');

const namesOf = (kind: 'reason' | 'date'): ReadonlySet<string> =>
  new Set(HEADERS.flatMap((row) => (row[kind] ?? '').split('|').map((name) => name.trim())));

const REASONS = namesOf('reason');
const DATES = namesOf('date');
/** Mailgun's and others', which in a list of customers is where somebody lives. */
const ADDRESSES: ReadonlySet<string> = new Set(['address', 'recipient', 'to']);

/** Whether a header of suppressions names the address. */
export const isSuppressionAddress = (header: string): boolean =>
  addressHeaderRank(header) !== undefined || ADDRESSES.has(bare(header));

/** How the columns of an export are used; `email` is empty where none is known as that of the address. */
export function suppressionColumns(headers: readonly string[]): SuppressionColumns {
  const names = headers.map(bare);
  const where = (known: ReadonlySet<string>): number[] =>
    [...names.keys()].filter((index) => known.has(names[index] as string));
  const ranked = headers
    .map((header, index) => ({ index, rank: addressHeaderRank(header) }))
    .filter((column): column is { index: number; rank: number } => column.rank !== undefined)
    .sort((a, b) => a.rank - b.rank)
    .map(({ index }) => index);
  const isOwn = EXPORT_HEADER.every((name) => names.includes(name));
  return {
    email: ranked.length > 0 ? ranked : where(ADDRESSES),
    reasons: where(REASONS),
    dates: where(DATES),
    own: isOwn ? { topic: names.indexOf('topic'), source: names.indexOf('source') } : null,
  };
}

const EPOCH_SECONDS = /^\d{9,10}(?:\.\d+)?$/;
const EPOCH_MS = /^\d{12,13}$/;
/** RFC 3339, and as databases write it; without an offset it is taken for UTC. */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/i;
/** RFC 5322 §3.3. */
const MAIL_DATE =
  /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[A-Z]{1,4}|[+-]\d{4})$/;

/** A moment in one of the ways in which providers write it; undefined for any other: of 3/4/2025 nobody knows the day. */
export function readMoment(cell: string): Date | undefined {
  const time = millisecondsOf(cell.trim());
  return Number.isFinite(time) && time > 0 ? new Date(time) : undefined;
}

function millisecondsOf(cell: string): number {
  if (EPOCH_SECONDS.test(cell)) return Math.round(Number(cell) * 1000);
  if (EPOCH_MS.test(cell)) return Number(cell);
  const [, day, clock = '00:00', fraction = '', zone = 'Z'] = ISO.exec(cell) ?? [];
  if (day) {
    const offset = /^(?:Z|UTC)$/i.test(zone) ? 'Z' : zone.replace(/^([+-]\d\d):?/, '$1:');
    const seconds = clock.length === 5 ? `${clock}:00` : clock;
    return Date.parse(`${day}T${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`);
  }
  return MAIL_DATE.test(cell) ? Date.parse(cell) : Number.NaN;
}

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ConsentDoubt, Decline } from '../../src/domain/declined.ts';
import { DeclineLog } from '../../src/list/decline-log.ts';
import { type ListOptions, openRecipients } from '../../src/list/recipient-list.ts';

interface Read {
  accepted: string[];
  rejected: number;
  filtered: number;
  blank: number;
  declines: Decline[];
  doubts: ConsentDoubt[];
}

async function read(
  text: string | Uint8Array,
  options: Partial<ListOptions> = {},
  pieceBytes = Number.POSITIVE_INFINITY,
): Promise<Read> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield bytes.subarray(at, Math.min(at + pieceBytes, bytes.length));
    }
  }
  const list = await openRecipients(chunks(), { name: 'list.csv', ...options });
  const result: Read = {
    accepted: [],
    rejected: 0,
    filtered: 0,
    blank: 0,
    declines: [],
    doubts: [],
  };
  try {
    for await (const batch of list.batches) {
      result.accepted.push(...batch.accepted.map(({ email }) => email));
      result.rejected += batch.rejected.length;
      result.filtered += batch.filtered;
    }
    for await (const page of list.declines(2)) result.declines.push(...page);
    result.blank = list.blank;
    result.doubts = list.doubts();
  } finally {
    await list.close();
  }
  return result;
}

const saidNo = ({ declines }: Read): string[] =>
  declines.map(({ norm, column, value }) => `${norm}: ${column} = ${value}`);

/** As these tools export their contacts, cut to a few columns. */
const EXPORTS: readonly [string, string, string[]][] = [
  [
    'Shopify',
    `Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,Phone,Accepts SMS Marketing,Total Spent,Tags
'6905432109876,Ann,Lee,ann@example.org,yes,Oslo,,no,12.00,
'6905432109877,Bob,Ray,bob@example.org,no,Bergen,,no,0.00,"vip, old"
`,
    ['bob@example.org: Accepts Email Marketing = no'],
  ],
  [
    'Brevo',
    `CONTACT ID;EMAIL;FIRSTNAME;LASTNAME;SMS;EMAIL_BLACKLISTED;SMS_BLACKLISTED;ADDED_TIME
1;ann@example.org;Ann;Lee;;No;Yes;01-02-2024
2;bob@example.org;Bob;Ray;;Yes;No;01-02-2024
`,
    ['bob@example.org: EMAIL_BLACKLISTED = Yes'],
  ],
  [
    'Mailchimp, the three files put together',
    `"Email Address","First Name",MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,CLEAN_TIME,LEID
ann@example.org,Ann,2,"2020-01-01 10:00:00",,,,,1
bob@example.org,Bob,2,"2020-01-01 10:00:00","2021-05-01 12:00:00",Spring,NORMAL,,2
cat@example.org,Cat,2,"2020-01-01 10:00:00",,,,"2022-05-01 12:00:00",3
`,
    [
      'bob@example.org: UNSUB_TIME = 2021-05-01 12:00:00',
      'bob@example.org: UNSUB_CAMPAIGN_TITLE = Spring',
      'bob@example.org: UNSUB_REASON = NORMAL',
      'cat@example.org: CLEAN_TIME = 2022-05-01 12:00:00',
    ],
  ],
  [
    'HubSpot',
    `"Record ID","First Name","Email","Unsubscribed from all email","Lead Status"
"1","Ann","ann@example.org","false","New"
"2","Bob","bob@example.org","true","Open"
"3","Cat","cat@example.org","",""
`,
    ['bob@example.org: Unsubscribed from all email = true'],
  ],
  [
    'Klaviyo',
    `Email,Klaviyo ID,First Name,Email Marketing Consent,Email Marketing Consent Timestamp,Email Suppressions
ann@example.org,01A,Ann,SUBSCRIBED,2024-01-01 10:00:00,[]
bob@example.org,01B,Bob,UNSUBSCRIBED,2024-01-01 10:00:00,[]
cat@example.org,01C,Cat,NEVER_SUBSCRIBED,,[]
dan@example.org,01D,Dan,SUBSCRIBED,2024-01-01 10:00:00,['USER_SUPPRESSED']
`,
    [
      'bob@example.org: Email Marketing Consent = UNSUBSCRIBED',
      'cat@example.org: Email Marketing Consent = NEVER_SUBSCRIBED',
      "dan@example.org: Email Suppressions = ['USER_SUPPRESSED']",
    ],
  ],
  [
    'Salesforce, a report and the data loader',
    `"First Name","Email","Email Opt Out","HASOPTEDOUTOFEMAIL"
"Ann","ann@example.org","0","false"
"Bob","bob@example.org","1","false"
"Cat","cat@example.org","0","true"
`,
    ['bob@example.org: Email Opt Out = 1', 'cat@example.org: HASOPTEDOUTOFEMAIL = true'],
  ],
  [
    'reasons alone, whatever their words',
    `Email,Unsubscribe Reason
ann@example.org,
bob@example.org,Not interested
cat@example.org,Subscribed by mistake
dan@example.org,Notifications too frequent
`,
    [
      'bob@example.org: Unsubscribe Reason = Not interested',
      'cat@example.org: Unsubscribe Reason = Subscribed by mistake',
      'dan@example.org: Unsubscribe Reason = Notifications too frequent',
    ],
  ],
  [
    'MailerLite',
    `Email,Name,Status,Subscribed,Location
ann@example.org,Ann,Active,2024-01-01,Oslo
bob@example.org,Bob,Unsubscribed,2024-01-01,Oslo
cat@example.org,Cat,Unconfirmed,,Oslo
dan@example.org,Dan,Junk,2024-01-01,Oslo
`,
    [
      'bob@example.org: Status = Unsubscribed',
      'cat@example.org: Status = Unconfirmed',
      'dan@example.org: Status = Junk',
    ],
  ],
  [
    'Constant Contact',
    `Email address,First name,Last name,Email status,Email permission status,Email Lists
ann@example.org,Ann,Lee,Active,Explicit,News
bob@example.org,Bob,Ray,Unsubscribed,Unsubscribed,News
`,
    [
      'bob@example.org: Email status = Unsubscribed',
      'bob@example.org: Email permission status = Unsubscribed',
    ],
  ],
  [
    'Wix',
    `First Name,Last Name,Email 1,Labels,Email subscriber status,SMS subscriber status
Ann,Lee,ann@example.org,,Subscribed,Never subscribed
Bob,Ray,bob@example.org,,Never subscribed,Never subscribed
`,
    ['bob@example.org: Email subscriber status = Never subscribed'],
  ],
  [
    'Substack',
    `email,active_subscription,expiry,plan,email_disabled,created_at
ann@example.org,false,,free,false,2024-01-15T10:00:00.000Z
bob@example.org,true,2026-12-01,paid,true,2024-01-15T10:00:00.000Z
`,
    ['bob@example.org: email_disabled = true'],
  ],
  [
    'Ghost',
    `id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at
1,ann@example.org,Ann,,true,,,2024-01-15T10:00:00.000Z
2,bob@example.org,Bob,,false,,,2024-01-15T10:00:00.000Z
`,
    ['bob@example.org: subscribed_to_emails = false'],
  ],
  [
    'listmonk',
    `uuid,email,name,attributes,status,created_at,updated_at
a,ann@example.org,Ann,{},enabled,2024-01-15,2024-01-15
b,bob@example.org,Bob,{},blocklisted,2024-01-15,2024-01-15
`,
    ['bob@example.org: status = blocklisted'],
  ],
  [
    'Dynamics 365',
    `(Do Not Modify) Contact,Full Name,Email,Do not allow Bulk Emails
a,Ann,ann@example.org,Allow
b,Bob,bob@example.org,Do Not Allow
`,
    ['bob@example.org: Do not allow Bulk Emails = Do Not Allow'],
  ],
];

describe("the list's own no", () => {
  it.each(EXPORTS)('is read in an export of %s', async (_, text, declines) => {
    const result = await read(text);
    expect(saidNo(result)).toEqual(declines);
    expect(result.doubts).toEqual([]);
  });

  it.each(['accepts_email_marketing', ' ACCEPTS EMAIL  MARKETING ', 'AcceptsEmailMarketing'])(
    'is found under %j too',
    async (header) => {
      const result = await read(`email,${header}\nann@example.org,no\n`);
      expect(result.declines).toHaveLength(1);
    },
  );

  it('is not asked for where the list is to be sent to all', async () => {
    const text = 'email,accepts_email_marketing\nann@example.org,no\n';
    expect((await read(text, { ignoreDeclined: true })).declines).toEqual([]);
  });

  it('is heard on lines that are rejected or left out, for every address in the cell', async () => {
    const result = await read(
      `email,city,subscribed
ann@example.org; Bob <bob@example.org>,Oslo,no
cat@example.org,Bergen,no
dan@example.org,Oslo,yes
`,
      { where: () => (_, values) => values('city') === 'Oslo' },
    );
    expect(result).toMatchObject({ accepted: ['dan@example.org'], rejected: 1, filtered: 1 });
    expect(result.declines.map(({ norm }) => norm)).toEqual([
      'ann@example.org',
      'bob@example.org',
      'cat@example.org',
    ]);
  });

  it('is told of where a cell is neither yes nor no', async () => {
    const result = await read('email,Accepts Marketing\na@example.org,yes\nb@example.org,maybe\n');
    expect(result.declines).toEqual([]);
    expect(result.doubts).toEqual([
      { kind: 'unread', column: 'Accepts Marketing', cells: 1, line: 3, value: 'maybe' },
    ]);
  });

  it('says which of two columns of one name it stands in', async () => {
    const result = await read('email,subscribed,subscribed\na@example.org,yes,no\n');
    expect(saidNo(result)).toEqual(['a@example.org: subscribed (column 3) = no']);
  });
});

describe('a column of statuses', () => {
  const list = (...statuses: string[]): string =>
    `email,status\n${statuses.map((status, i) => `p${i}@example.org,${status}\n`).join('')}`;

  it('of orders tells of nobody, and is told of', async () => {
    const result = await read(list('pending', 'unsubscribed', 'shipped', 'cancelled'));
    expect(result.declines).toEqual([]);
    expect(result.doubts).toEqual([
      { kind: 'foreign', column: 'status', line: 4, value: 'shipped', noes: 3 },
    ]);
  });

  it('is disarmed by its last line as by its first', async () => {
    const words = Array.from({ length: 3000 }, () => 'unsubscribed');
    for (const statuses of [
      [...words, 'shipped'],
      ['shipped', ...words],
    ]) {
      const result = await read(list(...statuses));
      expect(result.declines).toEqual([]);
      expect(result.doubts).toMatchObject([{ kind: 'foreign', value: 'shipped', noes: 3000 }]);
    }
  });

  it('is disarmed by a line that is rejected or left out, but not by one whose cells are shifted', async () => {
    const armed = `${list('subscribed', 'unsubscribed')}`;
    for (const line of ['nobody,shipped\n', 'x@example.org,shipped\n']) {
      const result = await read(armed + line, {
        where: () => (_, values) => values('email') !== 'x@example.org',
      });
      expect(result.declines).toEqual([]);
    }
    const shifted = await read(`${armed}"x@example.org",Lee,Ann,shipped\n`);
    expect(shifted.rejected).toBe(1);
    expect(shifted.declines).toHaveLength(1);
  });

  it('with words that orders have too tells of nobody, and is told of', async () => {
    const result = await read(list('active', 'pending', 'confirmed', 'cancelled'));
    expect(result.declines).toEqual([]);
    expect(result.doubts).toEqual([
      { kind: 'weak', column: 'status', line: 3, value: 'pending', noes: 2 },
    ]);
  });

  it('with one word of mailing lists alone tells of all of them', async () => {
    const result = await read(list('active', 'pending', '', 'bounced'));
    expect(saidNo(result)).toEqual([
      'p1@example.org: status = pending',
      'p3@example.org: status = bounced',
    ]);
  });

  it('is read by itself where there are several', async () => {
    const result = await read(
      `email,status,email_status
a@example.org,shipped,subscribed
b@example.org,unsubscribed,subscribed
c@example.org,cancelled,unsubscribed
`,
    );
    expect(saidNo(result)).toEqual(['c@example.org: email_status = unsubscribed']);
    expect(result.doubts).toMatchObject([{ kind: 'foreign', column: 'status', noes: 2 }]);
  });

  it('is not told of where it is one of regions', async () => {
    expect((await read('email,state\na@example.org,CA\nb@example.org,NY\n')).doubts).toEqual([]);
  });
});

describe('the lines of a list', () => {
  it('are accepted, rejected, left out or blank, and no other', async () => {
    const text =
      'email,city\n\na@example.org,Oslo\n,\n  \nbad,Oslo\nworse,Bergen\nb@example.org,Bergen\n"",""\na@example.org,Oslo\n\n';
    const result = await read(text, { where: () => (_, values) => values('city') === 'Oslo' });
    expect(result).toMatchObject({
      accepted: ['a@example.org', 'a@example.org'],
      rejected: 1,
      filtered: 2,
      blank: 5,
    });
  });

  it('come to the same in every encoding, with every separator, in pieces of any size', async () => {
    const person = fc.record({
      who: fc.integer({ min: 0, max: 5 }),
      form: fc.constantFrom('plain', 'named', 'bad', 'blank'),
      optIn: fc.constantFrom('ja', 'nein', '', 'Oui', 'não'),
      status: fc.constantFrom('subscribed', 'abgemeldet', 'désabonné', 'aktiv', 'geliefert'),
      city: fc.constantFrom('Köln', 'Zürich'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(person, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('utf8', 'utf16le', 'latin1'),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 40 }),
        async (people, separator, encoding, lineEnd, pieceBytes) => {
          const lines = people.map(({ who, form, optIn, status, city }) =>
            form === 'blank'
              ? [' ', '', '', '']
              : [
                  form === 'bad'
                    ? 'nobody'
                    : `${form === 'named' ? 'Ä ' : ''}<p${who}@example.org>`,
                  optIn,
                  status,
                  city,
                ],
          );
          const rows = [['E-Mail', 'Newsletter', 'E-Mail-Status', 'Straße'], ...lines];
          const text = rows.map((cells) => cells.join(separator) + lineEnd).join('');
          const mark = encoding === 'latin1' ? '' : '\ufeff';
          const result = await read(
            Buffer.from(mark + text, encoding as BufferEncoding),
            { where: () => (_, values) => values('straße') === 'Köln' },
            pieceBytes,
          );
          const said = people.filter(({ form }) => form !== 'blank');
          const taken = said.filter(({ city }) => city === 'Köln');
          const good = taken.filter(({ form }) => form !== 'bad');
          expect(result.accepted).toEqual(good.map(({ who }) => `p${who}@example.org`));
          expect(result.rejected).toBe(taken.length - good.length);
          expect(result.filtered).toBe(said.length - taken.length);
          expect(result.blank).toBe(people.length - said.length);
          const isMailing =
            said.every(({ status }) => status !== 'geliefert') &&
            said.some(({ status }) => status !== 'aktiv');
          const noes = said
            .filter(({ form }) => form !== 'bad')
            .flatMap(({ who, optIn, status }) => [
              ...(['nein', 'não'].includes(optIn)
                ? [`p${who}@example.org: Newsletter = ${optIn}`]
                : []),
              ...(isMailing && ['abgemeldet', 'désabonné'].includes(status)
                ? [`p${who}@example.org: E-Mail-Status = ${status}`]
                : []),
            ]);
          expect(saidNo(result)).toEqual(noes);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a log of noes', () => {
  it('longer than the memory it may have is read back whole, and leaves no file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'campaign-declines-'));
    vi.stubEnv('TMPDIR', folder);
    const log = new DeclineLog(1000);
    const expected: Decline[] = [];
    for (let i = 0; i < 20_000; i++) {
      const value = `Grund ${i} ünd "mehr"`;
      log.add(`p${i}@example.org`, [[i % 2, value]]);
      if (i % 2 === 1) expected.push({ norm: `p${i}@example.org`, column: 'Odd', value });
      if (i % 97 === 0) await log.flush();
    }
    expect(readdirSync(folder)).toEqual([]);
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
    const found: Decline[] = [];
    for await (const page of log.pages(999, (column) => (column === 1 ? 'Odd' : undefined))) {
      expect(page.length).toBeLessThanOrEqual(999);
      found.push(...page);
    }
    await log.close();
    expect(found).toEqual(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { readMoment } from '../../src/list/suppression-columns.ts';
import { readSuppressions } from '../../src/list/suppression-list.ts';
import type { ListedSuppression } from '../../src/list/suppression-listed.ts';

async function read(
  text: string | Uint8Array,
  options: { emailColumn?: string; everybody?: boolean } = {},
  bytes = 7,
) {
  const all = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
  }
  const listed: ListedSuppression[] = [];
  const rejected: [number, string][] = [];
  let leftOut = 0;
  for await (const batch of readSuppressions(chunks(), { name: 'list.csv', ...options })) {
    listed.push(...batch.listed);
    rejected.push(...batch.rejected.map(({ line, reason }) => [line, reason] as [number, string]));
    leftOut += batch.leftOut;
  }
  return { listed, rejected, leftOut };
}

/** norm, reason and date of each. */
const said = (listed: readonly ListedSuppression[]) =>
  listed.map(({ norm, reason, since }) => [norm, reason, since?.toISOString()]);

const ANN = 'ann@example.org';

describe('an export of', () => {
  it.each([
    [
      'SendGrid, bounces',
      'status,reason,email,created\n5.1.1,"550 5.1.1 The email account, that you tried",Ann@example.org,1449953655\n',
      '5.1.1 550 5.1.1 The email account, that you tried',
      '2015-12-12T20:54:15.000Z',
    ],
    [
      'SendGrid, unsubscribes',
      'email,created\nann@example.org,1449953655\n',
      undefined,
      '2015-12-12T20:54:15.000Z',
    ],
    [
      'Mailgun, bounces',
      'address,code,error,created_at\nann@example.org,550,No such mailbox,"Thu, 13 Oct 2011 18:02:00 UTC"\n',
      '550 No such mailbox',
      '2011-10-13T18:02:00.000Z',
    ],
    [
      'Mailchimp, unsubscribed',
      '"Email Address","First Name",OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON\nann@example.org,Ann,"2020-01-01 10:00:00","2021-05-01 12:00:00",Spring,NORMAL\n',
      'Spring NORMAL',
      '2021-05-01T12:00:00.000Z',
    ],
    [
      'Mailchimp, cleaned',
      '"Email Address","First Name",CLEAN_TIME,CLEAN_CAMPAIGN_TITLE\nann@example.org,Ann,"2021-05-01 12:00:00",Spring\n',
      'Spring',
      '2021-05-01T12:00:00.000Z',
    ],
    [
      'Amazon SES, without a header',
      'ann@example.org,BOUNCE\nben@example.org,COMPLAINT\n',
      'BOUNCE',
      undefined,
    ],
    [
      'Amazon SES, with one',
      'Email address,Reason,Last update time\nann@example.org,BOUNCE,2020-04-10T21:03:05Z\n',
      'BOUNCE',
      '2020-04-10T21:03:05.000Z',
    ],
    [
      'Amazon SES, JSON',
      `{"SuppressedDestinationSummaries": [{"EmailAddress": "ann@example.org", "Reason": "BOUNCE",
        "LastUpdateTime": "2020-04-10T21:03:05.000000+02:00"}], "NextToken": "x{\\"}"}`,
      'BOUNCE',
      '2020-04-10T19:03:05.000Z',
    ],
    [
      'Postmark, JSON',
      '{"Suppressions":[{"EmailAddress":"ann@example.org","SuppressionReason":"HardBounce","Origin":"Recipient","CreatedAt":"2019-12-10T08:58:33-05:00"}]}',
      'HardBounce',
      '2019-12-10T13:58:33.000Z',
    ],
    [
      'Postmark, CSV',
      'EmailAddress;SuppressionReason;Origin;CreatedAt\nann@example.org;SpamComplaint;Recipient;2019-12-10T08:58:33-05:00\n',
      'SpamComplaint',
      '2019-12-10T13:58:33.000Z',
    ],
    [
      'Brevo, JSON',
      '{"count":1,"contacts":[{"email":"ann@example.org","senderEmail":"","reason":{"code":"hardBounce","message":"no mailbox"},"blockedAt":"2017-05-01T12:30:00Z"}]}',
      'no mailbox',
      '2017-05-01T12:30:00.000Z',
    ],
    [
      'an API, a line each',
      '{"email":"ann@example.org","created":1449953655}\n{"email":"ben@example.org","created":1}\n',
      undefined,
      '2015-12-12T20:54:15.000Z',
    ],
  ])('%s', async (_, text, reason, since) => {
    const { listed, rejected } = await read(text);
    expect(rejected).toEqual([]);
    expect(said(listed)[0]).toEqual([ANN, reason, since]);
    // In one piece as in many.
    expect((await read(text, {}, 1e9)).listed).toEqual(listed);
  });

  it('ours keeps topic, reason, source and date, and whole domains', async () => {
    const text =
      'email,topic,reason,source,since\r\n\'@example.org,,\'=1+1,manual,2020-01-02T03:04:05.678Z\r\n+ann@example.net,news,"two\nlines, ben@example.org, x",smtp,2020-01-02T03:04:05.678Z\r\n';
    const { listed, rejected } = await read(text);
    expect(rejected).toEqual([]);
    const since = new Date('2020-01-02T03:04:05.678Z');
    expect(listed).toEqual([
      { line: 2, norm: '@example.org', topic: '', reason: '=1+1', source: 'manual', since },
      {
        line: 3,
        norm: '+ann@example.net',
        topic: 'news',
        reason: 'two\nlines, ben@example.org, x',
        source: 'smtp',
        since,
      },
    ]);
    const json = await read(
      '{"suppressions":[\n{"email":"@example.org","topic":"news","reason":"r","source":"smtp","since":"2020-01-02T03:04:05.678Z"}],"next":null}',
    );
    expect(json.listed).toEqual([
      { line: 2, norm: '@example.org', topic: 'news', reason: 'r', source: 'smtp', since },
    ]);
    const wrong = await read('email,topic,reason,source,since\na@x.org,no topic,r,s,\n');
    expect(wrong.rejected).toEqual([[2, '"no topic" is no topic']]);
  });

  it('others never suppresses a whole domain by a damaged address', async () => {
    const { listed, rejected } = await read(
      'status,reason,email,created\n5.1.1,x,@example.org,1\n',
    );
    expect(listed).toEqual([]);
    expect(rejected).toHaveLength(1);
  });
});

describe('an export of everybody', () => {
  it.each([
    ['Shopify', 'Email,Accepts Email Marketing\nann@example.org,no\nben@example.org,yes\n'],
    ['Brevo', 'EMAIL;EMAIL_BLACKLISTED\nann@example.org;Yes\nben@example.org;No\n'],
    [
      'Mailchimp',
      'Email Address,UNSUB_TIME,CLEAN_TIME\nann@example.org,,2021-05-01\nben@example.org,,\n',
    ],
    ['MailerLite', 'Email,Status\nann@example.org,Unsubscribed\nben@example.org,Active\n'],
    [
      'Mailchimp, JSON',
      '[{"email_address":"ann@example.org","status":"unsubscribed"},{"email_address":"ben@example.org","status":"subscribed"}]',
    ],
    [
      'Intercom, JSON',
      '{"email":"ann@example.org","unsubscribed_from_emails":true}\n{"email":"ben@example.org","unsubscribed_from_emails":false}',
    ],
  ])('suppresses those alone who said no: %s', async (_, text) => {
    const { listed, rejected, leftOut } = await read(text);
    expect(listed.map(({ norm }) => norm)).toEqual([ANN]);
    expect({ rejected, leftOut }).toEqual({ rejected: [], leftOut: 1 });
    const all = await read(text, { everybody: true }, 1e9);
    expect(all.listed).toHaveLength(2);
  });

  it('names a row that says neither yes nor no', async () => {
    const { rejected } = await read(
      'email,subscribed\nann@example.org,perhaps\nben@example.org,no\n',
    );
    expect(rejected).toEqual([
      [2, '"perhaps" in the column "subscribed" is neither a yes nor a no'],
    ]);
  });

  it.each([
    ['CSV', (rows: string[][]) => `email,status\n${rows.map((row) => row.join(',')).join('\n')}\n`],
    [
      'JSON',
      (rows: string[][]) => JSON.stringify(rows.map(([email, status]) => ({ email, status }))),
    ],
  ])(
    'is refused that begins with a word of accounts alone, for the noes may come later: %s',
    async (_, textOf) => {
      const active = Array.from({ length: 500 }, (_, i) => [`p${i}@example.org`, 'Active']);
      const text = textOf([...active, [ANN, 'Unsubscribed']]);
      await expect(read(text)).rejects.toMatchObject({
        code: 'BAD_LIST',
        message: expect.stringContaining('"status" begins with "Active" alone'),
        remedy: expect.stringContaining('--everybody'),
      });
      expect((await read(text, { everybody: true }, 999)).listed).toHaveLength(501);
      expect((await read(textOf([[ANN, 'Unsubscribed'], ...active]), {}, 999)).leftOut).toBe(500);
    },
  );

  it('of JSON is judged as a whole, and whoever lacks the key said nothing', async () => {
    const statuses =
      '[{"email":"ben@example.org","status":"active"},{"email":"ann@example.org","status":"unsubscribed"}]';
    expect(said((await read(statuses)).listed)).toEqual([[ANN, 'unsubscribed', undefined]]);
    const sparse =
      '[{"email":"ben@example.org"},{"email":"ann@example.org","unsubscribed_at":"2024-01-02"}]';
    const { listed, leftOut } = await read(sparse);
    expect({ norms: listed.map(({ norm }) => norm), leftOut }).toEqual({
      norms: [ANN],
      leftOut: 1,
    });
    // A key that none of the first has.
    const many = Array.from({ length: 300 }, (_, i) => ({ email: `p${i}@example.org` }));
    const later = JSON.stringify([...many, { email: ANN, subscribed: true }]);
    expect(await read(later, {}, 999)).toMatchObject({ leftOut: 1, rejected: [] });
  });

  it('of JSON names an object that says neither yes nor no, as a CSV does its row', async () => {
    const { listed, rejected } = await read(
      '{"email":"ben@example.org","subscribed":"perhaps"}\n{"email":"ann@example.org","subscribed":false}',
    );
    expect(listed.map(({ norm }) => norm)).toEqual([ANN]);
    expect(rejected).toEqual([
      [1, '"perhaps" in the column "subscribed" is neither a yes nor a no'],
    ]);
  });

  it('names a row with a status that is none of mailing, where others are', async () => {
    const { listed, rejected, leftOut } = await read(
      'email,status\nann@example.org,Unsubscribed\nben@example.org,gold\neve@example.org,Active\n',
    );
    expect({ norms: listed.map(({ norm }) => norm), leftOut }).toEqual({
      norms: [ANN],
      leftOut: 1,
    });
    expect(rejected).toEqual([[3, '"gold" in the column "status" is neither a yes nor a no']]);
  });

  it('is none by a column of reasons, which not everybody gives', async () => {
    const { listed, leftOut } = await read(
      'email,unsubscribe reason\nann@example.org,Not interested\nben@example.org,\n',
    );
    expect({ n: listed.length, leftOut }).toEqual({ n: 2, leftOut: 0 });
    const flagged = await read(
      'email,unsubscribed,unsubscribe reason\nann@example.org,,Not interested\nben@example.org,,\n',
    );
    expect(flagged.listed.map(({ norm }) => norm)).toEqual([ANN]);
  });

  it('takes a column of orders for nobody’s word: all are on the list', async () => {
    const { listed, leftOut } = await read(
      'email,status\nann@example.org,shipped\nben@example.org,active\n',
      {},
      1e9,
    );
    expect({ n: listed.length, leftOut }).toEqual({ n: 2, leftOut: 0 });
  });
});

describe('a list without a header', () => {
  it('is an address a line, or a domain, in any encoding and with any line ends', async () => {
    const text = 'Ann@Example.org\r\n\r\n@example.net\r\nBen <ben@example.org>\r\n';
    for (const bytes of [
      Buffer.from(text),
      Buffer.from(`\ufeff${text}`),
      Buffer.from(`\ufeff${text}`, 'utf16le'),
    ]) {
      const { listed, rejected } = await read(bytes);
      expect(rejected).toEqual([]);
      expect(listed.map(({ line, norm }) => [line, norm])).toEqual([
        [1, ANN],
        [3, '@example.net'],
        [4, 'ben@example.org'],
      ]);
    }
  });

  it('names what is no address by its line, the first too', async () => {
    const { listed, rejected } = await read('nobody\nann@example.org\nx@\nben@example.org');
    expect(listed.map(({ norm }) => norm)).toEqual([ANN, 'ben@example.org']);
    expect(rejected).toEqual([
      [1, 'no @ in the address'],
      [3, 'nothing after the @'],
    ]);
  });

  it('takes what stands beside the address as reason and date', async () => {
    const { listed, rejected } = await read(
      'ann@example.org;complained;2020-01-01\nLee;ben@example.org;2020-01-02 03:04\n',
    );
    expect(rejected).toEqual([]);
    expect(said(listed)).toEqual([
      [ANN, 'complained', '2020-01-01T00:00:00.000Z'],
      ['ben@example.org', 'Lee', '2020-01-02T03:04:00.000Z'],
    ]);
  });
});

describe('a list', () => {
  it.each([
    ['', 'is empty'],
    [' \n\t\n', 'is empty'],
    ['{"a":[{"b":1}]}', 'no object has an address'],
    ['name,city\nAnn,Oslo\n', 'no address column'],
  ])('of nothing is refused: %j', async (text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'BAD_LIST',
      message: expect.stringContaining(message),
    });
  });

  it('with a column of an unknown name is read by --email-column', async () => {
    const text = 'Kontakt,Grund\nann@example.org,x\n';
    await expect(read(text)).rejects.toMatchObject({
      remedy: expect.stringContaining('--email-column Kontakt'),
    });
    expect((await read(text, { emailColumn: 'kontakt' })).listed).toHaveLength(1);
    expect((await read(text, { emailColumn: '1' })).listed).toHaveLength(1);
    await expect(read(text, { emailColumn: 'x' })).rejects.toMatchObject({ code: 'BAD_LIST' });
  });

  it('of JSON that was cut off gives what was whole', async () => {
    const { listed } = await read('[{"email":"ann@example.org"},{"email":"ben@exam');
    expect(listed.map(({ norm }) => norm)).toEqual([ANN]);
  });

  it('of JSON with other objects around and in its records finds each once', async () => {
    const record =
      '{"sender":{"email":"us@example.net"},"email":"ann@example.org","note":"a } \\" { b"}';
    const { listed } = await read(
      `{"data":{"items":[${record},${record}]},"big":"${'x'.repeat(100_000)}","items":[${record}]}`,
    );
    expect(listed.map(({ norm }) => norm)).toEqual([ANN, ANN, ANN]);
  });
});

describe('a moment', () => {
  it.each([
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02 03:04', '2026-01-02T03:04:00.000Z'],
    ['2026-01-02 03:04:05 UTC', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05+0100', '2026-01-02T02:04:05.000Z'],
    ['1449953655', '2015-12-12T20:54:15.000Z'],
    ['1449953655000', '2015-12-12T20:54:15.000Z'],
    ['Fri, 21 Oct 2011 11:02:55 GMT', '2011-10-21T11:02:55.000Z'],
    ['21 Oct 2011 11:02:55 +0200', '2011-10-21T09:02:55.000Z'],
    ['3/4/2025', undefined],
    ['2026-13-45', undefined],
    ['5.1.1', undefined],
    ['550', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ])('%s is %s', (text, time) => {
    expect(readMoment(text)?.toISOString()).toBe(time);
  });
});

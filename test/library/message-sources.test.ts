import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Campaign,
  type CampaignError,
  type QueueFinding,
  type QueueOptions,
} from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let campaign: Campaign;

beforeAll(async () => {
  db = await createTestDatabase();
  campaign = new Campaign({ databaseUrl: db.url, actor: 'shop@web1' });
});
afterAll(async () => {
  await campaign.close();
  await db.drop();
});

const LIST = 'email,name\nann@example.org,Ann\nbob@example.org,\n';

const queue = (more: Partial<QueueOptions>) =>
  campaign.queue({
    list: [LIST],
    from: 'News <news@example.org>',
    subject: 'Hello',
    ...more,
  });

const failure = (more: Partial<QueueOptions>): Promise<CampaignError> =>
  queue(more).then(
    () => {
      throw new Error('it did not fail');
    },
    (error: CampaignError) => error,
  );

async function stored(more: Partial<QueueOptions>): Promise<Record<string, unknown>> {
  const { id } = await queue(more);
  const [row] = await db.database.rows<Record<string, unknown>>(
    'SELECT * FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?',
    [id],
  );
  // Each server writes JSON in its own way.
  return { ...row, HEADERS: JSON.parse(String(row?.['HEADERS'] ?? 'null')) };
}

const EML = Buffer.from(
  'From: Eml <eml@example.org>\r\nTo: x@example.org\r\nSubject: From the file\r\nX-A: 1\r\nX-B: 2\r\n\r\nHi {{ name }}\r\n',
);

describe('queue', () => {
  test('takes Markdown, CSS to be inlined, headers and an envelope as values', async () => {
    expect(
      await stored({
        markdown: '# Hi {{ name }}\n\n<style>h1 { color: red }</style>',
        inlineCss: true,
        headers: { 'X-Segment': '{{ name }}', Organization: 'Example' },
        envelopeFrom: 'bounces@example.org',
      }),
    ).toMatchObject({
      HTML: expect.stringContaining('<h1 style="color: red;">Hi {{ name }}</h1>'),
      HEADERS: [
        { name: 'X-Segment', value: '{{ name }}' },
        { name: 'Organization', value: 'Example' },
      ],
      ENVELOPE_FROM: 'bounces@example.org',
    });
  });

  test('takes a saved message, and options before what it says', async () => {
    const whole = { eml: EML, from: undefined, subject: undefined };
    expect(await stored(whole)).toMatchObject({
      SENDER: '"Eml" <eml@example.org>',
      SUBJECT: 'From the file',
      BODY_TEXT: 'Hi {{ name }}\n',
      HEADERS: [
        { name: 'X-A', value: '1' },
        { name: 'X-B', value: '2' },
      ],
    });
    expect(
      await stored({ eml: new Uint8Array(EML), subject: 'Given', headers: { 'x-a': '3' } }),
    ).toMatchObject({
      SENDER: 'News <news@example.org>',
      SUBJECT: 'Given',
      HEADERS: [
        { name: 'x-a', value: '3' },
        { name: 'X-B', value: '2' },
      ],
    });
  });

  test('tells of rows that lack what is printed, skips them, or refuses the list', async () => {
    const findings: QueueFinding[] = [];
    const blank = await queue({
      text: 'Hi {{ name }}',
      onFinding: (finding) => findings.push(finding),
    });
    expect(blank).toMatchObject({ total: 2, missing: 1 });
    expect(findings).toContainEqual({
      kind: 'missing',
      skipped: false,
      total: 1,
      first: [{ line: 3, fields: ['name'] }],
      by: [{ field: 'name', recipients: 1 }],
    });
    const { id } = await queue({ text: 'Hi {{ name }}', missing: 'skip' });
    expect((await campaign.progress(id as number)).send).toMatchObject({ total: 2, skipped: 1 });
    expect(await failure({ text: 'Hi {{ name }}', missing: 'error' })).toMatchObject({
      code: 'BAD_LIST',
      message: expect.stringContaining('line 3 (name)'),
    });
  });

  test.each<[string, string, Partial<Record<keyof QueueOptions, unknown>>]>([
    ['BAD_SETTING', 'headers: the header Bcc is not to be given', { headers: { Bcc: 'x' } }],
    ['BAD_SETTING', 'headers["X-A"] is 1', { headers: { 'X-A': 1 } }],
    ['BAD_SETTING', 'headers is of the type Array', { headers: ['X-A: 1'] }],
    ['BAD_ADDRESS', 'envelopeFrom: "nobody"', { envelopeFrom: 'nobody' }],
    ['BAD_SETTING', 'missing is "no"', { missing: 'no' }],
    ['BAD_SETTING', 'markdown is given beside html', { markdown: 'x', html: 'x' }],
    ['BAD_SETTING', 'eml is given beside text', { eml: EML }],
    ['BAD_SETTING', 'eml is "x"', { eml: 'x', text: undefined }],
    ['BAD_FILE', 'eml, line 1: has Bcc', { eml: Buffer.from('Bcc: a@b\n\nx'), text: undefined }],
    ['BAD_SETTING', 'subject is missing', { subject: undefined }],
    ['BAD_SETTING', 'inlineCss is given, and there is no HTML', { inlineCss: true }],
    ['BAD_TEMPLATE', 'merge tag of Mailchimp', { text: '*|FNAME|*' }],
  ])('refuses with %s: %s', async (code, message, more) => {
    const error = await failure({ text: 'Hi', ...more } as Partial<QueueOptions>);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(`${error.message} ${error.remedy}`).not.toMatch(/(^|\s)--/);
  });
});

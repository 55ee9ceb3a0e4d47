import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { megabytes } from '../../src/domain/scheduler-limits.ts';
import { pause, resume } from '../../src/store/sends/lifecycle.ts';
import { readSend } from '../../src/store/sends/row.ts';
import { verifySend } from '../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { giveFiles } from '../support/give-files.ts';
import { parseByMailparser } from '../support/parsed-mail.ts';
import { startScheduler } from '../support/scheduler.ts';
import { people, seedQueuedSend } from '../support/seed.ts';
import { sessionsIn } from '../support/sessions.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let smtp: SmtpServer;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  smtp = await startSmtpServer();
});
afterEach(async () => {
  await smtp.close();
  await db.database.run(
    "UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE STATUS <> 'completed'",
  );
});

const WAIT = { timeout: 20_000, interval: 10 };

const completed = (id: number): Promise<void> =>
  vi.waitFor(async () => expect((await readSend(db.database, id))?.status).toBe('completed'), WAIT);

const give = (sendId: number, files: Parameters<typeof giveFiles>[2]): Promise<void> =>
  giveFiles(db.database, sendId, files);

/** What each recipient got, by SEQ in the order of the list. */
async function expectFiles(emails: readonly string[], filesOf: (index: number) => Buffer[]) {
  for (const [index, email] of emails.entries()) {
    const mine = smtp.messages.filter(({ to }) => to[0] === email);
    expect(mine).toHaveLength(1);
    const { files } = await parseByMailparser(mine[0]?.raw ?? '');
    const wanted = filesOf(index);
    expect(files).toHaveLength(wanted.length);
    for (const [i, content] of wanted.entries())
      expect(files[i]?.content.equals(content)).toBe(true);
  }
}

/** From now on the relay takes messages of so many bytes. */
async function takeAtMost(bytes: number): Promise<void> {
  await smtp.close();
  smtp = await startSmtpServer({ server: { size: bytes } });
}

/** A file that each message has, and a large one that the second has besides. */
async function seedUneven(): Promise<{ emails: string[]; id: number }> {
  const emails = people(5);
  const id = await seedQueuedSend(db.database, { emails });
  await give(id, [
    [0, randomBytes(180_000)],
    ...emails.map((_, i) => [i + 1, randomBytes(i === 1 ? 200_000 : 100)] as const),
  ]);
  return { emails, id };
}

it('a file of each row goes to that row, through a budget that holds a few of them', async () => {
  const emails = people(60);
  const id = await seedQueuedSend(db.database, { emails });
  const bills = emails.map((_, i) => randomBytes(200_000 + i));
  const terms = randomBytes(50_000);
  await give(id, [[0, terms], ...bills.map((bytes, i) => [i + 1, bytes] as const)]);
  await startScheduler(db.database, smtp.settings, {
    connections: 8,
    messageMemoryBytes: megabytes(1),
  }).done;
  await expectFiles(emails, (index) => [terms, bills[index] as Buffer]);
  expect(await verifySend(db.database, id)).toEqual([]);
});

it('files larger than the budget go one at a time, beside another send', async () => {
  const [large, small] = [people(6), ['x@example.org', 'y@example.org']];
  const [first, second] = [
    await seedQueuedSend(db.database, { emails: large }),
    await seedQueuedSend(db.database, { emails: small }),
  ];
  const bills = large.map(() => randomBytes(1_500_000));
  const terms = randomBytes(10_000);
  await give(
    first,
    bills.map((bytes, i) => [i + 1, bytes] as const),
  );
  await give(second, [[0, terms]]);
  await startScheduler(db.database, smtp.settings, {
    connections: 4,
    messageMemoryBytes: megabytes(1),
  }).done;
  await expectFiles(large, (index) => [bills[index] as Buffer]);
  await expectFiles(small, () => [terms]);
});

it('a pause in the middle gives rows back whose files are waited for, and nobody gets two', async () => {
  const emails = people(40);
  const id = await seedQueuedSend(db.database, { emails });
  const bills = emails.map(() => randomBytes(300_000));
  await give(
    id,
    bills.map((bytes, i) => [i + 1, bytes] as const),
  );
  const scheduler = startScheduler(db.database, smtp.settings, {
    until: 'stopped',
    messageMemoryBytes: megabytes(1),
  });
  await vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(4), WAIT);
  await pause(db.database, id, 'test');
  await vi.waitFor(
    async () => expect((await readSend(db.database, id))?.claimedBy).toBeNull(),
    WAIT,
  );
  expect(await verifySend(db.database, id)).toEqual([]);
  expect(await readSend(db.database, id)).toMatchObject({ sending: 0, unknown: 0 });
  await resume(db.database, id, 'test');
  await completed(id);
  await scheduler.stop();
  await expectFiles(emails, (index) => [bills[index] as Buffer]);
});

it('a send whose file is lost pauses itself, and nobody is mailed without it', async () => {
  const id = await seedQueuedSend(db.database, { recipients: 5 });
  await give(id, [[0, randomBytes(1_000)]]);
  await db.database.run('DELETE FROM CAMPAIGN_FILE_CHUNKS');
  const { pausedThemselves } = await startScheduler(db.database, smtp.settings).done;
  expect(pausedThemselves).toEqual([
    { sendId: id, reason: expect.stringMatching(/f0\.bin holds is not in the database any more/) },
  ]);
  expect(smtp.messages).toEqual([]);
  expect(await readSend(db.database, id)).toMatchObject({
    status: 'paused',
    failed: 0,
    sending: 0,
  });
});

it('a row whose file was removed fails alone', async () => {
  const emails = people(3);
  const id = await seedQueuedSend(db.database, { emails });
  const bills = emails.map(() => randomBytes(100));
  await give(
    id,
    bills.map((bytes, i) => [i + 1, bytes] as const),
  );
  await db.database.run('DELETE FROM CAMPAIGN_SEND_FILES WHERE SEND_ID = ? AND SEQ = 2', [id]);
  await startScheduler(db.database, smtp.settings).done;
  expect(await readSend(db.database, id)).toMatchObject({ sent: 2, failed: 1 });
  const [row] = await db.database.rows(
    'SELECT RESPONSE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ = 2',
    [id],
  );
  expect(row).toEqual({ RESPONSE: 'its file was removed' });
});

it('a message over the SIZE of the relay pauses its send before anybody is mailed, each time', async () => {
  await takeAtMost(200_000);
  const id = await seedQueuedSend(db.database, { recipients: 50 });
  await give(id, [[0, randomBytes(180_000)]]);
  for (let round = 0; round < 2; round++) {
    const { pausedThemselves } = await startScheduler(db.database, smtp.settings).done;
    expect(pausedThemselves).toEqual([
      {
        sendId: id,
        reason: expect.stringMatching(
          /^too large for the SMTP server: each message has at least 246,\d{3} bytes, and it takes 200,000 \(SIZE\)/,
        ),
      },
    ]);
    expect(await readSend(db.database, id)).toMatchObject({ status: 'paused', failed: 0, sent: 0 });
    await resume(db.database, id, 'test');
  }
  expect(smtp.messages).toEqual([]);
  await smtp.close();
  smtp = await startSmtpServer();
  await startScheduler(db.database, smtp.settings).done;
  expect(smtp.messages).toHaveLength(50);
});

it('one row over the SIZE is said once before anybody is mailed; resumed, it fails and the others are mailed', async () => {
  await takeAtMost(200_000);
  const emails = people(20);
  const id = await seedQueuedSend(db.database, { emails });
  await give(
    id,
    emails.map((_, i) => [i + 1, randomBytes(i === 7 ? 300_000 : 1_000)] as const),
  );
  const { pausedThemselves } = await startScheduler(db.database, smtp.settings).done;
  expect(pausedThemselves[0]?.reason).toMatch(
    new RegExp(`the message with f8\\.bin for ${emails[7]} has at least 410,\\d{3} bytes`),
  );
  expect(smtp.messages).toEqual([]);
  await resume(db.database, id, 'test');
  await startScheduler(db.database, smtp.settings).done;
  expect(await readSend(db.database, id)).toMatchObject({
    status: 'completed',
    sent: 19,
    failed: 1,
  });
  const [row] = await db.database.rows(
    'SELECT STATUS, ENHANCED_CODE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ = 8',
    [id],
  );
  expect(row).toEqual({ STATUS: 'failed', ENHANCED_CODE: '5.3.4' });
});

it('that it was said is known whatever the words of the reason are, and of no pause in the same words', async () => {
  await takeAtMost(400_000);
  const { id } = await seedUneven();
  await pause(db.database, id, 'ann@vm', 'too large for the SMTP server: each message');
  await resume(db.database, id, 'ann@vm');
  const run = () => startScheduler(db.database, smtp.settings).done;
  expect((await run()).pausedThemselves).toHaveLength(1);
  await db.database.run(
    "UPDATE CAMPAIGN_SEND_EVENTS SET REASON = 'in other words' WHERE SEND_ID = ?",
    [id],
  );
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS_REASON = 'other words' WHERE ID = ?", [
    id,
  ]);
  await resume(db.database, id, 'test');
  expect((await run()).pausedThemselves).toEqual([]);
  expect(await readSend(db.database, id)).toMatchObject({
    status: 'completed',
    sent: 4,
    failed: 1,
  });
});

it('a send whose every message was too large says of one row what becomes of it, once the relay takes the others', async () => {
  await takeAtMost(200_000);
  const { emails, id } = await seedUneven();
  const reasonOfPause = async () =>
    (await startScheduler(db.database, smtp.settings).done).pausedThemselves[0]?.reason;
  expect(await reasonOfPause()).toContain('each message has');
  await takeAtMost(400_000);
  await resume(db.database, id, 'test');
  expect(await reasonOfPause()).toContain(`the message with f2.bin for ${emails[1]} has`);
  expect(smtp.messages).toEqual([]);
});

it('a database that goes away while files are read loses nothing', async () => {
  const emails = people(30);
  const id = await seedQueuedSend(db.database, { emails });
  const bills = emails.map(() => randomBytes(50_000));
  await give(
    id,
    bills.map((bytes, i) => [i + 1, bytes] as const),
  );
  const scheduler = startScheduler(db.connect(), smtp.settings, { until: 'stopped' });
  for (let killed = 0; killed < 5; ) {
    for (const { id: session, statement } of await sessionsIn(db.database)) {
      if (!statement?.includes('JOIN CAMPAIGN_FILE_CHUNKS')) continue;
      await db.database.run('KILL ?', [session]).catch(() => undefined);
      killed += 1;
    }
    if ((await readSend(db.database, id))?.status === 'completed') break;
  }
  await completed(id);
  await scheduler.stop();
  await expectFiles(emails, (index) => [bills[index] as Buffer]);
  expect(await verifySend(db.database, id)).toEqual([]);
});

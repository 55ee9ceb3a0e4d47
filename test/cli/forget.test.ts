import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeEvent } from '../../src/store/events.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { verifySend } from '../../src/store/verify.ts';
import { expectShape } from '../support/contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { seedSendWithRows } from '../support/seed.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const run = async (...args: string[]) => {
  const result = await runCommand(['forget', ...args, '--json'], { url: db.url });
  return { ...result, value: result.stdout === '' ? undefined : JSON.parse(result.stdout) };
};

const ANN = 'ann@example.org';
const STATUSES = ['sent', 'failed', 'unknown', 'skipped'] as const;

async function seed(): Promise<number[]> {
  const ids: number[] = [];
  for (const status of STATUSES) {
    const id = await seedSendWithRows(
      db.database,
      [
        {
          status,
          email: 'Ann@Example.org',
          response: status === 'skipped' ? 'suppressed: she is ill' : 'words',
        },
        { status: 'pending' },
      ],
      { reason: `550 5.1.1 <${ANN.toUpperCase()}> unknown` },
    );
    ids.push(id);
  }
  ids.push(await seedSendWithRows(db.database, [{ status: 'pending', email: ANN }]));
  await db.database.run(`UPDATE CAMPAIGN_SEND_RESULTS SET FIELDS = '{"name":"Ann"}'`);
  await writeEvent(db.database, {
    sendId: ids[0] as number,
    event: 'paused',
    actor: 'w',
    reason: `<${ANN}>: unknown`,
    details: { who: 'ANN@example.org' },
  });
  await suppress(db.database, [{ emailNorm: ANN, topic: '', reason: 'asked', source: 'manual' }]);
  return ids;
}

it('finds test mails that somebody got, or that show what they were to get', async () => {
  const id = await seedSendWithRows(
    db.database,
    [
      { status: 'sent', email: 'tester@example.net' },
      { status: 'sent', email: 'other@example.net' },
    ],
    { status: 'completed' },
  );
  await db.database.run('UPDATE CAMPAIGN_SENDS SET TEST_OF = 0 WHERE ID = ?', [id]);
  await db.database.run(
    `UPDATE CAMPAIGN_SEND_RESULTS SET EMAIL_NORM = CONCAT(SEQ, ' ', EMAIL_NORM),
            FIELDS = IF(SEQ = 1, '{"email":"Eve@Example.org","name":"Eve"}', '{"email":"bob@example.org"}')
      WHERE SEND_ID = ?`,
    [id],
  );
  for (const address of ['eve@example.org', 'tester@example.net']) {
    const { value } = await run(address);
    expect(value.rows).toMatchObject([{ id, fields: { name: 'Eve' } }]);
  }
  expect((await run('eve@example.org', '--yes')).value.blanked).toBe(1);
  expect((await run('eve@example.org')).value.rows).toEqual([]);
});

it('shows what is held of somebody, blanks it with --yes, and keeps the no and the books', async () => {
  const ids = await seed();
  const shown = await run('ANN@example.org');
  expect(shown.code).toBe(0);
  expectShape('forget', shown.value);
  expect(shown.value).toMatchObject({
    email: ANN,
    events: 1,
    blanked: 0,
    left: 1,
    suppressions: [{ email: ANN, reason: 'asked' }],
  });
  expect(shown.value.rows).toHaveLength(5);
  expect(shown.value.rows[0]).toMatchObject({ fields: { name: 'Ann' }, response: 'words' });

  const blanked = await run(ANN, '--yes');
  expect(blanked.value).toMatchObject({ blanked: 5, left: 1 });
  const rows = await db.database.rows<{
    email: string;
    fields: string | null;
    response: string | null;
  }>(
    'SELECT EMAIL_NORM AS email, FIELDS AS fields, RESPONSE AS response FROM CAMPAIGN_SEND_RESULTS ORDER BY SEND_ID, SEQ',
  );
  const hers = rows.filter(({ email }) => email === ANN);
  expect(hers.map(({ fields, response }) => [fields, response])).toEqual([
    [null, 'forgotten'],
    [null, 'forgotten'],
    [null, 'forgotten'],
    [null, 'suppressed: forgotten'],
    [expect.stringContaining('Ann'), null],
  ]);
  expect(rows.filter(({ email }) => email !== ANN).every(({ fields }) => fields !== null)).toBe(
    true,
  );
  for (const id of ids) expect(await verifySend(db.database, id)).toEqual([]);

  const again = await run(ANN);
  expect(again.value).toMatchObject({ events: 0, suppressions: [{ email: ANN }] });
  const dump = JSON.stringify([
    await db.database.rows('SELECT REASON, DETAILS FROM CAMPAIGN_SEND_EVENTS'),
    await db.database.rows('SELECT STATUS_REASON FROM CAMPAIGN_SENDS'),
  ]);
  expect(dump.toLowerCase()).not.toContain(ANN);
});

it('of somebody who is nowhere shows nothing; of no address exits 2', async () => {
  const { code, stdout } = await runCommand(['forget', 'nobody@example.net'], { url: db.url });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'nothing is held\n' });
  const wrong = await run('@example.org', '--yes');
  expect(wrong.code).toBe(2);
  expect(JSON.parse(wrong.stderr)).toMatchObject({ code: 'BAD_ADDRESS' });
});

it('leaves a longer address alone that hers is a part of', async () => {
  const others = [
    'joann@example.org',
    'jo.ann@example.org',
    'jo-ann@example.org',
    "o'ann@example.org",
    'ann@example.org.uk',
    'ann@example.organic',
  ];
  const sendId = await seedSendWithRows(db.database, [{ status: 'sent' }], {
    reason: `550 <joann@example.org>, not <${ANN}>`,
  });
  for (const who of others) {
    await writeEvent(db.database, {
      sendId,
      event: 'paused',
      actor: 'w',
      reason: `<${who}> unknown`,
    });
  }
  const hers = [`to=<${ANN}>`, `rcpt=${ANN}`, `'${ANN}' is unknown`, `no ${ANN}.`, `"${ANN}": no`];
  for (const reason of hers) {
    await writeEvent(db.database, { sendId, event: 'paused', actor: 'w', reason });
  }
  expect((await run(ANN)).value).toMatchObject({ events: hers.length });
  await run(ANN, '--yes');
  const reasons = await db.database.rows<{ reason: string }>(
    'SELECT REASON AS reason FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? ORDER BY ID',
    [sendId],
  );
  expect(reasons.map(({ reason }) => reason)).toEqual([
    ...others.map((who) => `<${who}> unknown`),
    ...hers.map((reason) => reason.replace(ANN, 'forgotten')),
  ]);
  const [send] = await db.database.rows<{ reason: string }>(
    'SELECT STATUS_REASON AS reason FROM CAMPAIGN_SENDS WHERE ID = ?',
    [sendId],
  );
  expect(send?.reason).toBe('550 <joann@example.org>, not <forgotten>');
});

it("blanks a server's words that begin as those of an operator do, and keeps the operator's", async () => {
  const email = 'dot@example.org';
  const words = 'resolved as sent by ann@vm';
  const seed = (): Promise<number> =>
    seedSendWithRows(db.database, [{ status: 'sent', email, response: words }], {
      status: 'completed',
    });
  const [resolved, answered] = [await seed(), await seed()];
  await db.database.run(
    `UPDATE CAMPAIGN_SEND_RESULTS SET RESOLVED_AT = UTC_TIMESTAMP(3), SMTP_CODE = NULL, ENHANCED_CODE = NULL
      WHERE SEND_ID = ?`,
    [resolved],
  );
  expect((await run(email, '--yes')).value).toMatchObject({ blanked: 2 });
  const rows = await db.database.rows(
    'SELECT RESPONSE AS response FROM CAMPAIGN_SEND_RESULTS WHERE EMAIL_NORM = ? ORDER BY SEND_ID',
    [email],
  );
  expect(rows).toEqual([{ response: words }, { response: 'forgotten' }]);
  for (const id of [resolved, answered]) {
    expect(await verifySend(db.database, id)).toEqual([]);
  }
});

it.each([
  ['retry', 'failed', []],
  ['retry', 'unknown', ['--unknown', '--yes']],
  ['resolve', 'unknown', ['--as', 'pending', '--yes']],
] as const)('%s mails nobody %s again who was forgotten %j', async (command, status, flags) => {
  const email = `${command}-${status}@example.org`;
  const sendId = await seedSendWithRows(db.database, [{ status, email }, { status }], {
    status: 'completed',
  });
  expect((await run(email, '--yes')).value).toMatchObject({ blanked: 1 });
  const again = (): ReturnType<typeof runCommand> =>
    runCommand([command, String(sendId), ...flags, '--json'], { url: db.url });
  expect(JSON.parse((await again()).stdout)).toMatchObject({ [status]: 1, pending: 1 });
  const rows = await db.database.rows(
    'SELECT STATUS AS status FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ',
    [sendId],
  );
  expect(rows).toEqual([{ status }, { status: 'pending' }]);
  expect((await again()).stderr).toContain('whoever was forgotten is not mailed again');
  expect(await verifySend(db.database, sendId)).toEqual([]);
});

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Reply } from '../../src/http/endpoint.ts';
import { startPublicServer } from '../../src/http/server.ts';
import { removeFitting } from '../../src/store/suppressions/remove.ts';
import { RAISE_VERSION } from '../../src/store/suppressions/version.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  openConnection,
  type RunningEndpoint,
  readToEnd,
  type SeededSend,
  seedUnsubscribable,
  startEndpoint,
  suppressions,
} from '../support/endpoint.ts';
import { versionIsWanted } from '../support/version-wait.ts';

const ONE_CLICK = 'List-Unsubscribe=One-Click';

let db: TestDatabase;
let send: SeededSend;
let endpoint: RunningEndpoint;
beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  await db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
  send = await seedUnsubscribable(db.database, 20);
  endpoint = await startEndpoint(db.database);
});
afterEach(() => endpoint.stop());
afterAll(() => db.drop());

interface Got {
  status: number;
  text: string;
  headers: Headers;
}

async function ask(token: string, init: RequestInit = {}, at = `${endpoint.url}/u/`): Promise<Got> {
  const response = await fetch(at + token, { redirect: 'error', ...init });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const post = (
  token: string,
  body: NonNullable<RequestInit['body']> = ONE_CLICK,
  headers: Record<string, string> = {},
): Promise<Got> => ask(token, { method: 'POST', body, headers });

const entry = (seq: number, topic = ''): object => ({
  EMAIL_NORM: `r${seq}@example.org`,
  TOPIC: topic,
  REASON: `unsubscribed from send ${send.id}`,
  SOURCE: 'unsubscribe',
});

const versionOf = async (): Promise<number> => {
  const [row] = await db.database.rows<{ V: number }>('SELECT V FROM CAMPAIGN_SUPPRESSION_VERSION');
  return row?.V ?? 0;
};

it('a link of a test mail shows the page, and changes nothing, by whatever it is followed', async () => {
  await db.database.run('UPDATE CAMPAIGN_SENDS SET TEST_OF = 0 WHERE ID = ?', [send.id]);
  await db.database.run(
    "UPDATE CAMPAIGN_SEND_RESULTS SET EMAIL_NORM = CONCAT(SEQ, ' ', EMAIL_NORM) WHERE SEND_ID = ?",
    [send.id],
  );
  const before = await versionOf();
  const token = send.tokenOf(1);
  expect((await ask(token)).text).toContain('r…@example.org');
  for (const body of [ONE_CLICK, 'answer=unsubscribe', 'answer=mistake']) {
    expect(await post(token, body)).toMatchObject({
      status: 200,
      text: 'This link is of a test mail: nothing was changed.\n',
    });
  }
  expect(await suppressions(db.database)).toEqual([]);
  expect(await versionOf()).toBe(before);
  expect(endpoint.events).toContainEqual(expect.objectContaining({ kind: 'test-token' }));
});

describe('GET and HEAD of a link', () => {
  it('change nothing, however often a scanner follows it', async () => {
    const before = await versionOf();
    for (const method of ['GET', 'HEAD', 'GET']) {
      const { status, text } = await ask(send.tokenOf(1), { method });
      expect(status).toBe(200);
      if (method === 'HEAD') expect(text).toBe('');
      else expect(text).toContain('Unsubscribe from <bdi>News</bdi>?');
    }
    expect(await suppressions(db.database)).toEqual([]);
    expect(await versionOf()).toBe(before);
  });

  it('show a page that nobody keeps, finds, frames or is told of, without a script or a cookie', async () => {
    const { headers, text } = await ask(send.tokenOf(1));
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/html; charset=utf-8',
    });
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.has('set-cookie')).toBe(false);
    expect(text).not.toMatch(/<script|https?:/i);
    expect(text).not.toContain('r1@example.org');
    expect(text).toContain('r…@example.org');
  });

  it('say what it is about: everything, or the topic of the send', async () => {
    expect((await ask(send.tokenOf(1))).text).toContain('whatever it is about');
    const other = await seedUnsubscribable(db.database, 1, { topic: 'offers.2026' });
    expect((await ask(other.tokenOf(1))).text).toContain('about “<bdi>offers.2026</bdi>”');
  });

  it('know the token behind any path, with a query, a slash or a full stop after it, and in capitals', async () => {
    const token = send.tokenOf(1);
    for (const path of ['', 'u/', 'a/b/c/', '%75/']) {
      for (const text of [
        token,
        `${token}/`,
        `${token}?utm_source=mail`,
        `${token}.`,
        token.toUpperCase(),
      ]) {
        expect((await ask(text, {}, `${endpoint.url}/${path}`)).status).toBe(200);
      }
    }
  });
});

describe('a POST', () => {
  const form = new FormData();
  form.set('List-Unsubscribe', 'One-Click');

  it.each<[string, NonNullable<RequestInit['body']>, Record<string, string>]>([
    ['urlencoded', new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }), {}],
    ['multipart', form, {}],
    ['with another type', ONE_CLICK, { 'Content-Type': 'application/json' }],
    ['without a type', new Uint8Array(Buffer.from(ONE_CLICK)), {}],
    [
      'from a page elsewhere, as providers send none',
      ONE_CLICK,
      { Origin: 'https://mail.example' },
    ],
  ])('of a mail program counts %s (RFC 8058)', async (_, body, headers) => {
    expect(await post(send.tokenOf(1), body, headers)).toMatchObject({ status: 200 });
    expect(await suppressions(db.database)).toEqual([entry(1)]);
    expect(endpoint.counts).toEqual({ unsubscribed: 1, takenBack: 0, foreign: 0 });
  });

  it('is answered 200 again and again, and keeps the first entry', async () => {
    for (let i = 0; i < 3; i++) expect((await post(send.tokenOf(1))).status).toBe(200);
    expect(await suppressions(db.database)).toEqual([entry(1)]);
    expect(endpoint.counts.unsubscribed).toBe(1);
    expect(endpoint.events.map(({ kind }) => kind)).toEqual([
      'unsubscribed',
      'unsubscribed-already',
      'unsubscribed-already',
    ]);
    const later = await seedUnsubscribable(db.database, 1);
    expect((await post(later.tokenOf(1))).status).toBe(200);
    expect(await suppressions(db.database)).toEqual([entry(1)]);
  });

  it('is answered when it is committed, with a version that workers see', async () => {
    const before = await versionOf();
    await post(send.tokenOf(1));
    expect(await versionOf()).toBeGreaterThan(before);
    const [row] = await db.database.rows<{ VERSION: number }>(
      'SELECT VERSION FROM CAMPAIGN_SUPPRESSIONS',
    );
    expect(row?.VERSION).toBeGreaterThan(before);
  });

  it.each(['smtp', 'import-20261128T093000Z'])(
    'is kept when what stood there of %s is removed',
    async (source) => {
      await db.database.run(
        `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, SOURCE, CREATED_AT)
       VALUES ('r1@example.org', 'no such user', ?, UTC_TIMESTAMP(3))`,
        [source],
      );
      expect((await post(send.tokenOf(1))).status).toBe(200);
      await removeFitting(db.database, { source: source.split('-')[0] }, async () => undefined);
      expect(await suppressions(db.database)).toEqual([entry(1)]);
      expect(endpoint.counts.unsubscribed).toBe(1);
    },
  );

  it('of the page counts by its hidden field', async () => {
    const { status, text } = await post(
      send.tokenOf(2),
      new URLSearchParams({ answer: 'unsubscribe' }),
    );
    expect(status).toBe(200);
    expect(text).toContain('You are unsubscribed');
    expect(await suppressions(db.database)).toEqual([entry(2)]);
    expect(endpoint.events).toContainEqual({
      kind: 'unsubscribed',
      sendId: send.id,
      token: `${send.tokenOf(2).slice(0, 6)}…`,
      way: 'page',
    });
  });

  it.each([
    '',
    'List-Unsubscribe=',
    'List-Unsubscribe=No',
    'a=b',
    'answer=perhaps',
    '{"answer":"unsubscribe"}',
  ])('without the words changes nothing, and shows the page: %j', async (body) => {
    const { status, text } = await post(send.tokenOf(1), body);
    expect(status).toBe(200);
    expect(text).toContain('value="unsubscribe"');
    expect(await suppressions(db.database)).toEqual([]);
  });

  it('is a no to the topic of its send, and to that alone', async () => {
    const other = await seedUnsubscribable(db.database, 1, { topic: 'offers' });
    await post(other.tokenOf(1));
    expect(await suppressions(db.database)).toMatchObject([{ TOPIC: 'offers' }]);
  });

  it('is committed with those that come at the same time, each for its own recipient', async () => {
    const before = await versionOf();
    const seqs = Array.from({ length: 20 }, (_, i) => i + 1);
    const statuses = await Promise.all(
      seqs.map(async (seq) => (await post(send.tokenOf(seq))).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await suppressions(db.database)).toHaveLength(20);
    expect((await versionOf()) - before).toBeLessThan(20);
  });
});

describe('"it was a mistake"', () => {
  const mistake = (token: string) => post(token, new URLSearchParams({ answer: 'mistake' }));

  it('removes what the token made, and raises the version', async () => {
    const page = await post(send.tokenOf(1), 'answer=unsubscribe');
    expect(page.text).toContain('value="mistake"');
    await post(send.tokenOf(2));
    const before = await versionOf();
    const { status, text } = await mistake(send.tokenOf(1));
    expect(status).toBe(200);
    expect(text).toContain('You stay on the list');
    expect(await suppressions(db.database)).toEqual([entry(2)]);
    expect(await versionOf()).toBeGreaterThan(before);
    expect((await mistake(send.tokenOf(1))).status).toBe(200);
  });

  it('leaves what somebody else said, and says that it stands', async () => {
    await db.database.run(
      `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, SOURCE, CREATED_AT)
       VALUES ('r1@example.org', 'asked on the phone', 'command', UTC_TIMESTAMP(3))`,
    );
    await post(send.tokenOf(1));
    const { text } = await mistake(send.tokenOf(1));
    expect(text).toContain('You are still unsubscribed');
    expect(text).toContain('news@example.org');
    expect(await suppressions(db.database)).toMatchObject([{ SOURCE: 'command' }]);
  });

  it('is told only where there was something to take back', async () => {
    await post(send.tokenOf(1));
    for (let i = 0; i < 3; i++) expect((await mistake(send.tokenOf(1))).status).toBe(200);
    expect(endpoint.counts.takenBack).toBe(1);
    expect(endpoint.events.map(({ kind }) => kind)).toEqual([
      'unsubscribed',
      'taken-back',
      'nothing-to-take-back',
      'nothing-to-take-back',
    ]);
  });

  it('that comes to its end too late changes nothing, and never does', async () => {
    let passed = 0;
    const slow = await startEndpoint(db.database, { now: () => performance.now() + passed });
    try {
      await post(send.tokenOf(1));
      const { answer } = await db.database.transaction(async (tx) => {
        await tx.run(RAISE_VERSION.sql);
        const answer = ask(
          send.tokenOf(1),
          { method: 'POST', body: 'answer=mistake' },
          `${slow.url}/u/`,
        );
        await versionIsWanted(db.database);
        passed = 9_000;
        return { answer };
      });
      const { status, text } = await answer;
      expect(status).toBe(503);
      expect(text).toContain('may not have been saved');
      expect(slow.events).toMatchObject([{ kind: 'database-away' }]);
      expect(await suppressions(db.database)).toEqual([entry(1)]);
      expect((await ask(send.tokenOf(1), {}, `${slow.url}/u/`)).status).toBe(200);
      expect(await suppressions(db.database)).toEqual([entry(1)]);
    } finally {
      await slow.stop();
    }
  });

  it('leaves what a link of another mail made', async () => {
    const earlier = await seedUnsubscribable(db.database, 1);
    await post(earlier.tokenOf(1));
    expect((await mistake(send.tokenOf(1))).text).toContain('You are still unsubscribed');
    expect(await suppressions(db.database)).toHaveLength(1);
  });
});

describe('a token that is none of ours', () => {
  const changed = (token: string): string => token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
  const bad: [string, () => string][] = [
    ['cut', () => send.tokenOf(1).slice(0, -1)],
    ['changed', () => changed(send.tokenOf(1))],
    ['of another row', () => send.tokenOf(1).replace('-1', '-2')],
    ['of 10 kB', () => 'a'.repeat(10_000)],
    ['of no characters that a token has', () => '%00%ff%22%3Cscript%3E'],
    ['empty', () => ''],
  ];

  it.each(bad)('%s: a mail program is told 200, a person that it is not ours', async (_, token) => {
    const click = await post(token());
    expect(click.status).toBe(200);
    for (const got of [await ask(token()), await post(token(), 'answer=unsubscribe')]) {
      expect(got.status).toBe(404);
      expect(got.text).toContain('This link is not one of ours');
      expect(got.text).toContain('write to <bdi>news@example.org</bdi>');
    }
    expect(await suppressions(db.database)).toEqual([]);
    expect(endpoint.counts.foreign).toBe(3);
  });

  it('of another installation, whose send has the same number', async () => {
    const elsewhere = await createTestDatabase();
    try {
      const theirs = await seedUnsubscribable(elsewhere.database, 1);
      await db.database.run('DELETE FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?', [theirs.id]);
      expect((await ask(theirs.tokenOf(1))).status).toBe(404);
      await db.database.run(
        `INSERT INTO CAMPAIGN_MESSAGES (SEND_ID, SENDER, SUBJECT, FIELD_NAMES, MESSAGE_SECRET)
         VALUES (?, 'a@example.org', 's', '[]', ?)`,
        [theirs.id, Buffer.alloc(32, 3)],
      );
      expect((await ask(theirs.tokenOf(1))).status).toBe(404);
      expect((await post(theirs.tokenOf(1))).status).toBe(200);
      expect(await suppressions(db.database)).toEqual([]);
    } finally {
      await elsewhere.drop();
    }
  });

  it('of a send, or of a row, that was deleted', async () => {
    await post(send.tokenOf(1));
    await db.database.run('DELETE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ = 2', [
      send.id,
    ]);
    expect((await ask(send.tokenOf(2))).status).toBe(404);
    expect((await post(send.tokenOf(2))).status).toBe(200);
    expect((await post(send.tokenOf(2), 'answer=mistake')).status).toBe(404);
    expect(await suppressions(db.database)).toEqual([entry(1)]);
    const gone = await seedUnsubscribable(db.database, 1);
    for (const table of ['CAMPAIGN_MESSAGES', 'CAMPAIGN_SEND_RESULTS']) {
      await db.database.run(`DELETE FROM ${table} WHERE SEND_ID = ?`, [gone.id]);
    }
    expect((await ask(gone.tokenOf(1))).status).toBe(404);
  });

  it('is not logged but for its first characters', async () => {
    const token = changed(send.tokenOf(1));
    await ask(token);
    expect(endpoint.events).toEqual([
      { kind: 'foreign-token', token: `${token.slice(0, 6)}…`, way: 'look' },
    ]);
  });

  it('is answered 429 when there have been too many, while genuine ones go on', async () => {
    const token = changed(send.tokenOf(1));
    for (let i = 0; i < 30; i++) expect((await post(token)).status).toBe(200);
    const { status, headers } = await post(token);
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    for (let seq = 1; seq <= 20; seq++) expect((await post(send.tokenOf(seq))).status).toBe(200);
    expect((await ask('wp-login.php')).status).toBe(404);
  });

  it('of thousands of sends that are not there holds up nobody', async () => {
    const behindProxy = await startEndpoint(db.database, { trustProxy: true });
    const [, , mac = ''] = /^1([0-9a-z]+)-1(.*)$/.exec(send.tokenOf(1)) ?? [];
    try {
      const forged = Array.from({ length: 400 }, (_, n) =>
        ask(
          `1${(1_000_000 + n).toString(36)}-1${mac}`,
          { headers: { 'X-Forwarded-For': `192.0.2.${n % 250}` } },
          `${behindProxy.url}/u/`,
        ),
      );
      for (let seq = 1; seq <= 20; seq++) {
        const { status } = await ask(
          send.tokenOf(seq),
          { method: 'POST', body: ONE_CLICK },
          `${behindProxy.url}/u/`,
        );
        expect(status).toBe(200);
      }
      expect(new Set((await Promise.all(forged)).map(({ status }) => status))).toEqual(
        new Set([404]),
      );
      // One that is queued only now is known at once.
      const fresh = await seedUnsubscribable(db.database, 1);
      expect((await ask(fresh.tokenOf(1), {}, `${behindProxy.url}/u/`)).status).toBe(200);
    } finally {
      await behindProxy.stop();
    }
  });

  it('is counted by the address that a trusted proxy names, and by no other', async () => {
    const token = changed(send.tokenOf(1));
    const from = (client: string, at: RunningEndpoint) =>
      ask(token, { headers: { 'X-Forwarded-For': client } }, `${at.url}/u/`);
    const behindProxy = await startEndpoint(db.database, { trustProxy: true });
    try {
      for (let i = 0; i < 30; i++) {
        await from(`198.51.100.${i}, 192.0.2.1`, behindProxy);
        await from(`192.0.2.${i}`, endpoint);
      }
      expect((await from('192.0.2.1', behindProxy)).status).toBe(429);
      expect((await from('192.0.2.1, 192.0.2.2', behindProxy)).status).toBe(404);
      expect((await from('192.0.2.77', endpoint)).status).toBe(429);
    } finally {
      await behindProxy.stop();
    }
  });
});

describe('other requests', () => {
  it('OPTIONS says what there is, and lets no other site ask', async () => {
    const { status, headers, text } = await ask(send.tokenOf(1), {
      method: 'OPTIONS',
      headers: { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(status).toBe(204);
    expect(text).toBe('');
    expect(headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('%s is refused, and changes nothing', async (method) => {
    const { status, headers } = await ask(send.tokenOf(1), { method, body: ONE_CLICK });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
    expect(await suppressions(db.database)).toEqual([]);
  });

  it('/healthz says whether the database answers', async () => {
    expect(await ask('healthz', {}, `${endpoint.url}/`)).toMatchObject({
      status: 200,
      text: 'ok\n',
    });
  });
});

describe('a client that takes what it can', () => {
  it('has 413 for a body of 10 MB, whole or said to be, and the endpoint goes on', async () => {
    expect((await post(send.tokenOf(1), ONE_CLICK + '&'.repeat(8192))).status).toBe(413);
    expect(
      (await post(send.tokenOf(1), `${ONE_CLICK}&${'x'.repeat(10 * 1024 * 1024)}`)).status,
    ).toBe(413);
    const socket = await openConnection(endpoint.port);
    socket.write(
      'POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\nExpect: 100-continue\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
    expect((await post(send.tokenOf(1))).status).toBe(200);
  });

  it('may send a body in pieces, when it is told to go on', async () => {
    const socket = await openConnection(endpoint.port);
    const whole = readToEnd(socket);
    socket.write(
      `POST /u/${send.tokenOf(1)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${ONE_CLICK.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    await once(socket, 'data');
    for (const character of ONE_CLICK) socket.write(character);
    expect(await whole).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    expect(await suppressions(db.database)).toEqual([entry(1)]);
  });

  it('has 408 where it is slow with headers or with a body', async () => {
    const hasty = await startEndpoint(db.database, {
      patience: { headersMs: 200, requestMs: 400, checkMs: 50, standstillMs: 10_000 },
    });
    try {
      const silent = await openConnection(hasty.port);
      const slowHeaders = await openConnection(hasty.port);
      slowHeaders.write('POST /u/x HTTP/1.1\r\nHost: x\r\n');
      const slowBody = await openConnection(hasty.port);
      slowBody.write(
        `POST /u/${send.tokenOf(1)} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-Unsubscribe=One-Clic`,
      );
      for (const text of await Promise.all([silent, slowHeaders, slowBody].map(readToEnd))) {
        expect(text).toMatch(/^HTTP\/1\.1 408 /);
      }
      expect(await suppressions(db.database)).toEqual([]);
    } finally {
      await hasty.stop();
    }
  });

  it('has 1,000 connections open that say nothing, and others are answered', async () => {
    const silent = await Promise.all(
      Array.from({ length: 1000 }, () => openConnection(endpoint.port)),
    );
    expect((await post(send.tokenOf(1))).status).toBe(200);
    expect(await suppressions(db.database)).toEqual([entry(1)]);
    for (const socket of silent) socket.destroy();
  });

  it.each([
    ['a body of line breaks and spaces', 'u/x', `${'\n'.repeat(4000)}--${' '.repeat(4000)}x`],
    ['a path of slashes', '/'.repeat(16_000), ''],
    ['a path of slashes behind a token', `u/x${'/'.repeat(16_000)}x`, ''],
  ])('sends %s a hundred times, and others are answered', async (_, path, body) => {
    const tries = Array.from({ length: 100 }, () =>
      ask(path, { method: 'POST', body }, `${endpoint.url}/`),
    );
    expect((await post(send.tokenOf(1))).status).toBe(200);
    for (const { status } of await Promise.all(tries)) expect(status).toBe(404);
  });

  it('sends thousands of requests and reads no answer: it is cut after a few', async () => {
    const socket = await openConnection(endpoint.port);
    socket.write('GET /u/x HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_500));
    let text = '';
    socket.on('data', (piece) => {
      text += piece;
    });
    await new Promise((resolve) => socket.once('close', resolve));
    expect(text.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(8);
    expect((await post(send.tokenOf(1))).status).toBe(200);
  });

  it('does not read a long answer: it is cut', async () => {
    const server = await startPublicServer(
      { host: '127.0.0.1', port: 0 },
      { answer: async () => ({ status: 200, headers: {}, body: 'x'.repeat(50_000_000) }) },
      { headersMs: 10_000, requestMs: 10_000, checkMs: 50, standstillMs: 100 },
    );
    const socket = await openConnection(Number(new URL(server.url).port));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'readable');
    await server.stop(3_600_000);
    socket.destroy();
  });

  it('is not told of its second request what it would take for the answer to the first', async () => {
    let answer: (reply: Reply) => void = () => undefined;
    const answered = new Promise<Reply>((resolve) => {
      answer = resolve;
    });
    const server = await startPublicServer(
      { host: '127.0.0.1', port: 0 },
      { answer: () => answered },
    );
    const socket = await openConnection(Number(new URL(server.url).port));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n');
    expect(await readToEnd(socket)).toBe('');
    answer({ status: 200, headers: {}, body: '' });
    await server.stop(1_000);
  });

  it.each([
    ['no HTTP', 'EHLO example.org\r\n\r\n', 400],
    [
      'two lengths',
      'POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    ['headers of 20 kB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a URL of 20 kB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ])('sends %s', async (_, text, status) => {
    const socket = await openConnection(endpoint.port);
    socket.write(text);
    expect(await readToEnd(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect((await ask(send.tokenOf(1))).status).toBe(200);
  });

  it('goes away in mid-body, and nothing is done', async () => {
    const socket = await openConnection(endpoint.port);
    socket.write(
      `POST /u/${send.tokenOf(1)} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n${ONE_CLICK}`,
    );
    socket.destroy();
    expect((await post(send.tokenOf(2))).status).toBe(200);
    expect(await suppressions(db.database)).toEqual([entry(2)]);
  });
});

describe('a fault of ours', () => {
  it('is answered 500 and told, and is not taken for a database that is away', async () => {
    const failing = async (): Promise<never> => {
      throw new TypeError('of no kind');
    };
    const faulty = await startEndpoint(db.database, {
      desk: {
        verify: failing,
        addressOf: failing,
        unsubscribe: failing,
        takeBack: failing,
        ping: failing,
      },
    });
    try {
      for (let i = 0; i < 2; i++) {
        expect((await ask(send.tokenOf(1), {}, `${faulty.url}/u/`)).status).toBe(500);
      }
      expect(faulty.events).toEqual([
        { kind: 'fault', reason: 'of no kind' },
        { kind: 'fault', reason: 'of no kind' },
      ]);
    } finally {
      await faulty.stop();
    }
  });
});

describe('a stop', () => {
  it('lets requests end that are under way, and takes no others', async () => {
    const socket = await openConnection(endpoint.port);
    const whole = readToEnd(socket);
    socket.write(
      `POST /u/${send.tokenOf(1)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${ONE_CLICK.length}\r\n\r\n`,
    );
    // What is written on another connection afterwards has been answered: so this request has begun.
    await ask(send.tokenOf(2));
    const stopped = endpoint.stop();
    socket.write(ONE_CLICK);
    await stopped;
    expect(await whole).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await suppressions(db.database)).toEqual([entry(1)]);
    await expect(ask(send.tokenOf(2))).rejects.toThrow();
  });
});

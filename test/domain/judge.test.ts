import { describe, expect, test } from 'vitest';
import { isConnectionLimit, judge } from '../../src/domain/judge.ts';
import type { Stage } from '../../src/domain/reply.ts';
import { RULES } from '../../src/domain/reply-rules.ts';
import { SUBJECTS } from '../../src/domain/subjects.ts';
import type { DeliveryResult, Verdict } from '../../src/domain/verdict.ts';
import { reply } from '../support/reply.ts';

const at = (stage: Stage, line: string): Verdict =>
  judge({ kind: 'reply', stage, reply: reply(line) });

const fails = (line: string) => {
  const { code, enhanced, text } = reply(line);
  return { kind: 'failed', code, enhanced, text };
};
const defers = (line: string) => ({ ...fails(line), kind: 'deferred' });

describe('the end of the message', () => {
  test.each(['250 2.0.0 Ok: queued as 4Xy1', '250 OK id=1abc-0001-0b', '200 fine', '299 yes'])(
    'answered %s is sent, with the words as proof',
    (line) => {
      expect(at('dot', line)).toEqual({ kind: 'sent', reply: reply(line) });
    },
  );

  test.each(['354 go ahead', '199 hm', '700 hm', '334 abc'])('answered %s is not known', (line) => {
    expect(at('dot', line)).toEqual({
      kind: 'unknown',
      text: expect.stringContaining(line.slice(0, 3)),
    });
  });

  test('without an answer is not known', () => {
    expect(judge({ kind: 'broken', stage: 'dot', error: 'closed' })).toEqual({
      kind: 'unknown',
      text: 'closed',
    });
  });
});

describe.each(['rcpt', 'data', 'dot'] as const)('at %s', (stage) => {
  test.each([
    '550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in virtual mailbox table',
    '550 No such user here',
    '553 5.1.3 The recipient address is not valid',
    '556 5.1.10 Recipient address has null MX',
    '550 5.2.1 The email account that you tried to reach is disabled',
    '550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient',
    '550 5.4.1 Recipient address rejected: Access denied',
    '550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org',
    '554 5.7.1 <ann@example.org>: Relay access denied',
    '550 5.7.26 This mail has been blocked because the sender is unauthenticated',
    '550 5.1.8 Sender address rejected: Domain not found',
    '552 5.3.4 Message size exceeds fixed maximum message size',
    '552 5.7.0 This message was blocked because its content presents a potential security issue',
    '554 5.6.0 Message contains a virus',
    '554 Transaction failed',
    '571 Delivery not authorised',
    '501 5.1.3 Bad recipient address syntax',
    '550',
  ])('%s is for good', (line) => {
    expect(at(stage, line)).toEqual(fails(line));
  });

  test.each([
    '450 4.1.1 User unknown in virtual alias table',
    '451 4.3.0 Temporary lookup failure',
    '452 4.2.2 Mailbox full',
    '452 4.5.3 Too many recipients',
    '450 Requested mail action not taken: mailbox unavailable',
    '452 4.1.0 Too many messages from you to this recipient',
    '450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]',
    '451 4.7.1 Currently Sending Spam, see http://www.sorbs.net/lookup.shtml?192.0.2.1',
    '552 5.2.2 Mailbox full',
    '550 5.2.2 Over quota',
    '554 5.2.2 user over quota',
    '550 The mailbox of the user is full',
    '552 The user you are trying to contact has exceeded storage allocation',
    '550 Mailbox size limit exceeded',
    "550 5.1.0 - Unknown address error 550-'5.2.2 ann... Mailbox Full'",
    '550 5.1.1 192.0.2.1 has sent to too many recipients this hour',
    '550 Connection frequency limited',
    '554 4.4.7 Message expired',
    '554 Service currently unavailable',
    '550 5.3.5 Internal System Error',
    '550 Temporarily unable to process your email. Please try again later.',
  ])('%s is for now', (line) => {
    // A full mailbox of the recipient's can be told at RCPT in the words of any code; so far all stages agree.
    expect(at(stage, line)).toEqual(defers(line));
  });

  test.each([
    '421 4.3.2 Service shutting down',
    '452 4.3.1 Insufficient system storage',
    '451 4.3.2 System not accepting network messages',
    '452 4.4.5 Insufficient disk space; try again later',
    '451 4.7.650 The mail server [192.0.2.25] has been temporarily rate limited due to IP reputation',
    '421 4.3.2 Connection rate limit exceeded',
    '421 4.7.0 Too many messages in this session',
  ])('%s is the server’s trouble, which a poisonous row could cause too', (line) => {
    expect(at(stage, line)).toEqual({
      kind: 'server',
      text: line,
      pause: false,
      broke: true,
      code: Number(line.slice(0, 3)),
    });
  });

  test.each([
    '421 4.7.0 Too many connections from your IP',
    '450 4.7.0 Error: too many connections from 192.0.2.1',
    '454 4.7.0 Too many connections from your IP',
    '432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending',
    '432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded',
    '421 4.3.2 The maximum number of concurrent connections has exceeded a limit, closing channel',
    '421 mx.example.org: Too many concurrent SMTP connections; please try again later.',
    '421 Too many connected clients, try again in a moment',
    '421 4.3.2 Too many open connections.',
    '450 4.3.2 too many smtp sessions for this host',
    '421 mwinf5c ME Trop de connexions, veuillez verifier votre configuration. OFR004_104',
    '451 Maximum number of connections from user+IP exceeded',
    '550 exceeds per-domain connection limit for example.net',
    '421 Connection limit exceeded',
    '421 4.7.0 Error: too many connections from unknown[192.0.2.1]',
    '421 The number of simultaneous connections from your host exceeds the limit',
    '421 max. 5 connections allowed, closing connection',
    '451 Concurrency limit reached',
  ])(
    '%s is about our connections, though one row that always meets it could cause it too',
    (line) => {
      expect(at(stage, line)).toEqual({
        kind: 'server',
        text: line,
        pause: false,
        broke: true,
        code: Number(line.slice(0, 3)),
        crowded: true,
      });
    },
  );

  test.each([
    '552 5.3.4 Message size exceeds fixed maximum message size, closing connection',
    '552 Message exceeds maximum size limit. Connection will be closed',
    '554 5.4.6 Maximum hop count exceeded; closing connection',
    '550 Maximum number of invalid recipients exceeded. Connection closed',
    '550 5.1.1 too many clients of this name: User unknown',
    '550 5.7.1 Maximum recipients reached, connection closed',
  ])('%s is a refusal, whatever it says of connections', (line) => {
    expect(at(stage, line)).toEqual(fails(line));
  });

  test.each([
    '550 5.1.1 User unknown; too many connections to users who do not exist',
    '554 5.7.1 Too many connections from your IP, blacklisted by Spamhaus',
    '450 4.7.1 Too many connections from your host, listed at bl.spamcop.net',
  ])('%s is the recipient’s or a block, though for now', (line) => {
    expect(at(stage, line)).toEqual(defers(line));
  });

  test.each([
    '421 4.7.0 Error limit reached, closing connection',
    '421 Maximum number of messages reached, closing connection',
    '421 4.7.0 Maximum errors reached, dropping all connections of yours',
    '421 Too many connections from your IP, blocked using zen.spamhaus.org',
  ])('%s is trouble, but not for too many connections', (line) => {
    const verdict = at(stage, line);
    expect(verdict).toMatchObject({ kind: 'server', pause: false, broke: true });
    expect(verdict).not.toHaveProperty('crowded');
  });

  test('454 is the server’s trouble', () => {
    expect(at(stage, '454 4.7.1 Relay access denied')).toMatchObject({
      kind: 'server',
      pause: false,
    });
  });

  test.each([
    '530 5.7.0 Authentication required',
    '535 5.7.8 no',
    '530 Must issue a STARTTLS command first',
  ])('%s pauses', (line) => {
    expect(at(stage, line)).toMatchObject({ kind: 'server', text: line, pause: true });
  });
});

test('552 alone is a full mailbox at RCPT, and a message too large after it', () => {
  const line = '552 Requested mail action aborted';
  expect(at('rcpt', line)).toEqual(defers(line));
  expect(at('dot', line)).toEqual(fails(line));
});

test.each(['rcpt', 'data', 'body'] as const)(
  'what is no answer at %s is the server’s trouble',
  (stage) => {
    for (const line of ['199 hm', '334 x', '600 x']) {
      expect(at(stage, line)).toMatchObject({ kind: 'server', pause: false, broke: true });
    }
  },
);

describe('MAIL', () => {
  test.each([
    '550 5.7.1 Sender rejected',
    '553 5.1.8 no such domain',
    '501 bad syntax',
    '500 what',
    '550 5.7.1 Sender exceeds limit of clients permitted to relay',
  ])('refused with %s pauses: it is no recipient’s fault', (line) => {
    expect(at('mail', line)).toEqual({
      kind: 'server',
      text: `sender refused: ${line}`,
      pause: true,
      broke: false,
      code: Number(line.slice(0, 3)),
    });
  });

  test.each([
    '451 4.1.8 Domain of sender address does not resolve',
    '452 4.3.1 full',
    '450 x',
    '421 bye',
  ])('refused with %s is the server’s trouble', (line) => {
    expect(at('mail', line)).toMatchObject({
      kind: 'server',
      text: line,
      pause: false,
      broke: false,
    });
  });

  test.each([
    '552 5.3.4 Message size exceeds fixed limit',
    '552 too big',
    '550 5.6.7 needs SMTPUTF8',
  ])('refused with %s is the message’s fault', (line) => {
    expect(at('mail', line)).toEqual(fails(line));
  });
});

describe('before MAIL', () => {
  test.each(['554 5.7.1 no SMTP here', '421 4.3.2 busy', '220 what', '502 no STARTTLS'])(
    '%s backs off',
    (line) => {
      expect(at('connect', line)).toMatchObject({ kind: 'server', pause: false, broke: false });
    },
  );

  test.each([
    '554 5.7.1 Too many connections from your IP, blacklisted by Spamhaus',
    '421 4.7.0 Too many connections, your host is listed at bl.spamcop.net',
    '421 4.7.0 Too many open connections from a banned network',
  ])('%s is a block, and is waited for like other trouble', (line) => {
    expect(at('connect', line)).not.toHaveProperty('crowded');
  });

  test.each([
    '421 4.7.0 Too many connections from your IP',
    '554 5.7.1 Too many concurrent connections',
  ])('%s is about our connections, and no row’s doing', (line) => {
    expect(at('connect', line)).toMatchObject({ crowded: true, broke: false });
  });

  test('a refused login pauses; one that is not possible now backs off', () => {
    expect(at('auth', '535 5.7.8 wrong')).toMatchObject({
      kind: 'server',
      text: 'login refused: 535 5.7.8 wrong',
      pause: true,
    });
    expect(at('auth', '504 unknown mechanism')).toMatchObject({ kind: 'server', pause: true });
    expect(at('auth', '454 4.7.0 later')).toMatchObject({ kind: 'server', pause: false });
    expect(at('auth', '432 4.7.12 a password transition is needed')).toMatchObject({
      pause: false,
    });
  });
});

describe('a line that breaks', () => {
  const breaks = (stage: Stage, certificate?: boolean): Verdict =>
    judge({ kind: 'broken', stage, error: 'x', ...(certificate ? { certificate } : {}) });

  test.each(['connect', 'auth'] as const)('at %s is no row’s doing', (stage) => {
    expect(breaks(stage)).toEqual({
      kind: 'server',
      text: 'x',
      pause: false,
      broke: false,
      code: null,
    });
  });

  test.each(['mail', 'rcpt', 'data', 'body'] as const)('at %s may be the row’s doing', (stage) => {
    expect(breaks(stage)).toEqual({
      kind: 'server',
      text: 'x',
      pause: false,
      broke: true,
      code: null,
    });
  });

  test('over a certificate pauses', () => {
    expect(breaks('connect', true)).toMatchObject({ kind: 'server', pause: true });
  });
});

test('what was not started is untouched, what cannot be sent has failed', () => {
  expect(judge({ kind: 'not-started' })).toEqual({ kind: 'untouched' });
  expect(judge({ kind: 'unsendable', enhanced: '5.3.4', error: 'too big' })).toEqual({
    kind: 'failed',
    code: null,
    enhanced: '5.3.4',
    text: 'too big',
  });
});

test('every code at every stage is judged, and only a 2xx after the dot as sent', () => {
  for (const stage of ['connect', 'auth', 'mail', 'rcpt', 'data', 'body', 'dot'] as const) {
    for (let code = 0; code < 1000; code++) {
      const result: DeliveryResult = {
        kind: 'reply',
        stage,
        reply: { code, enhanced: null, text: '' },
      };
      const sent = stage === 'dot' && code >= 200 && code < 300;
      expect(judge(result).kind === 'sent').toBe(sent);
      if (judge(result).kind === 'unknown') expect(stage).toBe('dot');
    }
  }
});

test('a limit on connections is read alike by the transport and in the verdict', () => {
  const far = `${'x'.repeat(600)} too many connections`;
  const broken = 'too many\u0000 connections';
  for (const [enhanced, text] of [
    [null, 'no more of you (#4.3.2)'],
    [null, far],
    [null, broken],
    ['4.3.2', ''],
    [null, `${'connections limit '.repeat(4000)}`],
  ] as const) {
    const given = { code: 432, enhanced, text };
    const verdict = judge({ kind: 'reply', stage: 'rcpt', reply: given });
    expect([text.length, isConnectionLimit('rcpt', given)]).toEqual([
      text.length,
      'crowded' in verdict,
    ]);
  }
  expect(isConnectionLimit('rcpt', { code: 450, enhanced: null, text: far })).toBe(false);
  expect(isConnectionLimit('rcpt', { code: 450, enhanced: null, text: broken })).toBe(true);
});

test('every rule names its source', () => {
  for (const { source } of [...RULES, ...SUBJECTS]) expect(source).not.toBe('');
});

test.each([
  ['553 sorry, no mailbox here by that name. (#5.1.1)', '5.1.1'],
  ['554 Message refused [5.7.1]', '5.7.1'],
  ['550 nobody here: 5.1.1', '5.1.1'],
  ['550 relay says: 550 5.1.6 moved', '5.1.6'],
  ['550 5.0.0 refused (#5.1.1)', '5.0.0'],
  ['552 no room (#5.2.2)', '5.2.2'],
  ['550 mailer 5.1.1.3 of mx5.1.1.example.org, v5.1.1, 10.5.1.1', null],
  ['550 what was 4.2.0 or 2.1.5 before', null],
])('an enhanced code is read where it stands: %s', (line, enhanced) => {
  expect(at('rcpt', line)).toMatchObject({ enhanced });
});

test('a server’s words are clean and short in every verdict', () => {
  const text = `a\u0000\r\n${'🐢'.repeat(1000)}`;
  const verdicts = [
    ...(['mail', 'rcpt', 'dot'] as const).flatMap((stage) =>
      [250, 354, 421, 450, 550].map((code) =>
        judge({ kind: 'reply', stage, reply: { code, enhanced: null, text } }),
      ),
    ),
    judge({ kind: 'broken', stage: 'dot', error: text }),
    judge({ kind: 'broken', stage: 'rcpt', error: text }),
    judge({ kind: 'unsendable', enhanced: null, error: text }),
  ];
  for (const verdict of verdicts) {
    const words = verdict.kind === 'sent' ? verdict.reply.text : 'text' in verdict && verdict.text;
    expect(words).toMatch(/^[^\p{Cc}]{400,500}$/u);
  }
});

import { describe, expect, test } from 'vitest';
import type { DeliveryResult, Reply, Stage, Verdict } from '../../src/domain/outcome.ts';
import { cleanReply, formatReply, judge, RULES, refusalKey } from '../../src/domain/replies.ts';

/** `550 5.1.1 words` as a reply. */
function reply(line: string): Reply {
  const [, code = '', enhanced, text = ''] =
    /^(\d{3})(?: ([245]\.\d+\.\d+))? ?(.*)$/.exec(line) ?? [];
  return { code: Number(code), enhanced: enhanced ?? null, text };
}
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
    '450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted, see http://postgrey.example/',
    '451 4.7.1 Greylisting in action, please come back later',
    '451 4.7.1 Client host rejected: Greylisted for 300 seconds',
    '450 4.1.1 User unknown in virtual alias table',
    '451 4.3.0 Temporary lookup failure',
    '452 4.2.2 Mailbox full',
    '452 4.5.3 Too many recipients',
    '450 Requested mail action not taken: mailbox unavailable',
    '452 4.1.0 Too many messages from you to this recipient',
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
    '550 Greylisted, try again in 5 minutes',
    '554 Service currently unavailable',
    '550 5.3.5 Internal System Error',
    '550 Temporarily unable to process your email. Please try again later.',
  ])('%s is for now', (line) => {
    // A full mailbox of the recipient's can be told at RCPT in the words of any code; so far all stages agree.
    expect(at(stage, line)).toEqual(defers(line));
  });

  test.each([
    '421 4.3.2 Service shutting down',
    '421 4.7.0 Too many connections from your IP',
    '452 4.3.1 Insufficient system storage',
    '451 4.3.2 System not accepting network messages',
    '452 4.4.5 Insufficient disk space; try again later',
    '451 4.7.650 The mail server [192.0.2.25] has been temporarily rate limited due to IP reputation',
    '450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]',
    '450 4.7.0 Error: too many connections from 192.0.2.1',
  ])('%s is the server’s trouble, which a poisonous row could cause too', (line) => {
    expect(at(stage, line)).toEqual({
      kind: 'server',
      text: line,
      pause: false,
      broke: true,
      code: Number(line.slice(0, 3)),
    });
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

test('every rule names its source', () => {
  for (const { source } of RULES) expect(source).not.toBe('');
});

describe('refusals', () => {
  const key = (line: string): string | null => refusalKey({ ...fails(line), kind: 'failed' });

  test.each([
    [
      '550 5.7.1 <ann@example.org>: Relay access denied',
      '550 5.7.1 <bob.b+x@example.net>: Relay access denied',
    ],
    [
      '554 5.7.1 Service unavailable; client [192.0.2.1] blocked, id=4Xy1zT-0001 at 12:00:01',
      '554 5.7.1 Service unavailable; client [192.0.2.77] blocked, id=9Ab2cD-0042 at 12:00:07',
    ],
    [
      '550 5.7.26 Unauthenticated. See https://x.example/81126 c2-2022.127 - gsmtp',
      '550 5.7.26 Unauthenticated. See https://x.example/81127 e22-n7G.195 - gsmtp',
    ],
    ['550 mail to "ann" refused', '550 mail to "bob and cyd" refused'],
    ['550 Rejected ann@example.org', '550 rejected  bob@example.org'],
  ])('are identical but for addresses and ids: %s', (one, other) => {
    expect(key(one)).not.toBeNull();
    expect(key(one)).toBe(key(other));
  });

  test.each([
    ['550 5.7.1 Relay access denied', '554 5.7.1 Relay access denied'],
    ['550 5.7.1 Relay access denied', '550 5.7.0 Relay access denied'],
    ['550 5.7.1 Relay access denied', '550 5.7.1 Message content rejected'],
  ])('are not identical: %s and %s', (one, other) => {
    expect(key(one)).not.toBe(key(other));
  });

  test.each([
    '550 5.1.1 User unknown',
    '550 5.1.10 null MX',
    '550 5.2.1 disabled',
    '552 5.2.2 full',
    '550 User unknown',
    '550 No such user here',
    '550 Mailbox not found',
  ])('of one address never count: %s', (line) => {
    expect(key(line)).toBeNull();
  });

  test.each([
    '550 5.1.8 Sender address rejected: Domain not found',
    '550 5.1.7 bad sender',
    '550 Sender address rejected: Domain not found',
  ])('of the sender count: %s', (line) => {
    expect(key(line)).not.toBeNull();
  });

  test('that we made ourselves count too', () => {
    const own = { kind: 'failed', code: null, enhanced: '5.3.4' } as const;
    expect(refusalKey({ ...own, text: 'the message has 12345 bytes; the server takes 1000' })).toBe(
      refusalKey({ ...own, text: 'the message has 12346 bytes; the server takes 1000' }),
    );
  });
});

describe('a server’s words', () => {
  test('are clean and short in every verdict', () => {
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
      const words =
        verdict.kind === 'sent' ? verdict.reply.text : 'text' in verdict && verdict.text;
      expect(words).toMatch(/^[^\p{Cc}]{400,500}$/u);
    }
  });

  test('become one line without control characters', () => {
    expect(cleanReply(' a\r\nb\tc\u0000d\u001b[31me\u2028f  g\u0085h ')).toBe(
      'a b c d [31me f g h',
    );
  });

  test('lose half surrogates and nothing else of other scripts', () => {
    expect(cleanReply('żółw 🐢 \ud83d!')).toBe('żółw 🐢 !');
  });

  test('are cut by characters', () => {
    expect(cleanReply('🐢'.repeat(501))).toBe('🐢'.repeat(500));
    expect(cleanReply('abcdef', 3)).toBe('abc');
    expect(cleanReply('abc', 3)).toBe('abc');
  });

  test('are written with code and enhanced code', () => {
    expect(formatReply(reply('550 5.1.1 No'))).toBe('550 5.1.1 No');
    expect(formatReply(reply('250'))).toBe('250');
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cleanReply,
  formatReply,
  isConnectionLimit,
  judge,
  RULES,
  refusalKey,
} from '../../src/domain/replies.ts';
import type { Reply, Stage } from '../../src/domain/reply.ts';
import { SUBJECTS } from '../../src/domain/subjects.ts';
import type { DeliveryResult, Verdict } from '../../src/domain/verdict.ts';

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

  test.each([
    '550 5.4.5 Daily user sending quota exceeded',
    '550 5.4.5 Daily user sending limit exceeded',
    '550 5.4.5 Daily SMTP relay limit exceeded for user',
    '550 5.7.1 Daily limit for sending clients exceeded',
    '550 5.2.2 Submission quota exceeded',
    '550 Domain example.net has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded.',
  ])('%s is for now', (line) => {
    expect(at(stage, line)).toEqual(defers(line));
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

describe('refusals', () => {
  const key = (line: string): string | null => {
    const verdict = at('rcpt', line);
    if (verdict.kind !== 'failed' && verdict.kind !== 'deferred') throw new Error(verdict.kind);
    return refusalKey(verdict);
  };

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
    '550 #5.1.0 Address rejected ann@example.org',
    '553 sorry, no mailbox here by that name. (#5.1.1)',
    '553 sorry, this recipient is not in my validrcptto list (#5.7.1)',
    '550 Unrouteable address',
    "554 delivery error: dd This user doesn't have a yahoo.com account (ann@example.org) [0] - mta1.mail.example.net",
    '550 5.7.1 <ann@example.org>: Recipient address rejected: User unknown',
    '550 <ann@example.org>: Recipient address rejected: User unknown in relay recipient table',
    '550 5.0.0 ann@example.org User unknown',
    '550 5.5.0 <ann@example.org>... no such recipient',
    '550 5.5.0 Requested action not taken: mailbox unavailable',
    '550 Requested action not taken: mailbox unavailable For explanation visit http://postmaster.example.com/error-messages?ip=192.0.2.22&c=bmu',
    '550 5.4.1 [ann@example.org]: Recipient address rejected: Access denied [BL2NAM02FT061.eop-nam02.prod.protection.outlook.com]',
    '550 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
    '551 not our customer',
    '551 User not local; please try <forward@example.org>',
    '550 User ann (ann@example.org) not listed in Domino Directory',
    "550 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address",
    '550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 : User unknown',
    '550 There is no one at this address',
    '550 unknown or illegal alias: ann@example.org',
    '550 This account has been disabled or discontinued [#101].',
    '550 Invalid/inactive user',
    '550 Host unknown',
    '550 5.7.17 Mailbox owner has changed',
    '550 5.5.0 Le compte du destinataire est bloque. LPN007_426',
    '550 utilisateur inconnu !',
    '550 Empfänger unbekannt',
    '550 Destinatario sconosciuto',
    '550 no existe dicha persona',
    '550 Usuário desconhecido',
    '550 Użytkownik nie istnieje',
    '550 Нет такого пользователя',
    '550 ユーザーが存在しません',
    '550 收件人不存在',
    '550 존재하지 않는 사용자',
    '550 5.1.1 spam@spam-filter.example: user unknown',
    '550 5.7.1 <ip@spamhaus.example>: Recipient address rejected: User unknown',
    '550 No such user - see http://spam.example.org/ip/192.0.2.1',
    '550 User unknown (mx3.antispam.example [192.0.2.3])',
    '550 host mx.example.org[192.0.2.3] said: 550 5.1.1 <ann@example.org> User unknown (in reply to RCPT TO command)',
    '550 5.1.1 Mailbox for VoIP user is disabled',
    '450 4.1.1 User unknown in virtual alias table',
    '450 4.2.1 The user you are trying to contact is receiving mail too quickly',
    '452 4.2.2 Recipient has exceeded its daily limit of messages',
    '550 5.2.2 user is over their quota. Please try sending again later',
    '552 5.2.2 The email account that you tried to reach is over quota',
    '552 5.2.2 mailbox full, quota exceeded. Please notify the sender',
    '550 Host unknown (Name server: host not found)',
    '550 Requested action not taken: mailbox unavailable (e.g., mailbox not found, no access, or command rejected for policy reasons)',
    '550 5.1.1 No such user. You are not allowed to send mail to this address',
    '550 This user does not accept mail',
    '550 This domain does not accept email',
    '550 We do not have a mailbox by that name',
    "550 Sorry, we don't have any user with that name",
    '550 User unknown, please check the address before sending again',
    '550 The address you are trying to send mail to does not exist',
    '550 The recipient account is disabled',
  ])('of one recipient never count: %s', (line) => {
    expect(key(line)).toBeNull();
  });

  test.each([
    '550 Too many invalid recipients',
    '550 5.2.1 Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted, see https://www.spamhaus.org/query/ip/192.0.2.1',
    '451 4.7.1 Currently Sending Spam, see http://www.sorbs.net/lookup.shtml?192.0.2.1',
    '451 Currently Sending Spam See: http://www.sorbs.net/lookup.shtml?192.0.2.1',
    '450 4.7.1 <user@example.org>: Recipient address rejected: domain example.net receives too many bounces, please send later',
    '550 5.1.0 192.0.2.22 is not allowed to send from <example.net> per its SPF record',
    '450 4.7.1 Access denied. IP name lookup failed [192.0.2.222]',
    '450 4.7.1 <c135.kyoto.example.ne.jp[192.0.2.56]>: Client host rejected: may not be mail exchanger',
    '450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]',
    '450 Requested action not taken:c1mx2, IwENCgC3+s5MYEpYXlIcAA--.4588S3, dnsbl.sorbs.net, please try again',
    '550 192.0.2.1 blacklisted see http://www.spamhaus.org/query/bl?ip=192.0.2.1',
    '550 5.7.0 Your server IP address is in the SpamHaus SBL-XBL database, bye',
    '550 5.7.1 192.0.2.1 has been blocked by zen.spamhaus.org',
    '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using ee.countries.nerd.dk; Your IP is in ee, rejected based on geographical location',
    '550 5.7.1 <recipient@example.com>... Rejected: 192.0.2.1 listed at zen.spamhaus.org.',
    '550 5.7.1 Blacklisted by zen.spamhaus.org. To avoid this problem on this particular server please visit http://spamfiltered.extra-dns.com/resolve/000',
    '550 https://www.spamhaus.org/query/ip/192.0.2.1',
    '554 5.7.1 <recipient@example.com>: Recipient address rejected: https://www.spamhaus.org/query/ip/192.0.2.1',
    '553 5.3.0 flph825 DNSBL:ATTRBL 521< 192.0.2.1 >_is_blocked.For assistance forward this email to abuse@example.com',
    '554 Denied [SHXBL] - Denied by Spamhaus XBL',
    '591 ann@example.org your host [192.0.2.1] is blacklisted by dnsbl.sorbs.net. Currently Sending Spam',
    "554 mx.example.com Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
    '553 5.7.1 <hostname[192.0.2.1]>: Client host rejected: Relaying denied - Your IP identified as spammer. Please contact 123',
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
    '550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/',
    '550 5.7.511 Access denied, banned sender[192.0.2.1]. To request removal forward this message to delist@messaging.microsoft.com.',
    '451 VS1-IP Excessive unknown recipients - possible Open Relay',
    '550 csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550',
    '550 Black listed at hostkarma http://ipadmin.junkemailfilter.com/remove.php?ip=192.0.2.1',
    '550 The sending IP (192.0.2.1) is listed on https://spamrl.com/. Please resolve this and retry.',
    '550 5.7.1 192.0.2.1 listed at dnsbl.cobion.com',
    '554 resimta-po-11v.sys.comcast.net 192.0.2.1 found on one or more DNSBLs, see http://postmaster.comcast.net/smtp-error-codes.php#BL000010',
    '554 5.7.1 Relay access denied',
    '550 5.7.1 Relaying denied',
    '550 relay not permitted',
    '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain',
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    '550 5.1.1 Relaying denied. Proper authentication required.',
    '550 5.1.1 Message rejected due to DMARC policy',
    '550 5.2.1 rejected by DKIM policy',
    '550 5.2.0 Message rejected as spam by content filtering.',
    '450 4.7.1 spam detected',
    '451 4.7.1 Your IP has a poor reputation',
    '450 4.2.0 You are on our blacklist',
    '451 4.7.23 SPF validation failed',
    '451 4.7.26 unauthenticated',
    '450 4.7.25 no PTR record',
    '550 5.1.1 Your mail server is listed in the RBL',
    '450 4.7.1 <u@example.org>: Recipient address rejected: SPF not matched',
    '450 4.7.1 <u@example.org>: Recipient address rejected: your IP is on too many DNSBLs',
    '550 5.7.1 Mail from IP 192.0.2.1 was rejected due to listing in Spamhaus XBL.',
    '451 4.7.1 relaying denied',
    '550 5.1.1 Directory harvest attack detected',
    '450 Too many unknown users',
    '452 4.5.3 too many invalid recipients',
    '550 5.5.0 domain [example.com] mismatches client ip 192.0.2.225.',
    '554 5.5.0 IP=192.0.2.254 - A problem occurred. (Ask your postmaster for help or to contact neko@example.org to clarify.) (BL)',
    '451 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints - 4.16.55.1',
    '450 4.7.1 Votre adresse IP est bloquée',
    '450 4.7.1 Ihre IP-Adresse ist gesperrt',
    '451 4.7.1 Sorry, your mail server has sent too much unsolicited mail',
    '550 5.1.1 <x@example.org> User unknown; your IP has been blacklisted after too many invalid recipients',
    '450 4.7.1 2001:db8::1 not allowed',
    '550 5.4.5 Daily user sending quota exceeded',
    '550 5.4.5 Daily user sending limit exceeded',
    '550 5.4.5 Daily SMTP relay limit exceeded for user',
    "550 5.2.2 The message can't be submitted because the sender's submission quota was exceeded",
    '550 Domain example.net has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded.',
    '550 You have reached a limit for sending mail',
    "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
    '550 Outgoing mail quota exceeded',
    '452 4.2.2 sending quota exceeded',
    '550 5.7.1 Daily limit for sending clients exceeded',
  ])('that tell of us count, whatever the code: %s', (line) => {
    expect(key(line)).not.toBeNull();
  });

  test.each([
    '550 5.1.8 Sender address rejected: Domain not found',
    '550 5.1.7 bad sender',
    '550 Sender address rejected: Domain not found',
    '550 5.1.0 <bounce@example.com> sender rejected. Please see https://www.example.net/support',
    '550 Verification failed for <news@example.com> Unrouteable address Sender verify failed',
    "550 5.1.0 - Unknown address error 550-'5.7.1 <bounce@example.com>... Access denied'",
    '554 5.7.1 <ann@example.org>: Recipient address rejected: Access denied',
    '554 5.7.1 Your account has been disabled',
    '550 5.7.1 account disabled',
    '550 Email rejected: invalid message headers',
    '550 blocked',
    '550 disabled',
    '550 5.7.1 You do not have permission to send from this account',
    '550 User not authorized to send as this address',
    '550 This user is not allowed to send mail',
    '550 You do not have enough credits in this account to send mail',
    '550 Insufficient balance, account disabled',
    '550 5.7.1 Tenant account not found; sending blocked',
    '550 SMTP user not found',
    '550 Client account not found',
    '550 Customer account disabled',
    '550 Your user account has been suspended',
    '550 Account disabled: cannot send',
    '550 Sending from this account is disabled',
    '550 Outgoing mail from this account has been suspended',
    '550 Account blocked from sending mail',
    '550 This server does not accept mail without valid DNS',
    '550 Host does not accept email over plain connections',
    '550 Hostname unknown: host not found',
    '550 Unknown host name, access denied',
    '550-Requested action not taken: mailbox unavailable 550 Reject due to policy restrictions',
    '550 Requested action not taken: mailbox unavailable Reject due to policy restrictions',
    '550 Requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record',
    '550 Requested action not taken: mailbox unavailable Sender address is not allowed.',
  ])('of the sender, or of nobody, count where they are for good: %s', (line) => {
    expect(key(line)).not.toBeNull();
  });

  test.each([
    '450 4.2.0 Greylisted, client host [192.0.2.1], see http://postgrey.example/spam',
    '451 4.7.1 Please call again',
    '450 4.7.1 Error: too much mail from 192.0.2.1',
    '451 4.1.8 Domain of sender address does not resolve',
    '452 4.5.3 Too many recipients',
    '550 Connection frequency limited, IP 192.0.2.22',
  ])('for now count only in words of a block: %s', (line) => {
    expect(key(line)).toBeNull();
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

  test('keep their words, with a blank between two', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'Z', '~', '!', ' ', '\t', '\u007f') });
    fc.assert(
      fc.property(texts, (text) => {
        const words = text.split(/[ \t\u007f]+/).filter((word) => word !== '');
        expect(cleanReply(text)).toBe(words.join(' '));
      }),
    );
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

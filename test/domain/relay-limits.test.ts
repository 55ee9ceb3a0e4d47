import { describe, expect, test } from 'vitest';
import { judge } from '../../src/domain/judge.ts';
import { refusalKey } from '../../src/domain/likeness.ts';
import { LIMIT_FORMS } from '../../src/domain/limit-forms.ts';
import type { Stage } from '../../src/domain/reply.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { RELAY_WORDS } from '../support/relay-words.ts';
import { reply } from '../support/reply.ts';

const at = (stage: Stage, line: string): Verdict =>
  judge({ kind: 'reply', stage, reply: reply(line) });

const STAGES = ['connect', 'auth', 'mail', 'rcpt', 'data', 'dot'] as const;

/** What real relays say when so many hours' or a day's mail has been sent. */
const QUOTAS = [
  '454 Throttling failure: Daily message quota exceeded.',
  '452 4.5.3 daily quota exceeded',
  '550 5.4.5 Daily SMTP relay limit exceeded for customer. For more information on SMTP relay sending limits please contact your administrator. abc.1 - gsmtp',
  '550 5.7.1 Daily SMTP relay limit exceeded for user',
  '451 4.7.0 Hourly sending limit reached',
  '550 5.4.5 Daily user sending quota exceeded. o65sm25351206pga.71 - gsmtp',
  '550 5.4.5 Daily user sending limit exceeded. For more information on Gmail 5.4.5 sending limits go to 5.4.5 https://support.google.com/a/answer/166852',
  '550-5.4.5 Daily sending quota exceeded 550 5.4.5 https://support.example/ - gsmtp',
  '550 5.7.1 Daily limit for sending clients exceeded',
  "550 5.2.2 The message can't be submitted because the sender's submission quota was exceeded",
  '550 5.2.2 Submission quota exceeded',
  '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to a permanent exception',
  "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
  "550 5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit for sending email to external recipients (tenant external recipient rate limit)",
  "550 5.7.233 Your message can't be sent because your tenant exceeded its daily limit for sending email to external recipients",
  '450 4.7.3 Organization queue quota exceeded.',
  '550 Domain example.net has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded.',
  '550 Domain example.net has exceeded the max defers and failures per hour (5/5 (100%)) allowed. Message discarded.',
  '554 5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages was exceeded. Try again later.',
  '554 5.7.1 <ann@example.org>: Recipient address rejected: You have exceeded your Outmail quota.',
  '552 Message would take you over your relay quota of 500 Current quota used: 487',
  '550 User news@example.com has exceeded its 24-hour sending limit. Messages to 25 recipients out of 25 allowed have been sent. Relay quota will reset in 23.5 hours.',
  '550-Requested mail action not taken: mailbox unavailable 450 Mail send limit exceeded.',
  '450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded.',
  '550 5.7.1 Your mail limit has been reached.',
  '452 message count quota exceeded',
  '550 User has exceeded outgoing email quota',
  '550 You have reached a limit for sending mail',
  '550 Outgoing mail quota exceeded',
  '452 4.2.2 sending quota exceeded',
  '451 Authentication failed: Maximum credits exceeded',
  '554 5.7.1 <DATA>: Data command rejected: only 10 messages per day',
  '554 5.7.1 <DATA>: Data command rejected: limit of 400 rcpts per 24 hours for client news@example.com reached',
  '554 5.7.1 <news@example.com>: Sender address rejected: only 100 recipients per day for news@example.com',
  '450 4.7.1 Number messages per hour exceeded',
  '450 4.7.1 Number recipients per hour exceeded',
  '452 4.5.3 Too many recipients received this hour',
  '452 Too many recipients received from the sender this hour',
  '421 4.7.1 Hourly limit exceeded',
  '420 4.7.0 Domain news.example.com is not allowed to send: recipient limit exceeded, try again after Mon, 25 Aug 2025 07:00:31 UTC',
  '552 Requested action aborted; number of recipients or message quota reached: daily quota',
  '550 SMTP relay limit reached',
  '550 The maximum number of emails for today has been reached',
  '554 5.7.1 rejected, max 100 emails per hour per account',
  '550 100 messages per hour allowed',
  '421 4.7.0 Too many emails sent from your account. Try again later.',
  '554 Limit of daily messages reached',
  '552 5.2.2 This mailbox has exceeded its daily sending limit',
  '550 Your hosting account has reached the limit of 500 emails per hour',
  '550 Ihr Tageslimit für ausgehende E-Mails ist erreicht',
  '550 Límite diario de correos salientes alcanzado',
  '450 Превышено количество писем в час',
  '421 Domain mg.example.org is not allowed to send: recipient limit exceeded',
  '450 4.7.1 <news@example.org>: Sender address rejected: Deferring: Too many messages from sender in last 60',
  '450 4.7.1 Sender rate overlimit - 312.4 / 1h',
  '550 5.4.5 Recipient address rejected: Domain Sending Quota Exceeded',
  '452 4.5.3 Daily message limit exceeded',
  '421 4.7.0 Hourly message limit for your account reached, try again later',
  '550 5.7.1 You have exceeded your monthly limit',
  '535 5.7.8 Authentication failed: your plan limit has been reached',
  '550 5.7.1 Too many messages sent today, try again tomorrow: daily cap',
  '451 4.7.1 Too many emails this hour from your account',
  "451 You've reached your sending limit. Don't worry you can send again soon.",
  '550 5.7.1 Die maximale Anzahl: Versandlimit pro Stunde erreicht',
  '450 4.7.1 Zu viele E-Mails in dieser Stunde versendet',
  "550 5.7.1 Quota d'envoi dépassé pour ce compte",
  '450 4.7.1 Limite d’envoi par heure atteinte',
  '550 Límite de envío diario superado',
  '550 5.7.1 Limite de envio excedido, tente novamente em 1 hora',
  '550 Limite di invio giornaliero superato',
  '550 Verzendlimiet bereikt',
  '550 Przekroczono limit wysyłanych wiadomości',
  '450 4.7.1 Превышен лимит отправки писем',
  '550 MI:STC 163 smtp10,D8CowAB3,please see http://mail.163.com/help/help_spam_16.htm',
  '550 超过每日发送数量限制',
  '550 今日发信数量已超过上限',
  '550 送信数の上限を超えました',
  '550 일일 발송 한도 초과',
];

/** The same of seconds or minutes. */
const RATES = [
  '454 Throttling failure: Maximum sending rate exceeded.',
  '450 4.2.1 Peak SMTP relay limit exceeded for customer. This is a temporary error.',
  '421 4.7.28 [192.0.2.1 15] Our system has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited. - gsmtp',
  '421 4.4.2 Message submission rate for this client has exceeded the configured limit',
  '451 4.7.1 Ratelimit "user" exceeded',
  '451 4.7.1 Ratelimit "mailcow" exceeded',
  '450 4.7.1 Error: too much mail from 192.0.2.1',
  '450 4.7.1 Error: too many recipients from 192.0.2.1',
  '450 4.7.1 Sender rate overlimit - 12.4 / 1m',
  '452 4.4.5 Messages per second limit exceeded',
  '452 4.5.3 Submission rate limit exceeded: more than 30 messages per minute; try again later',
  '421 4.7.28 Gmail has detected an unusual rate of mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited.',
  '450 4.7.1 Client host rejected: Please try again slower',
  '450 4.7.1 <unknown[192.0.2.1]>: Client host rejected: only 5 recipients per 5 minutes allowed',
  '550 5.7.1 [STF] Sending too fast.',
  '554 5.7.1 <news@example.com>: SASL login name rejected: You are sending too many emails too fast.',
  '451 Requested action aborted: This mail account has sent too many messages in a short amount of time. Please try later.',
  '550 5.7.0 Requested action not taken: too many emails per second',
  '550 Too many messages. Try again in 92 seconds.',
  '421 Rate limit reached. Please try again later',
  '452 Sender is throttled',
  '421 throttle delay',
  '451 Your account has been rate limited. Please try again. (SRL-UPD)',
  '450 Your account reached its rate limit of 120 requests/min. Please wait before trying again.',
  '450 4.7.500 Access denied, sender rate limited',
  '550 Sender frequency limited',
  '550 Domain frequency limited',
  '451 MI:SFQ 163 smtp9,DdGowAA,please see http://mail.163.com/help/help_spam_16.htm',
  '450 4.7.1 Slow down, too many messages',
  '450 exceeded sender message rate',
  '421 4.7.0 Message rate exceeded',
  '421 limit of emails per minute exceeded',
  '421 4.7.0 Too many messages per minute',
  '450 4.7.1 发送频率过快，请稍后重试',
];

/** Of one recipient. */
const RECIPIENTS = [
  // Mailboxes.
  '452 4.2.2 The email account that you tried to reach is over quota. Please direct the recipient to this article.',
  '552 5.2.2 The email account that you tried to reach is over its quota',
  '452 4.2.2 Recipient has exceeded its daily limit of messages',
  '550 5.2.2 user is over their quota. Please try sending again later',
  '552 5.2.2 mailbox full, quota exceeded. Please notify the sender',
  '554 5.2.2 user over quota',
  '550 5.2.2 Over quota',
  '552 Mailbox quota exceeded',
  '552 5.2.2 Over STORAGE quota',
  '550 Quota exceeded',
  '450 User quota exceeded',
  '451 Disk quota exceeded',
  '452 4.3.0 /var/email/ann/tmp/1000000000.A000000B00000: Disk quota exceeded',
  '450 4.3.0 Quota exceeded message delivery failed to /var/mail/box/u/00/f/ann/INBOX',
  '422 4.2.2 Quota limit exceeded (Speicherplatz des Kontos ueberschritten)',
  '452 4.2.2 Mailbox message count quota exceeded',
  '550 User has too many messages on the server.',
  '550 User has exhausted allowed storage space.',
  '552 The user you are trying to contact has exceeded storage allocation',
  '550 Mailbox size limit exceeded',
  '552 5.3.4 Message size exceeds fixed limit',
  '552 5.3.4 Message exceeds the maximum outgoing message size limit',
  '550 5.7.1 You have exceeded your mailbox quota',
  '452 4.2.2 La boîte du destinataire est pleine',
  '450 4.2.1 Квота ящика превышена',
  // Recipients who get too much.
  '450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time.',
  '450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.',
  '550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.',
  '451 4.5.1 The recipient <ann@example.org> has exceeded their message rate limit. Try again later.',
  '450 The recipient has exceeded their message rate limit. Try again later.',
  '452 4.1.0 Too many messages from you to this recipient',
  '450 Ratelimit exceeded for mailbox ann@example.org. Try again later.',
  '451 4.7.1 Recipient rate limit exceeded',
  '450 4.2.1 Mailbox has reached its incoming message limit',
  '550 5.2.1 Mailbox daily receive limit reached',
  '550 Recipient has reached daily message limit',
  '550 5.7.1 This account receives too many messages per day',
  '450 user mailbox is over quota today',
  '451 4.3.2 The mailbox is receiving too many messages per hour',
];

/** Of connections, of the server, of what is thought of the sending host. */
const OTHERS = [
  // Connections.
  '421 4.7.0 Too many connections from your IP',
  '421 4.3.2 Connection rate limit exceeded',
  '550 Connection frequency limited',
  '421 4.7.0 Too many messages in this session',
  '421 Maximum number of messages per connection exceeded',
  '432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded',
  '550 exceeds per-domain connection limit for example.net',
  '450 MI:DMC too many messages per session',
  '535 5.7.8 Too many connections per account',
  // What is thought of us.
  '451 4.7.650 The mail server [192.0.2.25] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S3113)',
  '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints',
  '421 4.7.0 [192.0.2.1] Our system has detected an unusual rate of unsolicited mail originating from your IP address.',
  '451 4.7.1 Sorry, your mail server has sent too much unsolicited mail',
  '550 Too many invalid recipients',
  '450 4.7.1 Too many invalid recipients per hour',
  '450 4.7.1 <user@example.org>: Recipient address rejected: domain example.net receives too many bounces, please send later',
  '554 5.7.1 Rate limited: your IP is listed at zen.spamhaus.org',
  '550 5.1.1 192.0.2.1 has sent to too many recipients this hour. IB607',
  '550 5.7.705 Access denied, tenant has exceeded threshold',
  '550 5.7.1 Sender exceeds limit of clients permitted to relay',
  '554 5.7.1 Relay access denied',
  // Nobody of that name, and all the rest.
  '550 5.1.1 User unknown',
  '550 5.1.1 <daily-limit@example.org>: Recipient address rejected: User unknown in relay recipient table',
  '550 <ann@sending-quota.example>: Recipient address rejected: User unknown',
  '552 5.7.0 blocked, see https://example.org/sending-limit-exceeded',
  '550 Maximum number of recipients per message exceeded',
  '552 5.3.4 Message exceeds size limit of 10 MB per message',
  '550 5.7.1 Blocked: too many spam messages sent today',
  '421 4.7.0 idle time limit exceeded',
  '452 4.5.3 Too many recipients',
  '452 4.5.3 Your message has too many recipients',
  '452 4.3.1 Insufficient system storage',
  '452 4.4.5 Insufficient disk space; try again later',
  '554 5.4.6 Too many hops: hop count limit exceeded',
  '421 4.7.0 Error limit reached, closing connection',
  '454 4.7.0 Too many login attempts, please try again later',
  '554 4.4.7 Message expired',
  '450 4.2.0 Greylisted, try again in 5 minutes',
  '450 4.2.0 Greylisted for 300 seconds, limit of a day',
  '450 4.3.0 Temporary failure',
  '554 5.0.0 Transaction failed',
];

describe.each(STAGES)('at %s', (stage) => {
  test.each([
    ...QUOTAS.map((line) => ['quota', line] as const),
    ...RATES.map((line) => ['rate', line] as const),
  ])('the relay’s limit is nobody’s fault (%s): %s', (limit, line) => {
    const { code, enhanced, text } = reply(line);
    expect(at(stage, line)).toMatchObject({ kind: 'limited', limit, stage, code, text });
    if (enhanced !== null) expect(at(stage, line)).toMatchObject({ enhanced });
  });
});

describe.each(['rcpt', 'data', 'dot'] as const)('at %s', (stage) => {
  test.each([...RECIPIENTS, ...OTHERS])('is no limit of the relay’s: %s', (line) => {
    expect(at(stage, line)).not.toMatchObject({ kind: 'limited' });
  });
});

describe.each(['connect', 'auth', 'mail'] as const)('at %s', (stage) => {
  test.each([
    '550 Quota exceeded',
    '452 over quota',
    '550 Too many messages',
    '450 Limit exceeded',
    '450 4.7.1 Rate limit exceeded for this user',
    '451-The server has reached its limit for processing requests from your host. 451 Please try again later.',
  ])('where no recipient has been named, a quota is ours: %s', (line) => {
    expect(at(stage, line)).toMatchObject({ kind: 'limited' });
  });

  test.each(OTHERS)('is no limit of the relay’s: %s', (line) => {
    expect(at(stage, line)).not.toMatchObject({ kind: 'limited' });
  });
});

test.each(Object.entries(RELAY_WORDS))(
  'a limit of the relay’s is heard where it is told: %s',
  (_, words) => {
    const lines = words.reply.split('\n').map((line, i) => (i === 0 ? line : line.slice(4)));
    const said = lines.join(' ').replace(/^(\d{3})-/, '$1 ');
    expect(at(words.at, said)).toMatchObject({ kind: 'limited' });
  },
);

test.each([...QUOTAS, ...RATES])('never makes a block: %s', (line) => {
  expect(refusalKey({ kind: 'deferred', ...reply(line) })).toBeNull();
});

describe('one recipient’s', () => {
  test.each([
    '452 4.3.1 Inbox full: storage quota exceeded for this recipient',
    '452 4.3.2 Mailbox is full',
    '450 4.3.0 Disk quota exceeded',
    '550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.',
    '550 The recipient has exceeded their message rate limit. Try again later.',
    '550 User has too many messages on the server.',
    '550 User has exhausted allowed storage space.',
    '554 Das Postfach des Empfängers ist voll',
    '550 La boîte du destinataire est pleine',
    '550 El buzón del destinatario está lleno',
    '550 La casella del destinatario è piena',
    '550 A caixa postal do destinatário está cheia',
    '550 Postvak is vol',
    '550 Skrzynka odbiorcy jest przepełniona',
    '550 Ящик получателя переполнен',
    '550 收件人邮箱已满',
    '550 メールボックスの容量超過',
  ])('mailbox is for now, and any number of them is no sign of anything: %s', (line) => {
    for (const stage of ['rcpt', 'data', 'dot'] as const) {
      const verdict = at(stage, line);
      expect(verdict).toMatchObject({ kind: 'deferred' });
      expect(refusalKey({ kind: 'failed', ...reply(line) })).toBeNull();
    }
  });

  test('mailbox that is full is the sender’s where MAIL is refused', () => {
    expect(at('mail', '552 5.2.2 mailbox full')).toMatchObject({ kind: 'server', pause: true });
    expect(at('mail', '452 4.2.2 mailbox full')).toMatchObject({ kind: 'server', pause: false });
    expect(
      at(
        'dot',
        '554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionQuotaExceeded',
      ),
    ).toMatchObject({ kind: 'server', pause: true });
  });
});

describe('greylisting', () => {
  test.each([
    '450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted, see http://postgrey.example/',
    '450 4.7.1 Recipient address rejected: see http://postgrey.schweikert.ch/help/example.html',
    '451 4.7.1 Greylisting in action, please come back in 00:05:00',
    '421 Your address has been graylisted. Try again later.',
    '421 4.7.1 Service unavailable; Client host [192.0.2.1] blocked using grey.rbl - Greylisting in action, please try again later',
    '451 Grey-listed, try later',
    '550 Greylisted, try again in 5 minutes',
    '451 4.7.1 Unknown triplet, please retry',
    '450 4.2.0 Adresse en liste grise, réessayez plus tard',
    '450 En lista gris, inténtelo más tarde',
    '450 Auf der Grauliste, bitte später',
    '450 4.7.1 Серый список, попробуйте позже',
    '450 灰名单，请稍后再试',
  ])('is for now, of everybody at first: %s', (line) => {
    for (const stage of ['rcpt', 'data', 'dot'] as const) {
      expect(at(stage, line)).toMatchObject({ kind: 'deferred', greylisted: true });
    }
  });

  test.each([
    '450 4.7.1 <ann@graylist.example>: temporary failure',
    '451 4.7.1 Please try again later',
    '450 4.2.1 Mailbox busy',
  ])('is not said of what merely comes back later: %s', (line) => {
    expect(at('rcpt', line)).not.toMatchObject({ greylisted: true });
  });
});

test('every form has its source', () => {
  for (const { source } of LIMIT_FORMS) expect(source).not.toBe('');
});

test('no form takes long over the longest words that are read', () => {
  const words = ['limit ', 'sending ', 'you ', 'too many ', 'exceeded ', 'rate ', '发送', 'a.'];
  for (const word of words) {
    for (const stage of ['mail', 'rcpt'] as const) at(stage, `450 ${word.repeat(500)}`);
  }
});

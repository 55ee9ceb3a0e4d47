import { describe, expect, test } from 'vitest';
import { judge } from '../../src/domain/judge.ts';
import { refusalKey } from '../../src/domain/likeness.ts';
import type { Stage } from '../../src/domain/reply.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { reply } from '../support/reply.ts';

const at = (stage: Stage, line: string): Verdict =>
  judge({ kind: 'reply', stage, reply: reply(line) });

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

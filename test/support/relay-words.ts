import type { RelayStage } from './relay-limits.ts';

/** How a relay says that its limit is reached, where it says so, and where that is from. */
interface RelayWords {
  at: RelayStage;
  reply: string;
  source: string;
}

const GMAIL = 'Google Workspace Admin Help, Gmail SMTP errors and codes';
const EXCHANGE = 'Microsoft Learn, Exchange Online limits and NDR codes';
const SES = 'Amazon SES Developer Guide, Errors related to the sending quotas';

export const RELAY_WORDS = {
  sesRate: {
    at: 'dot',
    reply: '454 Throttling failure: Maximum sending rate exceeded.',
    source: SES,
  },
  sesDay: {
    at: 'dot',
    reply: '454 Throttling failure: Daily message quota exceeded.',
    source: SES,
  },
  gmailPeak: {
    at: 'rcpt',
    reply:
      '450-4.2.1 Peak SMTP relay limit exceeded for customer. This is a temporary\n450-4.2.1 error. For more information on SMTP relay limits, please contact your\n450 4.2.1 administrator. {id} - gsmtp',
    source: GMAIL,
  },
  gmailRelayDay: {
    at: 'rcpt',
    reply:
      '550-5.4.5 Daily SMTP relay limit exceeded for user. For more information on\n550-5.4.5 SMTP relay sending limits, contact your administrator or go to\n550 5.4.5 https://support.google.com/a/answer/166852 {id} - gsmtp',
    source: GMAIL,
  },
  gmailCustomerDay: {
    at: 'rcpt',
    reply: '550 5.7.1 Daily SMTP relay limit exceeded for customer. {id} - gsmtp',
    source: 'Google Workspace Admin Help, Route outgoing SMTP relay messages through Google',
  },
  gmailUserDay: {
    at: 'mail',
    reply:
      '550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\n550-5.4.5 sending limits go to\n550 5.4.5 https://support.google.com/a/answer/166852 {id} - gsmtp',
    source: GMAIL,
  },
  gmailUnusual: {
    at: 'dot',
    reply:
      '421-4.7.28 Gmail has detected an unusual rate of mail originating from your IP\n421-4.7.28 address. To protect our users from spam, mail sent from your IP address\n421-4.7.28 has been temporarily rate limited. For more information, go to\n421 4.7.28 https://support.google.com/mail/?p=UnsolicitedRateLimitError {id} - gsmtp',
    source: GMAIL,
  },
  exchangeDay: {
    at: 'dot',
    reply:
      "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to a permanent exception with message The message can't be submitted because the sender's submission quota was exceeded. [Hostname=AM0PR04MB{id}.eurprd04.prod.outlook.com]",
    source: EXCHANGE,
  },
  exchangeRecipients: {
    at: 'rcpt',
    reply:
      "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients [{id}.prod.outlook.com]",
    source: EXCHANGE,
  },
  exchangeMinute: {
    at: 'rcpt',
    reply:
      '452 4.5.3 Submission rate limit exceeded: more than 30 messages per minute; try again later',
    source: EXCHANGE,
  },
  cpanelHour: {
    at: 'rcpt',
    reply:
      '550 Domain example.org has exceeded the max emails per hour (500/500 (100%)) allowed. Message discarded.',
    source: 'cPanel, enforce_mail_permissions in exim.conf',
  },
  eximRate: {
    at: 'rcpt',
    reply: '450 4.7.1 Sender rate overlimit - 312.4 / 1h',
    source: 'Exim specification, 44.38 ratelimiting incoming messages',
  },
  postfixMail: {
    at: 'mail',
    reply: '450 4.7.1 Error: too much mail from 127.0.0.1',
    source: 'Postfix smtpd.c, smtpd_client_message_rate_limit',
  },
  postfixRecipients: {
    at: 'rcpt',
    reply: '450 4.7.1 Error: too many recipients from 127.0.0.1',
    source: 'Postfix smtpd.c, smtpd_client_recipient_rate_limit',
  },
  policydMinute: {
    at: 'rcpt',
    reply:
      '450 4.7.1 <news@example.org>: Sender address rejected: Deferring: Too many messages from sender in last 60',
    source: 'policyd (cluebringer) behind Postfix, quotas module',
  },
  hostingDay: {
    at: 'rcpt',
    reply: '550 5.4.5 Recipient address rejected: Domain Sending Quota Exceeded',
    source: 'mailhostbox.com, log of a postfix behind a policy server',
  },
  outmail: {
    at: 'rcpt',
    reply: '554 5.7.1 Recipient address rejected: You have exceeded your Outmail quota.',
    source: 'Prolateral outMail, What does SMTP 554 5.7.1 mean?',
  },
  dayAtMail: {
    at: 'mail',
    reply: '452 4.5.3 Daily message limit exceeded',
    source: 'Emailit, SMTP troubleshooting',
  },
  secondAtMail: {
    at: 'mail',
    reply: '452 4.4.5 Messages per second limit exceeded',
    source: 'Emailit, SMTP troubleshooting',
  },
  quotaAtRcpt: {
    at: 'rcpt',
    reply: '452 4.5.3 daily quota exceeded',
    source: 'generic',
  },
  hourAtDot: {
    at: 'dot',
    reply: '451 4.7.0 Hourly sending limit reached',
    source: 'generic',
  },
  sendgridCredits: {
    at: 'auth',
    reply: '451 Authentication failed: Maximum credits exceeded',
    source: 'SendGrid, by those who met it',
  },
  mailgunRecipients: {
    at: 'data',
    reply: '421 Domain mg.example.org is not allowed to send: recipient limit exceeded',
    source: 'Mailgun, by those who met it',
  },
  atGreeting: {
    at: 'connect',
    reply:
      '451-The server has reached its limit for processing requests from your host.\n451 Please try again later.',
    source: 'Go Daddy, in logs of MDaemon',
  },
  tooManyAtAuth: {
    at: 'auth',
    reply: '550 Too many messages. Try again in 92 seconds.',
    source: 'msndr.net, restrictions on the service',
  },
  atConnect: {
    at: 'connect',
    reply: '421 4.7.0 Hourly message limit for your account reached, try again later',
    source: 'generic',
  },
} as const satisfies Record<string, RelayWords>;

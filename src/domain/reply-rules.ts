import { relayLimitOf } from './relay-limits.js';
import type { Reply, Stage } from './reply.js';
import { CROWDED, FULL, fold, GREYLISTED, LIMITED, TOO_LARGE } from './reply-words.js';
import { isExplained } from './subjects.js';

/** Whose trouble a reply tells of. */
export type Fault =
  /** The recipient's or the message's own, for good. */
  | 'recipient'
  /** The recipient's, for now. */
  | 'recipient-for-now'
  /** The same, and of everybody whom the server has not seen before. */
  | 'greylisted'
  /** Nobody's: the relay has taken as much as it takes from us in a time. */
  | 'limited'
  /** The server's or the sender's, for now; every other message would meet it too. */
  | 'server'
  /** As `server`, but in mid-message, which one poisonous row can cause as well. */
  | 'server-mid-message'
  /** The sender's, until somebody changes something. */
  | 'sender'
  /** Nobody's: there are more connections than the server takes. In mid-message one poisonous row can cause it, too. */
  | 'connections'
  /** Nobody's: this connection has carried as much as the server takes over one. */
  | 'session'
  /** It cannot be known whether the message was accepted. */
  | 'unknown';

interface Rule {
  /** Stages it holds at; all of them when left out. */
  at?: readonly Stage[];
  /** Pattern of the three digits. */
  code: RegExp;
  /** Pattern of the enhanced code; a reply without one never fits. */
  enhanced?: RegExp;
  /** Pattern of the words as they were said. */
  text?: RegExp;
  /** Pattern of the words as `fold` leaves them. */
  words?: RegExp;
  /** Whether it is for a limit of the relay's. */
  limited?: true;
  /** Whether it leaves a reply that gives a reason of its own to the other rules. */
  unlessExplained?: true;
  fault: Fault;
  /** Where the rule comes from. */
  source: string;
}

export const MESSAGE_STAGES: readonly Stage[] = ['rcpt', 'data', 'body', 'dot'];

const SESSIONS =
  '((concurrent|simultaneous|parallel|open|active|smtp|tcp|client|incoming|inbound|connected|established) ){0,3}(connections?|sessions?|threads?)';

/**
 * Words of a limit on connections at a time; one on how many are made in a time ends by itself. What counts them stands
 * right beside them: a server that is about to close one says so of any refusal.
 */
const CONNECTIONS = new RegExp(
  `^(?!.*(${[
    String.raw`\brate\b`,
    'frequen',
    'per (second|minute|hour|day|connection|session)',
  ].join('|')})).*(${[
    String.raw`\btoo many ${SESSIONS}\b`,
    String.raw`\btoo many ((concurrent|simultaneous|active|smtp|connected) ){0,2}clients\b`,
    String.raw`\b(${SESSIONS}|concurrency) (limit|count|maximum)\b.{0,20}(exceed|reach|hit)`,
    String.raw`\b(exceed\w*|reached|over|hit) ([\w'-]+ ){0,3}(${SESSIONS}|concurrency) (limit|count|maximum)\b`,
    String.raw`\b(maximum|max\.?|limit|exceed(s|ed)?) (allowed )?(number |count )?(of |on )?(allowed )?(\d+ )?${SESSIONS}(?<=s)\b`,
    String.raw`\bnumber of (allowed )?${SESSIONS}(?<=s)\b.{0,40}\b(exceed|limit|maximum|reached)`,
    String.raw`\bhl:icc\b`,
    'trop de connexions|zu viele verbindungen|demasiadas conexiones|troppe connessioni',
  ].join('|')})`,
  'i',
);

const UNITS = '(messages?|mails?|e-?mails?|recipients?|rcpts?|transactions?)';
/** Words of how much the server takes over one connection. */
const SESSION = new RegExp(
  [
    String.raw`^(?=.*\b(limit|max|too many|exceed|reached)).*\b${UNITS} (\S+ ){0,2}?(per|(for|in|on|over) (this|the same|a single|one|each|your)) (smtp |tcp )?(session|connection)\b`,
    String.raw`\b(session|connection) ${UNITS} (limit|count)\b`,
    String.raw`\btoo many ${UNITS}( in a row)?\W{1,3}closing (the )?(connection|session|transmission|channel)`,
    String.raw`\bbatch limit reached\b|\b(mi:dmc|rp:drc)\b`,
  ].join('|'),
  'u',
);

/** Words of a failure that ends by itself. */
const TEMPORARY =
  /try (again )?later|try again in|please (try|retry|come back) later|temporar(y|ily)|currently (unavailable|not available)|service (is )?unavailable\s*$|internal .{0,10}error|resources? (temporarily )?unavailable/i;

/**
 * Read from the top, the first that fits decides. Codes: RFC 5321 §4.2; enhanced codes: RFC 3463 and the IANA
 * registry built on it; the words are those of real servers.
 */
export const RULES: readonly Rule[] = [
  // Answers that mean the same wherever they come.
  {
    at: MESSAGE_STAGES,
    code: /^4/,
    words: /\brecipient thread limit\b/,
    fault: 'recipient-for-now',
    source: 'Exchange Online 432 4.3.2: one recipient gets mail too quickly',
  },
  {
    code: /^432$/,
    enhanced: /^4\.3\.2$/,
    fault: 'connections',
    source: 'Exchange Online: concurrent connections limit exceeded, sender thread limit exceeded',
  },
  {
    code: /^[45]/,
    text: CONNECTIONS,
    unlessExplained: true,
    fault: 'connections',
    source: 'Postfix anvil, Exim, Sendmail, Exchange 4.3.2, Amazon SES, Orange',
  },
  {
    at: ['mail', ...MESSAGE_STAGES],
    code: /^[45]/,
    words: SESSION,
    unlessExplained: true,
    fault: 'session',
    source:
      'Amazon SES, IONOS, Stalwart, GoDaddy IB510, Momentum, Exim, NetEase: so many over one connection',
  },
  {
    code: /^[45]/,
    limited: true,
    fault: 'limited',
    source: 'each of LIMIT_FORMS in limit-forms.ts has its own',
  },
  {
    code: /^[45]/,
    text: /STOREDRV\.Submi\w+.*QuotaExceeded/i,
    fault: 'sender',
    source: 'Exchange Online 5.2.2: the mailbox that is full is the one it is sent from',
  },
  {
    at: MESSAGE_STAGES,
    code: /^[45]/,
    words: GREYLISTED,
    fault: 'greylisted',
    source: 'RFC 6647 §2, §5.1: postgrey, milter-greylist, sqlgrey, Exim, with whatever code',
  },
  {
    at: MESSAGE_STAGES,
    code: /^4/,
    words: CROWDED,
    fault: 'recipient-for-now',
    source: 'Gmail 4.2.1, Yandex, iCloud, with whatever code: one recipient gets mail too quickly',
  },
  {
    code: /^421$/,
    at: MESSAGE_STAGES,
    fault: 'server-mid-message',
    source: 'RFC 5321 §3.8: shutting down',
  },
  { code: /^421$/, fault: 'server', source: 'RFC 5321 §3.8: shutting down' },
  { code: /^454$/, fault: 'server', source: 'RFC 3207 §4, RFC 4954 §6: TLS or login not now' },
  { code: /^53[0458]$/, fault: 'sender', source: 'RFC 4954 §6: login needed, refused or too weak' },

  // Before any message.
  { at: ['auth'], code: /^5/, fault: 'sender', source: 'RFC 4954 §4: login refused' },
  {
    at: ['auth', 'connect'],
    code: /^/,
    fault: 'server',
    source: 'RFC 5321 §3.1: greeting refused',
  },

  // MAIL names the sender: its refusal is no recipient's fault, but for what it says of the message.
  {
    at: ['mail'],
    code: /^5/,
    enhanced: /^5\.(2\.3|3\.4)$/,
    fault: 'recipient',
    source: 'RFC 1870 §6.1: SIZE too large',
  },
  {
    at: ['mail'],
    code: /^5/,
    enhanced: /^5\.2\.2$/,
    fault: 'sender',
    source: 'RFC 3463 §3.3: the mailbox is full, and here it is that of the sender',
  },
  { at: ['mail'], code: /^552$/, fault: 'recipient', source: 'RFC 1870 §6.1: SIZE too large' },
  {
    at: ['mail'],
    code: /^5/,
    enhanced: /^5\.6\.7$/,
    fault: 'recipient',
    source: 'RFC 6531 §3.5: address needs SMTPUTF8',
  },
  { at: ['mail'], code: /^5/, fault: 'sender', source: 'RFC 5321 §3.3: sender refused' },
  { at: ['mail'], code: /^4/, fault: 'server', source: 'RFC 5321 §4.2.1: sender not accepted now' },

  // Refused for now.
  {
    at: MESSAGE_STAGES,
    code: /^4/,
    words: FULL,
    fault: 'recipient-for-now',
    source: 'RFC 3463 §3.3: one mailbox full, whatever the enhanced code says of the system',
  },
  {
    code: /^4/,
    enhanced: /^4\.3\.[12]$/,
    fault: 'server-mid-message',
    source: 'RFC 3463 §3.4: system full or not accepting',
  },
  {
    code: /^4/,
    text: /insufficient (system|disk) (storage|space|resources)|system storage/i,
    fault: 'server-mid-message',
    source: 'RFC 5321 §4.2.2: 452; Sendmail 4.4.5',
  },
  {
    code: /^4/,
    text: /\bIP\b.{0,40}(rate|throttl)|(rate|throttl).{0,40}\bIP\b|(client|server|connection|host).{0,60}(rate.?limit|throttl)/i,
    fault: 'server-mid-message',
    source: 'Postfix anvil, Exchange Online 4.7.650: how much the sending host sends',
  },
  { code: /^4/, fault: 'recipient-for-now', source: 'RFC 5321 §4.2.1: try the same again' },

  // A refusal for good, unless its own words say that it is not.
  {
    code: /^5/,
    enhanced: /^5\.1\.10$/,
    fault: 'recipient',
    source: 'RFC 7505 §4.1: domain takes no mail',
  },
  {
    code: /^55[0-6]$/,
    enhanced: /^5\.2\.2$/,
    fault: 'recipient-for-now',
    source: 'RFC 3463 §3.3: mailbox full',
  },
  {
    code: /^5/,
    words: CROWDED,
    fault: 'recipient-for-now',
    source: 'Gmail 5.2.1, Yandex: one recipient gets mail too quickly',
  },
  {
    code: /^5/,
    words: TOO_LARGE,
    fault: 'recipient',
    source: 'RFC 5321 §4.2.2, RFC 3463 §3.3, §3.4',
  },
  {
    code: /^5/,
    words: FULL,
    fault: 'recipient-for-now',
    source: 'Exim, Amazon SES, Exchange: mailbox full in words only',
  },
  {
    code: /^5/,
    text: LIMITED,
    fault: 'recipient-for-now',
    source: 'GoDaddy, Tencent, Exim: a rate limit sent as 550',
  },
  {
    code: /^5/,
    enhanced: /^4\./,
    fault: 'recipient-for-now',
    source: 'RFC 3463 §2: class 4 in spite of the code',
  },
  {
    code: /^5/,
    text: TEMPORARY,
    fault: 'recipient-for-now',
    source: 'Exim, SurfControl, Sendmail: 5xx worded as temporary',
  },
  {
    code: /^552$/,
    enhanced: /^5\.(?!2\.2$)/,
    fault: 'recipient',
    source: 'RFC 3463: the enhanced code says more',
  },
  {
    at: ['rcpt'],
    code: /^552$/,
    fault: 'recipient-for-now',
    source: 'RFC 5321 §4.2.2: exceeded storage allocation',
  },
  { code: /^5/, fault: 'recipient', source: 'RFC 5321 §4.2.1: do not try the same again' },

  // Neither yes nor no where one is due.
  {
    at: ['dot'],
    code: /^/,
    fault: 'unknown',
    source: 'RFC 5321 §4.2: not an answer to the end of data',
  },
  {
    code: /^/,
    fault: 'server-mid-message',
    source: 'RFC 5321 §4.2: not an answer to this command',
  },
];

const fits = (rule: Rule, stage: Stage, reply: Reply, said: string): boolean =>
  (rule.at?.includes(stage) ?? true) &&
  rule.code.test(String(reply.code)) &&
  (rule.enhanced === undefined ||
    (reply.enhanced !== null && rule.enhanced.test(reply.enhanced))) &&
  (rule.text?.test(reply.text) ?? true) &&
  (rule.words?.test(said) ?? true) &&
  !(rule.limited && relayLimitOf(stage, reply, said) === null) &&
  !(rule.unlessExplained && isExplained(said));

/** @param reply its words clean and short, its enhanced code from wherever it stands */
export function faultOf(stage: Stage, reply: Reply): Fault {
  const said = fold(reply.text);
  return RULES.find((rule) => fits(rule, stage, reply, said))?.fault ?? 'unknown';
}

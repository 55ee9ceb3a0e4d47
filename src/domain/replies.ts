import type { DeliveryResult, Reply, Stage, Verdict } from './outcome.js';
import { clip } from './text.js';

/** Whose trouble a reply tells of. */
type Fault =
  /** The recipient's or the message's own, for good. */
  | 'recipient'
  /** The recipient's, for now. */
  | 'recipient-for-now'
  /** The server's or the sender's, for now; every other message would meet it too. */
  | 'server'
  /** As `server`, but in mid-message, which one poisonous row can cause as well. */
  | 'server-mid-message'
  /** The sender's, until somebody changes something. */
  | 'sender'
  /** It cannot be known whether the message was accepted. */
  | 'unknown';

interface Rule {
  /** Stages it holds at; all of them when left out. */
  at?: readonly Stage[];
  /** Pattern of the three digits. */
  code: RegExp;
  /** Pattern of the enhanced code; a reply without one never fits. */
  enhanced?: RegExp;
  /** Pattern of the words. */
  text?: RegExp;
  fault: Fault;
  /** Where the rule comes from. */
  source: string;
}

const MESSAGE_STAGES: readonly Stage[] = ['rcpt', 'data', 'body', 'dot'];

/** Words of a limit on how much or how often we send. */
const LIMITED =
  /too many (connections|concurrent|messages|recipients|mails|emails)|rate.?limit|limit(ed)? rate|frequency (limit|is)|connection frequency|throttl|limit exceeded|exceeded .{0,30}(rate|limit|quota of messages)|sending (rate|limit)/i;

/** Words of a mailbox that has no room. */
const FULL =
  /(mailbox|inbox|mail box|account|user).{0,40}\bfull\b|(mailbox|inbox).{0,40}(size limit|exceed)|over ?quota|quota.{0,20}(exceed|full|reached)|exceed.{0,30}(quota|storage)|insufficient (mailbox|user) (storage|space)|not enough (storage|space)/i;

/** Words of greylisting, which often comes with those of a refused host. */
const GREYLISTED = /gr[ea]y.?list/i;

/** Words of a failure that ends by itself. */
const TEMPORARY =
  /gr[ea]y.?list|try (again )?later|try again in|please (try|retry|come back) later|temporar(y|ily)|currently (unavailable|not available)|service (is )?unavailable\s*$|internal .{0,10}error|resources? (temporarily )?unavailable/i;

/** Words of a message that is too large, which no waiting mends. */
const TOO_LARGE =
  /message.{0,40}(too (large|big|long)|size)|too (large|big)|size exceeds .{0,20}maximum/i;

/**
 * Read from the top, the first that fits decides. Codes: RFC 5321 §4.2; enhanced codes: RFC 3463 and the IANA
 * registry built on it; the words are those of real servers.
 */
export const RULES: readonly Rule[] = [
  // Answers that mean the same wherever they come.
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
  { code: /^4/, text: GREYLISTED, fault: 'recipient-for-now', source: 'RFC 6647 §2: greylisting' },
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
    text: /too many (connections|concurrent|sessions)|\bIP\b.{0,40}(rate|reputation|throttl)|(rate|reputation|throttl).{0,40}\bIP\b|(client|server|connection|host).{0,60}(rate.?limit|throttl)|client host (rejected|blocked)|IP name lookup failed/i,
    fault: 'server-mid-message',
    source:
      'Postfix anvil, Exchange Online 4.7.650, Sendmail rDNS: the sending host, not the recipient',
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
    text: TOO_LARGE,
    fault: 'recipient',
    source: 'RFC 5321 §4.2.2, RFC 3463 §3.3, §3.4',
  },
  {
    code: /^5/,
    text: FULL,
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

const fits = (rule: Rule, stage: Stage, reply: Reply): boolean =>
  (rule.at?.includes(stage) ?? true) &&
  rule.code.test(String(reply.code)) &&
  (rule.enhanced === undefined ||
    (reply.enhanced !== null && rule.enhanced.test(reply.enhanced))) &&
  (rule.text?.test(reply.text) ?? true);

/** A reply as the server wrote it, on one line: `550 5.1.1 User unknown`. */
export const formatReply = ({ code, enhanced, text }: Reply): string =>
  [code, enhanced, text].filter((part) => part !== null && part !== '').join(' ');

const REFUSED: Partial<Record<Stage, string>> = {
  auth: 'login refused',
  mail: 'sender refused',
};

function judgeReply(stage: Stage, reply: Reply): Verdict {
  if (stage === 'dot' && reply.code >= 200 && reply.code < 300) return { kind: 'sent', reply };
  const fault = RULES.find((rule) => fits(rule, stage, reply))?.fault ?? 'unknown';
  const { code, enhanced, text } = reply;
  const words = cleanReply(formatReply(reply));
  switch (fault) {
    case 'recipient':
      return { kind: 'failed', code, enhanced, text };
    case 'recipient-for-now':
      return { kind: 'deferred', code, enhanced, text };
    case 'unknown':
      return { kind: 'unknown', text: words };
    default:
      return {
        kind: 'server',
        text: cleanReply(
          fault === 'sender' && REFUSED[stage] ? `${REFUSED[stage]}: ${words}` : words,
        ),
        pause: fault === 'sender',
        broke: fault === 'server-mid-message',
        code,
      };
  }
}

/**
 * What a delivery's end means for the ledger: the recipient's fault for good or for now, the server's, or not known.
 * Its texts are clean and short enough to be stored.
 */
export function judge(result: DeliveryResult): Verdict {
  switch (result.kind) {
    case 'reply': {
      const { code, enhanced, text } = result.reply;
      return judgeReply(result.stage, { code, enhanced, text: cleanReply(text) });
    }
    case 'broken':
      if (result.stage === 'dot') return { kind: 'unknown', text: cleanReply(result.error) };
      return {
        kind: 'server',
        text: cleanReply(result.error),
        pause: result.certificate === true,
        broke: result.stage !== 'connect' && result.stage !== 'auth',
        code: null,
      };
    case 'unsendable':
      return {
        kind: 'failed',
        code: null,
        enhanced: result.enhanced,
        text: cleanReply(result.error),
      };
    case 'not-started':
      return { kind: 'untouched' };
  }
}

/** Words by which servers without enhanced codes say 5.1.x or 5.2.x. */
const ABOUT_THE_ADDRESS =
  /(user|recipient|mailbox|account|address|alias).{0,40}(unknown|not found|does ?n[o']t exist|no longer|inactive|disabled|suspended|unavailable|invalid)|(unknown|no such|invalid|inactive|disabled|bad) (local )?(user|recipient|mailbox|account|address)/i;

/** What differs from one recipient to the next in what is otherwise the same refusal. */
const VARYING: readonly RegExp[] = [
  /https?:\/\/\S+/g,
  /<[^>]*>/g,
  /"[^"]*"|'[^']*'/g,
  /\S+@\S+/g,
  /[\w.+:/=-]*\d[\w.+:/=-]*/g,
];

/** 5.1.7 and 5.1.8 are about the sender's address (RFC 3463 §3.2), which Postfix refuses as late as RCPT. */
const ADDRESS_STATUS = /^5\.(2|1(?!\.[78]$))\./;

/**
 * Key under which refusals count as identical: code, enhanced code and words but for addresses, ids, numbers and
 * quoted strings. Null for what is about the one recipient's address (5.1.x, 5.2.x, or words that say so where there
 * is no enhanced code): a poor list is not a block.
 */
export function refusalKey(verdict: Extract<Verdict, { kind: 'failed' }>): string | null {
  const { code, enhanced, text } = verdict;
  const aboutTheAddress =
    enhanced === null
      ? ABOUT_THE_ADDRESS.test(text) && !/sender/i.test(text)
      : ADDRESS_STATUS.test(enhanced);
  if (aboutTheAddress) return null;
  const words = VARYING.reduce((rest, pattern) => rest.replace(pattern, '#'), text);
  return `${code ?? '-'} ${enhanced ?? '-'} ${words
    .toLowerCase()
    .replace(/#(?:[\s,;.#[\]()-]*#)+/g, '#')
    .replace(/\s+/g, ' ')
    .trim()}`;
}

/** A server's words made fit for a column of `max` characters: one line, no control characters, no half surrogates. */
export function cleanReply(text: string, max = 500): string {
  const line = text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return clip(line, max);
}

import { enhancedCodes } from './enhanced-codes.js';
import { LIMIT_FORMS, type LimitForm } from './limit-forms.js';
import type { Reply, Stage } from './reply.js';
import {
  any,
  CROWDED,
  fold,
  GREYLISTED,
  HARVEST,
  LISTED,
  LISTS,
  TOO_LARGE,
  UNKNOWN,
} from './reply-words.js';

/** How long a limit lasts: seconds to minutes, or hours to days. */
export type RelayLimit = 'rate' | 'quota';

/** Words of what is thought of us, which no waiting mends. */
const THOUGHT_OF_US = any(
  LISTS,
  LISTED,
  HARVEST,
  /reputation|complaints?\b|\bbounces?\b|unsolicited|spam (detected|message|content|abuse)|(judged|considered|identified|classified|detected|marked|flagged) (to be |as )?(\S+ )?spam|phishing|\bvirus\b/,
  /\b(spf|dkim|dmarc|ptr)\b|unauthenticated|\b(use|over|without) (an? )?(tls|ssl)\b/,
);

/** What is counted in one connection ends with it, and what is counted of connections has a rule of its own. */
const OF_CONNECTIONS = any(
  /\b(per|this|in a|one|single|same|each|current) (smtp |tcp )?(connections?|sessions?)\b|\b(connections?|sessions?|concurren\w*|threads?)( \S+)? (rate|frequency|limits?|count)\b|\b(rate|number|frequency|limit) of (\S+ )?(connections?|sessions?)|too (many|frequent) (\S+ ){0,2}(connect\w*|sessions?|threads?)/,
  /\b(errors?|commands?|hops?|hop count|login attempts|auth\w* attempts|failed logins?) (limit|rate|count|exceed\w*)|too many (\S+ )?(errors|commands|hops|bounces|(failed )?(logins?|auth\w*))/,
);

/** Room, and size: no matter of time. */
const OF_SIZE = any(
  TOO_LARGE,
  /\b(disk|storage|inbox|mail ?-?box|mail ?drop)( (space|size|storage))?('s)? (quota|limit|allowance|allocation|capacity|is full|full)\b|\b(disk|storage)\b.{0,25}\b(quota|limit|allowance)\b|\b(size|length|line|header|attachment)s?\b.{0,20}\b(limit|exceed)/,
);

const A_MAILBOX = /\b(disk|storage|inbox|mail ?-?box|mail ?drop)\b/;

/** Of one message and its recipients. */
const OF_ONE_MESSAGE =
  /\b(recipients?|rcpts?) (per|in (this|the|one|a single)|for (this|one|a single)) (\S+ )?(message|mail|e-?mail|transaction)\b|\b(message|mail|e-?mail) (has|had|have|contains|with) too many (\S+ )?(recipients|rcpts)\b/;

/** Of one recipient, or of nothing that a time ends. */
const OF_A_RECIPIENT = any(
  CROWDED,
  UNKNOWN,
  /spam|junk|receiv(?!ed (from|this|in|per|within)\b)|\b(incoming|inbound|full)\b|\b(recipient|addressee)('s)? (\S+ ){0,4}(is|has|its|his|her|their|reached|exceeded|limit|rate|quota)\b|\b(for|to|of) (this|that|one) (recipient|user|address|inbox)\b|\bto (this|that|the same|one) (domain|destination)\b/,
);

const IN_HOURS =
  /\b(daily|hourly|weekly|monthly|days?|hours?|weeks?|months?|\d+ ?-?(h|hrs?|d)|today|tomorrow|midnight|plan|trial|subscription|credits?|quotas?|allowance|journalie\w*|quotidien\w*|horaire|heure|jour|stund\w*|tag|taglich\w*|diari\w*|hora|dia|giornalier\w*|giorno|orari\w*|ora|uur|dag|kota)\b|每日|每天|当日|當日|小时|小時|日|天内|mi:stc|rp:trc|hl:itc|сут|день|час/u;

const IN_MINUTES =
  /\b(seconds?|secs?|minutes?|mins?|rates?|throttl\w*|too (much mail|many recipients) from|slow\w*|fast|quickly|often|frequen\w*|rapidly|peak|burst|speed|short (amount|period|time|interval)|minut\w*|requests|time unit)\b|rate ?-?limit|频|頻|过快|過快|mi:sfq|rp:qrc|hl:if[cq]|分钟|分鐘/u;

/** What stands in the words of each form: most refusals have nothing of it. */
const HINT =
  /limi|quot|kontingent|grenze|rate|throttl|credit|cap|allow|permit|threshold|exceed|too |only|numb|more than|slow|mi:|hl:|rp:|sent |sending|frequency|plafond|envoi|max|cuota|cupo|cota|soglia|massimo|grans|kvot|graense|kota|sinir|zu viele|trop de|demasiad|muit|tropp|te veel|volum|\p{Script=Cyrillic}|\p{Script=Han}|\p{Script=Katakana}|\p{Script=Hangul}/u;

/** Which of the two its words tell of; where they tell of neither, the longer. */
const spanOf = (words: string): RelayLimit =>
  !IN_HOURS.test(words) && IN_MINUTES.test(words) ? 'rate' : 'quota';

/**
 * Whether a refusal says that the relay has taken as much from us as it takes in a time, and for how long. Null where it
 * speaks of one mailbox, of connections, or of what is thought of the sending host.
 * @param reply its words clean, its enhanced code from wherever it stands
 * @param said its words, folded
 */
export function relayLimitOf(
  stage: Stage,
  reply: Reply,
  said = fold(reply.text),
): RelayLimit | null {
  const codes = enhancedCodes(reply);
  const isHinted = HINT.test(said);
  const early = stage === 'connect' || stage === 'auth' || stage === 'mail';
  const told = LIMIT_FORMS.find(
    (form) =>
      (form.strength !== 'early' || early) &&
      (form.code?.test(String(reply.code)) ?? true) &&
      (form.enhanced === undefined || codes.some((code) => form.enhanced?.test(code))) &&
      (form.words === undefined || (isHinted && form.words.test(said))) &&
      !isOfSomethingElse(form.strength, said, codes, early),
  );
  return told === undefined ? null : spanOf(said);
}

function isOfSomethingElse(
  strength: LimitForm['strength'],
  words: string,
  codes: readonly string[],
  early: boolean,
): boolean {
  if (strength === 'certain') return false;
  if (
    GREYLISTED.test(words) ||
    THOUGHT_OF_US.test(words) ||
    OF_CONNECTIONS.test(words) ||
    OF_SIZE.test(words) ||
    OF_ONE_MESSAGE.test(words)
  )
    return true;
  if (strength === 'plain') return false;
  return (
    // RFC 3463 §3.3: of a mailbox.
    codes.some((code) => /^[45]\.2\.[1-9]/.test(code)) ||
    A_MAILBOX.test(words) ||
    (!early && OF_A_RECIPIENT.test(words))
  );
}

/** Whether a reply tells of such a limit where it cannot be seen at which command it came. */
export const isRelayLimit = (reply: Reply, said: string): boolean =>
  relayLimitOf('dot', reply, said) !== null;

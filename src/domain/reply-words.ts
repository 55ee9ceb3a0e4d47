/**
 * Words that several rules of replies look for, and how they are read. All patterns but those marked as raw are for
 * folded words.
 */

/** Any of these, in one pattern. */
export const any = (...patterns: readonly RegExp[]): RegExp =>
  new RegExp(patterns.map(({ source }) => source).join('|'), 'u');

/** Words of greylisting (RFC 6647), which often come with those of a refused host. */
export const GREYLISTED =
  /gr[ea]y.{0,3}?list|(post|sql)gr[ea]y|\blist[ae]s? (grise|gris|grigi[ae]|cinza)|grau(e[nr]? )?list|gralist|grijze lijst|szara lista|сер(ый|ые|ых|ом|ого) спис|грейлист|灰名单|灰名單|グレ[イー]?リスト|(unknown|unfamiliar|new) (mail )?(triplet|triple)|retry timeout not expired/u;

/** Words of a mailbox that has no room. */
export const FULL = any(
  /(mailbox|inbox|mail box|account|user|folder).{0,40}\bfull\b|(mailbox|inbox).{0,40}(size limit|limit ex|exceed|reached)|account storage limit|\b(space|storage) (has been |is )?used up|reached (the |its |his |her |their )?(disk|storage|mailbox) (quota|limit)|over ?-?quota|quota.{0,20}(exceed|full|reached|violation)|exceed.{0,30}(quota|storage)|insufficient (mailbox|user) (storage|space)|not enough (storage|space)/,
  /(mail ?-?box|inbox|(?<!system )(storage|disk))( \S+){0,4} (is |are )?(full|over|exceed\w*|exhausted|at capacity)\b|(exhausted|no (more )?|out of|exceeded)( \S+){0,2} ?(storage|disk|mail ?-?box) (space|allocation|capacity|limit|quota)|too (many messages|much mail) (on|in) (the|this|his|her|their) (server|mail ?-?box|inbox)/,
  /(postfach|speicherplatz|mailbox)\S*.{0,40}\b(voll|uberschritten|ueberschritten|uberfullt|erschopft|ausgeschopft)|boite\b.{0,40}(pleine|saturee)|espace de stockage.{0,30}(depasse|insuffisant|plein)|(postvak|mailbox)\b.{0,20}\bvol\b/,
  /(buzon|casilla|cuenta)\b.{0,40}\b(llen[oa]|saturad[oa]|sin espacio)|(casella|spazio)\b.{0,30}(pien[ao]|esaurit[ao])|caixa\b.{0,40}(cheia|lotada)|skrzynk\S*.{0,30}(przepełnion|pełna|zapełnion)|schrank\S*.{0,30}(plna|zaplnen)|(postkasse|brevlada|inkorg|innboks)\S*.{0,20}\b(full|fuld|fullt)|posta kutusu.{0,20}dolu/,
  /(ящик|скриньк)\S*.{0,30}(переполнен|заполнен|переповнен)|(邮箱|郵箱|信箱|容量|メールボックス).{0,10}(已满|已滿|满了|滿了|不足|超过|超過|超出|いっぱい|一杯|超過)|(메일함|사서함|용량).{0,15}(가득|초과|부족)/,
);

/** Words of one recipient who gets too much in a time. */
export const CROWDED = any(
  /\b(user|recipient|mail ?-?box|inbox|account|address|they|addressee)\b.{0,40}\b(is |are |has been )?receiv(ing|ed|es)( \S+){0,4} (too (quickly|fast|often|many|much)|at a rate|limit|quota)/,
  /\brecipient('s)? (\S+ ){0,2}(exceeded|reached|is over|over|hit) (their|its|his|her|the|a) (\S+ ){0,4}(limit|quota|rate)|\brecipient (has|is) (exceeded|reached|over|hit) (\S+ ){0,4}(limit|quota|rate)/,
  /\b(recipient|mail ?-?box|inbox)\b.{0,60}\btoo (many|much) (\S+ )?received\b|\b(limit|quota|rate)\b.{0,60}\bto (this|that|the same) (recipient|mail ?-?box|inbox|addressee)\b/,
  /\btoo (many|much) (\S+ ){0,4}(to|for) (this|the|that|one|a single) (recipient|mail ?-?box|user|address|inbox|addressee)\b/,
  /\b(receiv(e|ing)|incoming|inbound) ((message|mail|e-?mail|rate) ){0,2}(limit|quota)|\brecipient thread limit|\bmessages? (to|for) (\S+ )?(is |are |was |were )?(temporarily )?deferred due to (excessive|high) volume/,
  /\b(limit|quota|rate)s?( exceeded| reached)? (for|of|to) (this|the|that) (recipient|mail ?-?box|inbox|addressee)|\b(rate ?-?limit|limit|quota) (exceeded|reached) (for|of) mail ?-?box/,
);

/** Words of a message that is too large, which no waiting mends. */
export const TOO_LARGE =
  /message.{0,40}(too (large|big|long)|size)|too (large|big)|size exceeds .{0,20}maximum/;

/** How much or how often we send, in words too weak to tell whose limit it is; raw. */
export const LIMITED =
  /too many (connections|concurrent|messages|recipients|mails|emails)|rate.?limit|limit(ed)? rate|frequency (limit|is)|connection frequency|throttl|limit exceeded|exceeded .{0,30}(rate|limit|quota of messages)|sending (rate|limit)/i;

/** Lists of hosts that send spam, and those who keep them: told by the name alone, in a URL too. */
export const LISTS =
  /spamhaus|sorbs|spamcop|spamrl|spamrats|spam-?eating|barracuda ?central|barracuda reputation|cloudmark|uceprotect|mailspike|invaluement|abuseat|senderscore|senderbase|talosintel|trustedsource|hostkarma|junkemailfilter|mail-abuse\.|proofpoint\.com\/dnsbl|delist|backscatterer|abusix|[ad]?dns-?(bl|rbl|wl)\b|dnsbl|uribl|surbl|drbl|\brbl\b|_rbl/u;

export const LISTED = any(
  /(?<!recipient (is |has been )?)black ?-?list(?!\w* by (the )?(recipient|user))|(block|deny) ?-?list|blocking list/,
  /\b(ip|host|server|domain)\b.{0,60}\bblocked\b.{0,120}\bspam\b/,
  /\b(sbl|xbl|pbl)\b|real ?-?time (block|black)|spammers? list|(?<!not |n't )\blisted (at|by|in|on)\b(?!.{0,40}directory)|blocked (using|for abuse)/,
);

/** A bad list is being noticed. */
export const HARVEST = any(
  /(too many|excessive|high (number|rate|percentage) of|number of|so many) (\w+ ){0,3}(invalid|unknown|bad|non ?-?existent|undeliverable|failed|wrong|incorrect|rejected) (\w+ )?(recipients?|users?|address\w*|rcpts?|mailbox\w*|accounts?)/,
  /too many (\w+ )?(recipients?|users?|rcpts?) (\w+ ){0,2}(unknown|invalid|rejected|failed)|(directory|dictionary|harvest\w*) (harvest\w* )?attack/,
);

/** Whom a recipient is said to be; no IP's address. */
export const BOX = String.raw`\b(users?|user ?(names?|ids?)|recipients?|rcpt|mail ?-?box(es)?|mail ?drop|inbox|accounts?|(?<!\bip )address(es)?|addressee|alias|customer|member|subscriber|person|local ?part|destination)\b`;

export const UNKNOWN = any(
  new RegExp(
    String.raw`\b(unknown|no such|non ?-?exist(ent|ant|ing)|not an? (valid|known|local|registered|existing|active)|invalid|illegal|bad|unrout(e)?able|undeliverable|unresolvable|unverified) (or \w+ )?(\S+ ){0,2}?${BOX}`,
  ),
  new RegExp(
    String.raw`${BOX}[^;.]{0,60}\b(unknown|not ?(be )?(found|known|exist\w*|valid|local|registered|recogni[sz]ed|listed|present|hosted|defined)|((does|do|did|could|can|is|was)( ?n[o']t|n'?t)|cannot) (be )?(exist|found|located|known|local|valid|resolve\w*)|no longer (exists?|valid|in use|in service|on (this|our)|at this|with us|work\w*|here)|invalid|undeliverable|unrout(e)?able|wrong)\b`,
  ),
  /(user|recipient|address|mailbox|rcpt|account) ?(unknown|not ?found|not ?exist|invalid)|(unknown|no ?such|invalid) ?-?(user|recipient|mailbox|address|account|rcpt)|resolver\.adr/,
  /\bno (one|body|person|user|mail ?-?box|mail box|account|recipient|address\w*|alias|valid recipients?|match\w*)\b.{0,40}\b(here|that name|this name|that|at this|on this|for this|found|known|exist\w*|match\w*|directory|bye)\b|no such (person|name|entry|object|customer|local|mail)|there is no (one|body|such)/,
  /(?<!\byou )\b(doesn'?t|does not|do not|don'?t) have ((?!permission|access|right|enough|sufficient|credit)\S+ ){0,3}?(account|mail ?-?box|user|alias)\b|not (one of )?our (customer|user|client|member|subscriber)|\bnot (a )?local\b|(handle|accept|have) (e ?-?)?mail (for|to) (this|that|the) (user|recipient|address|mailbox|account|domain)/,
  /bad ?rcpt ?to|bad ?recipient ?to|valid ?rcpt ?to|has left (the|our|us)|no longer (accepts?|receives?|employed|a customer|monitored)|null mx|^\W*(unknown host(?! ?name)|host unknown)\b|\bdomain (name )?(is )?(unknown|not found|does ?n[o']t exist)|unknown domain|invalid domain/,
  new RegExp(
    String.raw`(${BOX}|\bdomain\b)[^;.]{0,30}\b(does not|doesn'?t|not) (accept|receiv)(e|ing)? (any )?(e ?-?)?mail\b(?! (from|without|unless|sent|with|via|by|over|until)\b)`,
  ),
);

/** The same in other languages, as their servers write it. */

export const SPAM = /spam|\bu[bc]e\b|unsolicited|junk ?-?mail|bulk (e ?-?)?mail/;

const ADDRESS = /<[^<>\s]*@[^<>]*>|[^\s<>()[\]]+@[^\s<>()[\]]+/gu;
const URL_OR_HOST = /https?:\/\/\S+|www\.\S+|[\w-]+(\.[\w-]+)*\.[a-z]{2,}(?![\w.])/gu;
/** Names that tell something in a URL, too. */
const NAMED = any(LISTS, /postgrey/);
/** How Postfix and Cisco introduce what another server said. */
const SAID = /\bhost \S+ said:|- unknown address error (?=\d{3}-')/giu;

/**
 * A reply's words as the rules read them: in lower case, Latin letters without their accents, and nothing of addresses,
 * hosts and URLs but the names of lists, for what a recipient or a host is called says nothing.
 */
export function fold(text: string): string {
  return text
    .replace(SAID, ' ')
    .replace(ADDRESS, ' ')
    .replace(URL_OR_HOST, (name) => NAMED.exec(name.toLowerCase())?.[0] ?? ' ')
    .normalize('NFD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[‘’`´]/g, "'")
    .replace(/\s+/g, ' ');
}

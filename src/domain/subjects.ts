import { enhancedCodes } from './enhanced-codes.js';
import { isRelayLimit } from './relay-limits.js';
import type { Reply } from './reply.js';
import {
  any,
  BOX,
  CROWDED,
  FULL,
  fold,
  GREYLISTED,
  HARVEST,
  LIMITED,
  LISTED,
  LISTS,
  SPAM,
  UNKNOWN,
} from './reply-words.js';

/** Whom a refusal is about, whatever its code. */
export type Subject =
  /** Us: who sends, from where, and what is thought of it. The same words for everybody are a block. */
  | 'block'
  /** The one recipient, or the one mailbox: any number of them is a poor list. */
  | 'recipient'
  /** It does not say. */
  | 'unsaid';

interface SubjectRule {
  /** Pattern of an enhanced code, wherever it stands. */
  enhanced?: RegExp;
  /** Pattern of the words, folded by `fold`. */
  words?: RegExp;
  subject: Subject;
  /** Of one about a mailbox: whether it says by itself that there is none, or only beside a code that does. */
  mailbox?: 'none' | 'by its code';
  /** Where the rule comes from. */
  source: string;
}

const AUTHENTICATION = any(
  /\b(spf|dkim|dmarc|arc seal|sender policy framework|domainkeys|sender ?id)\b|unauthenticated/,
  /\bptr\b|\br ?dns\b|reverse (dns|lookup|hostname|record)|fcrdns|cannot (find|resolve) your|name lookup failed|resolvable (relay )?host ?name|helo command rejected|(helo|ehlo) (name|host|argument)/,
);

const REPUTATION = any(
  /reputation|complaints|too many bounces|bad sender\b|banned send|dynamic (ip|address)/,
  /(client|sending|connecting|source) (host|address|ip|mta|server)\b|your (\w+ )?(ips?|host|server|mailserver|mta|network|isp)\b/,
);

const RELAYING = any(
  /\brelay(ing)?( access| from| to| for| mail)?( \S+){0,3} (is )?(denied|not (allowed|permitted|authori[sz]ed)|prohibited|forbidden|disabled|disallowed|rejected|refused)/,
  /\b(denied|not (allowed|permitted|authori[sz]ed)|unable|cannot|can ?n[o']t|refus\w+|do(es)? not|don'?t|no) (to )?(open )?relay|insecure mail relay|open relay|allowed rcpt ?hosts|requires? authentication when/,
);

/** The sender by name: its address, its domain, its account. */
const SENDER = any(
  /\b(sender|envelope from|return ?-?path|originator|mail from|from) ?(e ?-?mail )?(address|domain|identity|verif\w+|host|account)/,
  /\bsender('?s)? (is|was|not|un\w+|rejected|denied|invalid|blocked|refused|does|has|e ?-?mail)|\bmail from |(unknown|invalid|bad|illegal|forged|unroutable|unrouteable|unauthori[sz]ed|banned|null|empty) sender|domain of sender|callback setup failed/,
  /\byour ((own|e ?-?mail|sender|sending|source|mail|smtp|relay|user|customer|client|hosting|tenant|service) ){0,2}(address|domain|account)(?! book)|(smtp|relay|sending) account/,
  /emetteur|expediteur|absender|remitente|remetente|mittente|отправител/,
);

/** Who has an account with a server that relays for us. */
const CLIENT_ACCOUNT =
  '(tenant|reseller|(customer|client|hosting|billing|merchant|company|organi[sz]ation|smtp|relay|sender|sending|submission|mailing|api|auth\\w*|login) (accounts?|users?|user ?names?|ids?|keys?|credentials?|identit(y|ies)))';

/** What our own account or host may not do; nothing of this is said of a recipient. */
const NOT_TO_SEND = any(
  /\b(permi\w+|privileges?|rights?|allowed|authori[sz]\w+|able|entitled|enabled|licensed?|approved|verified|activated|cleared) (\S+ ){0,3}?to (send|relay|submit|use this (server|service|relay))\b(?! (\S+ ){0,2}to\b)/,
  /\b(send(ing)?|sent|submit\w*|relay(ing)?) ((any|e ?-?mails?|mails?|messages?) ){0,2}(from|as|on behalf|through|via)\b/,
  /\b(sending|outgoing|outbound|submission)( ((of|e ?-?mails?|mails?|messages?|smtp|service|account|function|has|have|been|is|are|was|temporarily|currently|permanently) ?)+)? (blocked|disabled|suspended|denied|not|prohibited|restricted|paused|stopped|forbidden|revoked|locked|privileges?|permissions?|rights?|access)/,
  /\b(blocked|prevented|banned|disabled|restricted|prohibited|suspended|barred|stopped|disallowed|forbidden) (from|for) (sending|outgoing|outbound|relaying|submi)/,
  /\b(can ?not|can'?t|unable to|may not|must not|not) send( (any|e ?-?mails?|mails?|messages?|more|further))* ?($|[.,;:!(])/,
  /\bcredits?\b|(insufficient|not enough|no|low|negative) (account )?(balance|funds)|(payment|invoice|subscription|licen[cs]e) (is |has )?(over ?due|required|expired|unpaid)|unpaid/,
  new RegExp(String.raw`(?<!recipient('s)? )\b${CLIENT_ACCOUNT}\b`),
);

/** A reason of its own behind the words that RFC 5321 §4.2.3 has for any 550. */
const BEHIND_BOILERPLATE =
  /mail ?-?box (is )?unavailable\b(?! ?\(?e\.?g)(?!.{0,80}(unknown|not found|no such|not exist)).{0,80}\b(reject(ed)? (due|because|by|for)|refused (due|because|by|for)|due to|polic(y|ies)|dns|resource records?|not (allowed|permitted|authori[sz]ed)|sender|security|authenticat\w+|helo|ehlo|tls)\b/;

const POLICY =
  /\b(policy|security) (restrictions?|reasons?|violations?|block\w*|reject\w*)|\b(due to|because of|violat\w+|against) (\S+ ){0,3}polic(y|ies)/;

/** How much or how often we send, in words that are said of other things, too. */
const OFTEN =
  /too much mail|\brates?\b|quotas?\b|too (fast|quickly|often)|slow down|(per|this|an?) (second|minute|hour|day)\b|(daily|hourly) limit/;

const UNKNOWN_ELSEWHERE = any(
  /(utilisateur|destinataire|adresse|compte|boite)s? .{0,50}(inconnu|inexistant|invalide|n'? ?existe|introuvable)|(inconnu|inexistant)\w* .{0,20}(utilisateur|destinataire|adresse)/,
  /(empfanger|empfaenger|benutzer|nutzer|postfach|adresse|konto|teilnehmer)\w*\b.{0,50}(unbekannt|existier\w* nicht|nicht (gefunden|bekannt|vorhanden|verfugbar|gultig|existent)|ungultig|ungueltig)|(unbekannt|ungultig|ungueltig)e[rs]? .{0,20}(empfanger|empfaenger|benutzer|nutzer|adresse|konto)|\bkein(en)? (solche|postfach|benutzer|empfanger|konto)/,
  /(usuario|destinatario|buzon|cuenta|direccion|casilla|correo)s? .{0,50}(desconocid|inexistente|no existe|invalid|no (se )?(encontr|encuentr)|no es valid)|no existe .{0,30}(usuario|persona|buzon|cuenta|direccion|casilla|destinatario)/,
  /(usuario|destinatario|caixa|conta|endereco)s? .{0,50}(desconhecid|inexistente|nao (existe|encontrad|foi encontrad)|invalid)/,
  /(utente|destinatario|casella|indirizzo)\b.{0,50}(sconosciut|inesistente|non (esiste|trovat|valid|esistente)|errat)|nessun utente/,
  /(gebruiker|ontvanger|postbus|adres|postvak)\b.{0,40}(onbekend|bestaat niet|niet gevonden|ongeldig)|onbekende? (gebruiker|ontvanger|adres)/,
  /(uzytkownik|odbiorc|konto|skrzynk|adres)\w*\b.{0,40}(nieznan|nie istnieje|nieprawidłow|nie znalezion)|nie ma takiego/,
  /(mottagare|anvandare|modtager|bruger|mottaker|bruker|adresse?n?|brevlada|postkasse)\w*\b.{0,40}(okand|ukendt|ukjent|finns inte|finnes ikke|findes ikke|eksisterer ikke)|(okand|ukendt|ukjent) (mottagare|anvandare|modtager|bruger|mottaker|bruker)/,
  /(uzivatel|prijemce|schranka|adresa|cimzett|felhasznalo|vastaanottaj|kayttaj)\w*\b.{0,40}(neznam|neexistuje|nenalezen|ismeretlen|nem letez|tuntematon|ei ole)|(kullanıcı|kullanici|alıcı|hesap|posta kutusu)\S*.{0,40}(bulunamad|bilinmiyor|yok|mevcut degil)/,
  /(пользовател|получател|адрес|ящик|аккаунт|уч[её]тн)\S*.{0,40}(не (найден|существует|зарегистрирован|обнаружен)|неизвест)|(неизвестн|несуществующ|нет так)\S* .{0,20}(пользовател|получател|адрес|ящик)|(користувач|одержувач|скриньк)\S*.{0,40}(не (знайден|існує)|невідом)/,
  /(ユーザー?|宛先|アドレス|メールボックス|受信者|アカウント).{0,20}(存在し|見つか|不明|無効|ありません|見当た)|(存在しない|不明な|無効な|該当).{0,10}(ユーザ|宛先|アドレス|受信者)/,
  /(用户|用戶|收件人|帐号|帐户|账号|账户|帳號|帳戶|邮箱|郵箱|信箱|地址).{0,12}(不存在|未找到|无效|無效|未知|没有找到|找不到)|(不存在|未知|无效|無效|没有|找不到).{0,8}(用户|用戶|收件人|邮箱|郵箱|地址)/,
  /(사용자|수신자|계정|메일함|주소|받는 ?사람).{0,15}(없|존재하지|찾을 수|알 수)|(존재하지 않는|알 수 없는|없는) ?(사용자|수신자|계정|메일함|주소)/,
);

const IP = any(
  /\bips?\b|\bipv[46]\b/,
  /(?<![\d.])(\d{1,3}\.){3}\d{1,3}(?![\d.])|(?<![\da-f:])[\da-f]{1,4}(:[\da-f]{0,4}){3,7}/,
);

const IS_SHUT =
  '(inactive|disabled|deactivated|suspended|discontinued|terminated|closed|deleted|removed|expired|locked|frozen|blocked|archived|unavailable|unavaiable|not (currently )?(available|active|in use)|retired|abandoned|cancell?ed|moved|dormant)';

/** That the mailbox is there, but shut; in words that nobody says of the account we send from. */
const MAILBOX_SHUT = new RegExp(
  String.raw`\b(mail ?-?box|inbox|recipient)\b[^;.]{0,60}\b${IS_SHUT}|\b${IS_SHUT} (mail ?-?box|inbox|recipient)|destinataire\b.{0,40}(bloque|desactive|archive|suspendu)|email account that you tried to reach`,
);

/** The same in words that may be. */
const ACCOUNT_SHUT = any(
  new RegExp(String.raw`${BOX}[^;.]{0,60}\b${IS_SHUT}|\b${IS_SHUT} (\S+ )?${BOX}`),
  /(compte|boite)\b.{0,40}(bloque|desactive|ferme|supprime|archive|suspendu)|(konto|postfach|empfanger)\b.{0,40}(deaktiviert|gesperrt|inaktiv|geschlossen|geloscht)|(usuario|cuenta|buzon|casilla|conta|caixa)\b.{0,40}(desactivad|deshabilitad|suspendid|inactiv|bloquead|desativad|suspens|inativ)/,
  /(casella|utente|account)\b.{0,40}(disattiv|disabilitat|sospes|scadut|bloccat)|(konto|skrzynk\w*)\b.{0,40}(nieaktywn|zablokowan|wyłączon)|(ящик|аккаунт|пользовател|уч[её]тн)\S*.{0,40}(заблокирован|отключ|удал[её]н|недоступ|неактив)|(用户|账户|帐户|邮箱|郵箱).{0,12}(停用|禁用|冻结|关闭)|(계정|메일함).{0,15}(휴면|정지|중지)/,
);

/** Reasons that stand, whatever limit is told of beside them. */
const REASONS = any(
  LISTS,
  LISTED,
  HARVEST,
  RELAYING,
  UNKNOWN,
  SPAM,
  /\b(blocked|banned|virus|reputation)\b/,
);

/** Read from the top, the first that fits decides. The words are those of real servers. */
export const SUBJECTS: readonly SubjectRule[] = [
  {
    words: GREYLISTED,
    subject: 'unsaid',
    source: 'RFC 6647 §2: greylisting, which ends by itself',
  },
  { enhanced: /^[45]\.2\.2$/, subject: 'recipient', source: 'RFC 3463 §3.3: mailbox full' },
  { words: FULL, subject: 'recipient', source: 'Exim, Amazon SES, Exchange: mailbox full' },

  // Blocks, whatever the code.
  { words: LISTS, subject: 'block', source: 'Postfix reject_rbl_client, Yahoo, Comcast, SORBS' },
  { words: LISTED, subject: 'block', source: 'Outlook S3140, GMX, Earthlink: on a list' },
  {
    words: AUTHENTICATION,
    subject: 'block',
    source: 'Gmail 5.7.26, Apple, Sendmail: SPF, DKIM, DMARC, reverse DNS',
  },
  {
    words: REPUTATION,
    subject: 'block',
    source: 'Cisco, Mimecast, Outlook 5.7.606, Yahoo TSS04: the sending host',
  },
  { words: HARVEST, subject: 'block', source: 'Yahoo VS1-IP, MailEnable: invalid recipients' },
  { words: RELAYING, subject: 'block', source: 'Postfix, Sendmail, Exchange, qmail: relaying' },
  { enhanced: /^[45]\.7\.2[0-6]$/, subject: 'block', source: 'RFC 7372 §3: DKIM, SPF, PTR' },

  { words: CROWDED, subject: 'recipient', source: 'Gmail 4.2.1, Yandex: gets mail too quickly' },

  // The sender's address is no block by itself, but it is nobody else's.
  { enhanced: /^[45]\.1\.[78]$/, subject: 'unsaid', source: 'RFC 3463 §3.2: the sender' },
  { words: SENDER, subject: 'unsaid', source: 'Postfix, Exim, Spectrum: sender refused' },
  { words: NOT_TO_SEND, subject: 'unsaid', source: 'Exchange, SendGrid: our account may not send' },
  { words: BEHIND_BOILERPLATE, subject: 'unsaid', source: 'GMX, 1&1: policy, DNS, sender' },
  { words: LIMITED, subject: 'unsaid', source: 'GoDaddy, Tencent, Exim: a rate limit' },

  // Nobody of that name, beside any code.
  {
    words: UNKNOWN,
    subject: 'recipient',
    mailbox: 'none',
    source: 'Postfix, Exim, qmail, Yahoo, Gmail, Exchange',
  },
  {
    words: UNKNOWN_ELSEWHERE,
    subject: 'recipient',
    mailbox: 'none',
    source: 'Orange, T-Online, Libero, QQ, Domino',
  },

  // Weaker signs, which also come with what is said of a recipient.
  { words: OFTEN, subject: 'unsaid', source: 'Postfix anvil, Gmail 4.2.1: a rate limit' },
  { words: POLICY, subject: 'unsaid', source: 'Exchange, Mimecast: a policy' },
  { words: IP, subject: 'block', source: 'T-Online, Outlook, Free: names an IP' },
  { words: SPAM, subject: 'block', source: 'SORBS, Gmail, Amavis, Mail.ru: spam' },
  {
    words: MAILBOX_SHUT,
    subject: 'recipient',
    mailbox: 'by its code',
    source: 'Gmail, Outlook: mailbox unavailable',
  },
  {
    enhanced: /^[45]\.4\.1$/,
    words: /recipient address(es)? rejected ?: access denied/,
    subject: 'recipient',
    source: 'Exchange Online: directory-based edge blocking',
  },
  { enhanced: /^[45]\.7\.1[78]$/, subject: 'recipient', source: 'RFC 7293 §14: another owner' },
  { enhanced: /^[45]\.7\./, subject: 'unsaid', source: 'RFC 3463 §3.8: a policy' },
  {
    words: ACCOUNT_SHUT,
    subject: 'recipient',
    mailbox: 'by its code',
    source: 'Apple, Orange, Zimbra: account disabled',
  },
  {
    enhanced: /^[45]\.(1\.|2\.[1-9])/,
    subject: 'recipient',
    mailbox: 'by its code',
    source: 'RFC 3463 §3.2, §3.3, RFC 7505 §4.2: the address, the mailbox',
  },
];

/** The first rule that fits; none for a limit of the relay's. */
function ruleOf(reply: Reply, codes: readonly string[]): SubjectRule | undefined {
  const words = fold(reply.text);
  if (isRelayLimit(reply, words)) return undefined;
  return SUBJECTS.find(
    (rule) =>
      (rule.words?.test(words) ?? true) &&
      (rule.enhanced === undefined || codes.some((code) => rule.enhanced?.test(code))),
  );
}

/** Whom a refusal is about. */
export const subjectOf = (reply: Reply): Subject =>
  ruleOf(reply, enhancedCodes(reply))?.subject ?? 'unsaid';

/** RFC 3463 §3.2, §3.3; RFC 7505 §4.2: no mailbox, no system, no syntax of an address, moved away, null MX; disabled. */
const NO_MAILBOX = /^5\.(1\.(1|2|3|6|10)|2\.1)$/;
/** RFC 3463 §3.2, §3.8: the sender's address; security and policy. */
const OF_THE_SENDER = /^5\.(1\.[78]|7\.\d+)$/;

/**
 * Whether a refusal says that there is no such mailbox, so that no other message need be tried there: by its enhanced code
 * or its words, where it is about the recipient and not about us.
 */
export function tellsOfNoMailbox(reply: Reply): boolean {
  if (reply.code < 500) return false;
  const codes = enhancedCodes(reply);
  if (codes.some((code) => OF_THE_SENDER.test(code))) return false;
  const { mailbox } = ruleOf(reply, codes) ?? {};
  return (
    mailbox === 'none' || (mailbox === 'by its code' && codes.some((code) => NO_MAILBOX.test(code)))
  );
}

/** Whether folded words name a list, a bad list of ours, spam, or a recipient nobody knows. */
export const isExplained = (said: string): boolean => REASONS.test(said);

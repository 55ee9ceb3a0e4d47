/** A way to say that a limit is reached. */
export interface LimitForm {
  /** Pattern of the three digits; any when left out. */
  code?: RegExp;
  /** Pattern of an enhanced code, wherever it stands. */
  enhanced?: RegExp;
  /** Pattern of the words, folded. */
  words?: RegExp;
  /**
   * What else may stand there. `plain`: it can be said of nothing but what we send. `weak`: it can be said of one
   * recipient, too, and counts where nothing points at one. `early`: as `weak`, and only before a recipient is named.
   */
  strength: 'certain' | 'plain' | 'weak' | 'early';
  /** Who says so. */
  source: string;
}

const LIMIT = '(quotas?|limits?|limitations?|allowances?|caps?|thresholds?|credits?)';
const MAILS = '(e ?-?mails?|mails?|messages?|msgs?|recipients?|rcpts?|sends?|newsletters?)';
const OVER = String.raw`(exceed\w*|reached|over|hit|surpassed|used( up)?|exhausted|violated|spent|above)`;
const SPAN = String.raw`(second|sec|minute|min|hour|day|week|month|24 ?-?h(ours?|rs?)?|\d+ ?-?(s|sec|second|m|min|minute|h|hr|hour|d|day|week|month)s?)`;
const SENDING =
  "(sending|send|sent|outgoing|outbound|submissions?|relay(ing)?|smtp|transmission|sender('?s)?|mailing)";

const words = (
  strength: LimitForm['strength'],
  source: string,
  ...patterns: readonly string[]
): LimitForm => ({ words: new RegExp(patterns.join('|'), 'u'), strength, source });

/**
 * What relays say when they have taken as much from us as they take in a time. Words are given as they stand after
 * `fold`, so an address or a host among them is a blank.
 */
export const LIMIT_FORMS: readonly LimitForm[] = [
  { enhanced: /^[45]\.7\.28$/, strength: 'certain', source: 'Gmail 4.7.28: unusual rate' },
  { enhanced: /^[45]\.1\.90$/, strength: 'certain', source: 'Exchange Online: recipients a day' },
  {
    code: /^550$/,
    enhanced: /^5\.4\.5$/,
    strength: 'certain',
    source: 'Gmail: daily sending quota, daily SMTP relay limit',
  },
  {
    enhanced: /^[45]\.2\.25[1-5]$/,
    strength: 'certain',
    source: 'Exchange Online: sender throttled due to continuous errors',
  },
  words(
    'certain',
    'iRedAPD throttle: number of mails in total, accumulated message size',
    String.raw`\bquota exceeded \((number of mails in total|accumulated message size)\)`,
  ),

  words(
    'plain',
    'Gmail 4.2.1 and 5.4.5, IONOS, Exchange 5.2.2, cPanel, Mandrill, AuthSMTP: the limit of what is sent',
    String.raw`\b${SENDING} ((${MAILS}|rate|volume|count|speed|frequency|user|account|domain|smtp|relay|sending|submission|daily|hourly|weekly|monthly|of) ){0,3}${LIMIT}\b`,
    String.raw`\b${SENDING} (rate|speed|frequency|volume)\b.{0,40}\b(${OVER}|limited|${LIMIT})`,
    String.raw`\b(exceed\w*|maximum|max\.?) (\S+ ){0,3}${SENDING} (rate|speed|frequency|volume)\b`,
    String.raw`\bexceed\w* (\S+ ){0,3}number of (\S+ ){0,2}(outgoing|outbound|sent) ${MAILS}\b`,
    'submission ?quota|send ?limit|relay ?limit',
  ),
  words(
    'plain',
    'Plesk: the limit on the number of allowed outgoing messages; Microsoft 365 5.7.232, 5.7.233',
    String.raw`\b${LIMIT} (of|for|on|to) ((the|your|this|all|number|of|allowed|permitted|maximum|max|total|${MAILS}|from|daily|hourly) ){0,7}(send(ing)?|sent|outgoing|outbound|submi\w+|relay\w*)\b`,
  ),
  words(
    'plain',
    'Amazon SES: throttling failure; Windows hosts: sender is throttled, throttle delay; Tencent: frequency',
    'throttling failure',
    String.raw`\b(sender|tenant|you|your (account|domain|server))( (is|are|has|have|been|being|temporarily|currently))* (throttled|rate ?-?limited)|throttle delay|\b(sender|sending) (frequency|rate) (is )?limited|\b(domain|ip) frequency limited`,
  ),
  words(
    'plain',
    'cPanel: max emails per hour, max defers and failures per hour',
    String.raw`\bexceeded the max(imum)? (emails|defers and failures) (per|an?) hour`,
  ),
  words(
    'plain',
    'Postfix, what a policy service says of the client, the sender or the login',
    String.raw`\b(client host|sender address|sasl login name|data command) rejected: (\S+ ){0,6}?quota\b.{0,20}\b${OVER}|\bquota\b.{0,30}\b(sasl|authenticated) (user|login|account)`,
  ),
  words(
    'plain',
    'Policyd, cbpolicyd (DreamHost, Active24): Policy Rejection- Quota Exceeded',
    String.raw`\bpolicy rejection\W{1,3}(\S+ ){0,3}quota\b`,
  ),
  words(
    'plain',
    'StartMail, GoDaddy, Prolateral, Fastmail: you have reached your limit',
    String.raw`\byou( have|'ve| are|'re)?( already| now| been| currently| \w+ly){0,2} (exceed\w*|reached|hit|used( up)?|over|at) (your|the|a|an|our|its|their|my) (\S+ ){0,4}${LIMIT}\b`,
    String.raw`\byour (account|domain|user|organi[sz]ation|tenant|plan|subscription|server|website|company)( \S+)? (has|have|is)( already| now| \w+ly)? (exceed\w*|reached|hit|used( up)?|over|at) (\S+ ){0,5}${LIMIT}\b`,
    String.raw`\byour (?!message|recipient|mail to)(\S+ ){0,4}${LIMIT} (has been |have been |was |were |is |are )?(now )?${OVER}`,
  ),
  words(
    'plain',
    'MailChannels [STF], Mailu, Postfix, DotNetNuke relay: sending too fast, too many in a short time',
    String.raw`\b(send\w*|sent|submit\w*|relay\w*|deliver\w*)( \S+){0,5} too (fast|quickly|often|frequently|rapidly)`,
    String.raw`\b(sent|sending) too (many|much) (\S+ ){0,3}${MAILS}\b|\btoo (many|much) (\S+ ){0,2}${MAILS} sent ((today|recently) )?(from|by) (your|this) (\S+ )?(account|user|domain|server)`,
    String.raw`\btoo many (\S+ ){0,2}${MAILS}( \S+){0,3} in (a|such a|too) short|\btoo many ${MAILS} too (fast|quickly)`,
    String.raw`\b(try again|please|mail|sending|send) slower|slow down|too (much mail|many recipients) from \d`,
  ),
  words(
    'plain',
    'SendGrid: maximum credits exceeded; Brevo: no credits left for the day',
    String.raw`\bcredits? (limit )?(has been |have been |is |are )?(exceeded|exhausted|used up|reached)\b`,
  ),
  words(
    'plain',
    'SendGrid free plan, Mailtrap, Brevo: the limit of a plan',
    String.raw`\b(plan|trial|package|subscription|tier)('s)? (\S+ ){0,3}${LIMIT}\b`,
    String.raw`\b(organi[sz]ation|tenant)('s)? (\S+ ){0,4}(quota|limit)`,
    String.raw`not allowed to send: (\S+ ){0,3}${LIMIT} (exceeded|reached)`,
  ),
  words(
    'plain',
    'NetEase, Coremail MI:SFQ, MI:STC, RP:QRC, RP:TRC, HL:IFC, HL:ITC; Tencent, Aliyun: 发信频率, 发送数量',
    String.raw`\bmi:(sfq|stc)|\brp:(qrc|trc)|\bhl:(ifc|ifq|itc)`,
    '(发信|发送|发件|外发|群发|寄信|發信|發送|寄送).{0,12}(超|上限|限额|限額|配额|配額|限制|频繁|过快|过多|頻繁|過快|過多|受限)',
    '(超|达到|達到|已达|已達).{0,14}(发送|发信|发件|發送|發信|外发).{0,8}(限|上限|数|數|频|頻|额|額|量)',
    '送信.{0,16}(制限|上限|超)|(上限|制限).{0,10}送信|(발송|전송|발신).{0,20}(한도|제한|초과)',
  ),
  words(
    'plain',
    'hosts elsewhere: the limit of what is sent, in their words',
    String.raw`(versand|versende|sende|ausgangs|mailversand|sendungs)-?(e?-?mail-?)?(limit|kontingent|grenze|quot|rate|volumen)|(limit|grenze|kontingent|hochstzahl|maximum)\S*.{0,40}\b(versand|versend|verschick|gesendet|ausgehend)`,
    String.raw`\b(quota|limite|plafond|nombre maximum)\S*.{0,30}(d'envoi|envoi|envoye|emission|sortant)|\benvois?\b.{0,30}(limite|quota|depass)`,
    String.raw`\b(limite|cuota|cupo|maximo|cota|soglia|massimo)\b.{0,30}\b(envio|envios|enviar|enviad|salient|saida|invio|invii|inviat|in uscita)|\b(envio|envios|invio|invii)\b.{0,30}\b(excedid|superad|superat|limitad|limite)`,
    String.raw`verzendlimiet|(limiet|quotum|maximum)\S*.{0,30}(verzend|verzonden|uitgaand)|limit.{0,30}(wysył|wysłan|wysyłk|odesila|odeslan|odchoz)|(skickade|utgaende|avsandar|afsendelse|udgaende)\S*.{0,30}(grans|kvot|begrans|graense|kvote)`,
    String.raw`(лимит|квот|ограничени|превыш)\S*.{0,40}(отправ|исходящ|рассыл|відправ)|(отправ|исходящ|рассыл|відправ)\S*.{0,40}(лимит|квот|ограничени|превыш|обмежен)|(gonderim|gonderme|giden)\S*.{0,30}(limit|kota|sinir)`,
  ),

  words(
    'plain',
    'Exchange, Mailgun, Mimecast: how many recipients we write to in a time',
    String.raw`\b(daily|hourly|weekly|monthly|per ?-?(minute|hour|day)) recipients? ${LIMIT}\b|\brecipients? ${LIMIT}( exceeded| reached)? (per|for|of|in|this) (the |this |an? |each |every )?(last |current )?(\d+ )?${SPAN}s?\b`,
  ),

  words(
    'weak',
    'Amazon SES, Yahoo, OVH, Rackspace, Hotmail: a limit of a day or an hour',
    String.raw`\b(daily|hourly|weekly|monthly|per ?-?(second|minute|hour|day|month)|24 ?-?h(ours?|rs?)?) (\S+ ){0,4}${LIMIT}\b|\bexceed\w* (the |your )?(second|minute|hour|day|month) ${LIMIT}\b`,
    String.raw`\b${LIMIT} (\S+ ){0,4}(per|an?|this|each|every|/|for the|for this|in|within|of the) ?(last |past |current )?(\d+ )?${SPAN}s?\b`,
    String.raw`\blimits? (for|on|to) how many (\S+ )?${MAILS}\b`,
    String.raw`\b${LIMIT}\b.{0,60}\b(today|tomorrow|midnight|next (hour|day|week|month))\b`,
  ),
  words(
    'weak',
    'postfwd, policyd, Exim ratelimit, Mailtrap, IronPort: so many in a time',
    String.raw`\b(max(imum|\.)?|limit(ed)?( to)?|exceed\w*|(?<!\bto )too many|number( of)?|only|up to|more than|allows?|permits?) (\S+ ){0,3}${MAILS}( \S+){0,5}? ?(per|an?|this|each|every|in|within|for|last|/) ?(last |past |the last )?(\d+ )?(${SPAN}s?\b|today)`,
    String.raw`\b\d+ ${MAILS} ?(per|an?|each|/) ?(\d+ )?${SPAN}s?\b.{0,20}\b(allowed|permitted|${OVER})|\btoo many (\S+ ){0,2}${MAILS} (sent )?today\b|\b${LIMIT} (of|for|on) (\S+ ){0,2}(daily|hourly|weekly|monthly) ${MAILS}\b`,
  ),
  words(
    'weak',
    'rspamd, GMX, MailerSend, Exim, Exchange, a policy service of Postfix: a limit of a rate',
    String.raw`\b(message|mail|e ?-?mail|submission|rcpt|account|user|client|sender|domain)s? (submission )?rates?\b.{0,50}\b(${OVER}|limit)`,
    String.raw`\brate ?-?limit(s|ed|ing|er)?\b|\bratelimit\w*|\blimit(ed)? rate\b|\bthrottl(ed|ing|e)\b|\brate (has been |is |was )?(exceeded|too high)|\bexceed\w* (\S+ ){0,3}(message|mail|submission|send(er|ing)) rates?\b|\brate over ?limit\b|\btoo many requests\b`,
  ),
  words(
    'weak',
    'StartMail, aditsystems, AuthSMTP, Cox, Mailtrap: a number of messages',
    String.raw`\b(messages?|mails?|e ?-?mails?)( count)? (quota|limit|threshold)\b.{0,40}\b${OVER}`,
    String.raw`\b${OVER} (\S+ ){0,3}(messages?|mails?|e ?-?mails?)( count)? ${LIMIT}\b`,
    String.raw`^(requested (mail )?action (not taken|aborted): )?(sorry,? )?too many (messages|e ?-?mails|mails)( from you)?\b.{0,12}$|\btoo many (messages|e ?-?mails|mails)( sent)?( from (the |this )?(sender|client|you|your \w+))?( in (the )?last|[.,;:]) ?((please )?(try|retry|slow|wait)|\d)`,
    String.raw`\b(exceed\w*|reached|hit) (\S+ ){0,2}(maximum|max\.?|allowed|permitted) (number|amount|count) of (\S+ ){0,2}(messages|e ?-?mails|mails)\b|\b\d+ ?(/|of|out of) ?\d+ (\S+ ){0,2}${MAILS}\b`,
  ),
  words(
    'weak',
    'hosts elsewhere: so many an hour or a day',
    String.raw`zu viele (e-?mails|mails|nachrichten|empfanger)\b.{0,40}(stunde|tag|minute|zeit|gesendet|verschickt|versendet|versandt)|(limit|grenze|kontingent|maximum|maximale anzahl|hochstzahl)\S*.{0,40}\b(pro|je) (stunde|tag|minute)|(stundliche|tagliche)\w* \S*(limit|kontingent|grenze)`,
    String.raw`trop de (messages|mails|courriels|e-?mails)\b.{0,40}(envoye|heure|jour|minute)|\b(quota|limite|plafond)\b.{0,30}(par (heure|jour|minute)|horaire|journalie|quotidien)`,
    String.raw`(demasiados|muitas|muitos|troppi|troppe) (correos|mensajes|emails|e-?mails|mensagens|messaggi)\b.{0,40}(enviad|inviat|hora|dia|dia|ora|giorno|minuto)|\b(limite|cuota|cota|quota)\b.{0,30}(por (hora|dia|minuto)|diari|horari|giornalier|orari|all'ora|al giorno)`,
    String.raw`te veel (berichten|e-?mails|mails)\b.{0,40}(uur|dag|minuut|verzonden)|(limiet|quotum|maximum)\b.{0,30}per (uur|dag|minuut)|limit\S*.{0,30}(na (godzin|dob|dzien)|dzienn|godzinow|za (hodinu|den)|denni|hodinov)|(gunluk|saatlik)\S*.{0,30}(limit|kota|sinir)`,
    String.raw`(превышен|исчерпан)\S*.{0,40}(писем|сообщений)|слишком много (писем|сообщений)|(每日|每天|当日|當日|每小时|每小時|每分钟|每分鐘).{0,12}(限|上限|额|額)`,
  ),

  words(
    'early',
    'AUTH, MAIL and greetings name no recipient: whatever quota is told of is ours (msndr, GoDaddy)',
    String.raw`\bquotas?\b.{0,30}\b${OVER}|\b${OVER} (\S+ ){0,3}quotas?\b|over ?-?quota`,
    String.raw`\btoo many (messages|e ?-?mails|mails)\b|\b(message|mail|e-?mail|recipient)s? limit\b|^limit (has been |is |was )?(exceeded|reached)|reached its limit for (processing )?(requests|messages|mails?)`,
  ),
];

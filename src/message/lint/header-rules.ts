import { isFreeMailOfAnother } from '../../domain/free-mail.js';
import type { MessageValues } from '../../domain/message-values.js';
import { hasUnsubscribeWay } from '../../domain/unsubscribe-link.js';
import { parseSender } from '../sender.js';
import type { Findings } from './findings.js';

/** Local parts by which senders say that nobody reads the answers, in the languages of large lists. */
const NO_REPLY =
  /^(?:no|do[-._]?not|dont|never)[-._]?(?:reply|respond|response|answer)|^(?:(?:bitte[-._]?)?nicht[-._]?(?:be)?antworten|keine?[-._]?antwort(?:en)?|ne[-._]?pas[-._]?repondre|pas[-._]?de[-._]?reponse|no[-._]?(?:responder|responda|contestar|rispondere|risposta)|non[-._]?rispondere|nao[-._]?responda|nao[-._]?responder|niet[-._]?(?:be)?antwoorden|geen[-._]?antwoord|svara[-._]?inte|ikke[-._]?svar|nie[-._]?odpowiadac?|neodpovidat)/i;

/** Who is written from, and who is answered to. @param relay host of the relay; undefined where it is not known */
export function lintSenders(
  { from, replyTo }: Pick<MessageValues, 'from' | 'replyTo'>,
  relay: string | undefined,
  findings: Findings,
): void {
  const sender = parseSender(from);
  if (isFreeMailOfAnother(sender.domain, relay)) {
    findings.add('free-mail-from', {
      message: `From is at ${sender.domain}, and the message goes out by ${relay === undefined ? 'another relay' : relay}: receivers take it for forged`,
      remedy: `write from a domain of your own, and give the address at ${sender.domain} as --reply-to`,
      where: 'the header From',
    });
  }
  const answered = replyTo === null ? sender : parseSender(replyTo);
  if (!NO_REPLY.test(answered.address)) return;
  findings.add('no-reply', {
    message: `answers go to ${answered.address}, which nobody reads by its name`,
    remedy:
      replyTo === null
        ? 'give an address that somebody reads as --reply-to'
        : 'give an address that somebody reads',
    where: replyTo === null ? 'the header From' : 'the header Reply-To',
  });
}

type Ways = Pick<MessageValues, 'listUnsubscribe' | 'unsubscribeUrl' | 'unsubscribeMailto'>;

/** How a body says to unsubscribe, in the languages of large lists; a wide net, for who is told of a way that is there looks away. */
const WORDS =
  /un-?subscri|opt[- ]?out|abmeld|abbestell|austrag|k(?:ü|ue)ndig|d[ée]s-?abonn|d[ée]s-?inscri|suscripci|subscri[çc][ãa]o|darse? de baja|dar-?(?:me|te|se) de baja|descadastr|inscri[çc][ãa]o|disiscri|iscrizione|cancellati|afmeld|uitschrijv|avregistrer|avprenumerer|avanm(?:ä|ae)l|avmeld|frameld|tilaukse|peruuta|wypis|rezygn|odhl[áa]s|leiratkoz|dezabon|отпис|відпис|αποσυνδρομ|διαγραφή|abonelik|הסר|إلغاء الاشتراك|退订|退訂|取消订阅|取消訂閱|配信停止|配信解除|購読解除|수신거부|preferences|preference cent|subscription|email settings/iu;

/** Whether a text names a way to unsubscribe. */
export function tellsOfWay(text: string, { unsubscribeUrl, unsubscribeMailto }: Ways): boolean {
  return (
    WORDS.test(text) ||
    [unsubscribeUrl, unsubscribeMailto].some((way) => way !== null && text.includes(way))
  );
}

/**
 * How readers unsubscribe.
 * @param body as a reader sees it, with the addresses of its links; undefined where it cannot be told
 * @param bodyName what messages call it
 */
export function lintUnsubscribing(
  ways: Ways & { hasRowFiles: boolean },
  body: string | undefined,
  bodyName: string,
  findings: Findings,
): void {
  const { listUnsubscribe, unsubscribeUrl, hasRowFiles } = ways;
  const isTold = body === undefined || tellsOfWay(body, ways);
  if (listUnsubscribe === null && !hasUnsubscribeWay(ways)) {
    findings.add('no-unsubscribe', {
      severity: hasRowFiles ? 'info' : undefined,
      message: `there is no header to unsubscribe (List-Unsubscribe)${isTold ? '' : ', and no link in the text'}`,
      remedy: hasRowFiles
        ? 'nothing, where it is no newsletter'
        : 'give --unsubscribe-url, which `campaign serve` answers, or --list-unsubscribe with a page of your own',
      where: 'the header List-Unsubscribe',
    });
    return;
  }
  if (!/^https:/i.test(listUnsubscribe ?? unsubscribeUrl ?? '')) {
    findings.add('no-one-click', {
      message: 'the header to unsubscribe has no https: URL, so no mail program offers one click',
      remedy: 'give --unsubscribe-url, or --list-unsubscribe, with https://',
      where: 'the header List-Unsubscribe',
    });
  }
  if (isTold) return;
  findings.add('no-unsubscribe-link', {
    severity: hasRowFiles ? 'info' : undefined,
    message: 'nothing in the body tells readers how to unsubscribe',
    remedy: hasUnsubscribeWay(ways)
      ? 'put a link to {{ unsubscribe_url }} where readers see it'
      : 'put a link to your page where readers see it',
    where: bodyName,
  });
}

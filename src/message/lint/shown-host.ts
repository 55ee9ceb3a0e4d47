import { siteOf } from '../../domain/site.js';

/**
 * Ends of names that a text means as a host where it stands alone, `booking.com`: those with most registrations, those of
 * countries, and those kept for examples. Ends of file names, as in `report.pdf` or `notes.md`, are none.
 */
const TOP_LEVEL = new Set(
  `com net org info biz edu gov mil int eu asia example
   app blog cloud club dev digital email events group life live media network news one online page pro shop site space store
   studio team tech tools website world xyz agency berlin hamburg koeln bayern wien swiss london paris amsterdam nyc
   ac ad ae af ag al am ao ar at au az ba bb bd be bf bg bh bi bj bn bo br bs bt bw by bz ca cd cf cg ch ci ck cl cm cn co cr
   cu cv cy cz de dj dk dm do dz ec ee eg er es et fi fj fm fr ga gb gd ge gg gh gi gl gm gn gq gr gt gy hk hn hr ht hu id ie
   il im in io iq ir is it je jm jo jp ke kg kh ki km kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc me mg mk ml mm mn mo
   mr mt mu mv mw mx my mz na ne ng ni nl no np nr nu nz om pa pe pg ph pk pl pr pt pw qa ro ru rw sa sb sc sd se sg si sk
   sl sm sn sr st sv sy sz tc td tg th tj tl tm tn to tr tt tv tw tz ua ug uk us uy uz vc ve vg vn vu ws ye za zm zw`.split(
    /\s+/,
  ),
);

/** What stands around an address in running text: quotes, arrows, brackets, the end of a sentence. */
const AROUND = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}/=&#]+$/gu;
/** A longer text names no site that anybody reads. */
const MOST_CHARACTERS = 2000;
const WITH_SCHEME = /^https?:\/\//i;
const HOST =
  /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{N}-]{2,}(?::\d{1,5})?(?=[/?#]|$)/u;
const MAILBOX = /^[^\s@]{1,64}@(\S+)$/;

const hostIn = (url: string): string | undefined =>
  URL.canParse(url) ? new URL(url).hostname : undefined;

/**
 * The host that the text of a link names, where it is nothing but an address; of a mailbox its domain.
 * A sentence that speaks of a site, or a name such as Node.js, names none.
 */
export function hostShown(text: string): { host: string; isMailbox: boolean } | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  const word = text.trim().replace(AROUND, '');
  if (/\s/.test(word)) return undefined;
  const [, domain] = MAILBOX.exec(word) ?? [];
  const address = domain ?? word;
  if (WITH_SCHEME.test(address)) {
    const host = hostIn(address);
    return host === undefined || !host.includes('.') ? undefined : { host, isMailbox: false };
  }
  const [named] = HOST.exec(address) ?? [];
  const host = named === undefined ? undefined : hostIn(`https://${named}`);
  if (host === undefined) return undefined;
  const isHost = /^www\./i.test(host) || TOP_LEVEL.has(host.slice(host.lastIndexOf('.') + 1));
  return isHost ? { host, isMailbox: domain !== undefined } : undefined;
}

/** The host that a link leads to; of a mailto: the domain of its one mailbox. */
function hostOf(href: string): { host: string; isMailbox: boolean } | undefined {
  const [, mailbox] = /^mailto:([^?]*)/i.exec(href) ?? [];
  if (mailbox === undefined) {
    const host = hostIn(href.startsWith('//') ? `https:${href}` : href);
    return host && /^(?:https?:|\/\/)/i.test(href) ? { host, isMailbox: false } : undefined;
  }
  let address = mailbox;
  try {
    address = decodeURIComponent(mailbox);
  } catch {
    // As it stands then.
  }
  const [, domain] = MAILBOX.exec(address) ?? [];
  const host = domain === undefined ? undefined : hostIn(`https://${domain}`);
  return host === undefined ? undefined : { host, isMailbox: true };
}

/**
 * Where the text of a link names one site, and the link leads to another: their hosts.
 * @param text of the link, decoded
 * @param href decoded
 */
export function misledBy(text: string, href: string): { shown: string; real: string } | undefined {
  const shown = hostShown(text);
  const real = shown && hostOf(href);
  if (!real || shown.isMailbox !== real.isMailbox) return undefined;
  return siteOf(shown.host) === siteOf(real.host)
    ? undefined
    : { shown: shown.host, real: real.host };
}

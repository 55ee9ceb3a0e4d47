import { siteOf } from '../../domain/site.js';

/**
 * Ends of names that a text means as a host where it stands alone, `booking.com`: those with most registrations, those of
 * countries, and those kept for examples. Ends of file names, as in `report.pdf` or `notes.md`, are none.
 */
const TOP_LEVEL = new Set(
  `com net org info biz edu gov mil int eu asia example
   app blog cloud club dev digital email events group life live media network news one online page pro shop site space store
   studio team tech tools website world xyz agency berlin hamburg koeln bayern wien swiss london paris amsterdam nyc
   ac ad ae af ag al ao ar at au az ba bb bd be bf bg bh bi bj bn bo br bs bt bw by bz ca cd cf cg ch ci ck cl cm cn co cr
   cu cv cy cz de dj dk dm do dz ec ee eg er es et fi fj fm fr ga gb gd ge gg gh gi gl gm gn gq gr gt gy hk hn hr ht hu id ie
   il im in io iq ir is it je jm jo jp ke kg kh ki km kr kw ky kz lb lc li lk lr ls lt lu lv ly ma mc me mg mm mn mo
   mr mt mu mv mw mx my mz na ne ng ni nl no np nr nu nz om pa pe pg ph pk pr pt pw qa ro ru rw sa sb sc sd se sg si sk
   sl sm sn sr st sv sy sz tc td tg th tj tl tm tn to tr tt tv tw tz ua ug uk us uy uz vc ve vg vn vu ws ye za zm zw`.split(
    /\s+/,
  ),
);

/** Countries whose ends are those of files too, or of times: hosts where a path follows. */
const FILE_ENDS = new Set('ai am cc la md mk ml pl ps py rs sh so st'.split(' '));

/** Brands whose links go by another name than their own, by what that begins with. */
const BRANDS = new Map(
  Object.entries({
    amazon: 'amzn.to amzn.eu amzn.com a.co',
    apple: 'apple.co',
    bbc: 'bbc.in',
    discord: 'discord.gg',
    dropbox: 'db.tt',
    ebay: 'ebay.us ebay.to',
    facebook: 'fb.com fb.me m.me',
    flickr: 'flic.kr',
    github: 'git.io',
    google: 'goo.gl g.co forms.gle',
    instagram: 'instagr.am ig.me',
    linkedin: 'lnkd.in',
    microsoft: 'aka.ms msft.it 1drv.ms',
    nytimes: 'nyti.ms',
    pinterest: 'pin.it',
    reddit: 'redd.it',
    spotify: 'spoti.fi',
    telegram: 't.me',
    twitter: 't.co x.com',
    whatsapp: 'wa.me',
    wikipedia: 'w.wiki',
    wordpress: 'wp.me',
    youtube: 'youtu.be',
  }).flatMap(([brand, sites]) => sites.split(' ').map((site) => [site, brand] as const)),
);
/** Ends under which brands have their sites of one name, for the world and for countries. */
const END_OF_BRANDS = /\.(?:com|org|net|[a-z]{2})$/;

/** Whose site a host is: of a brand its name, else the site. */
function ownerOf(host: string): string {
  const site = siteOf(host);
  const brand = BRANDS.get(site);
  if (brand !== undefined) return brand;
  return END_OF_BRANDS.test(site) ? site.slice(0, site.indexOf('.')) : site;
}

/** Characters that nobody sees, such as a soft hyphen or a space without width. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
/** No address is longer (RFC 1035 §2.3.4), and no text that shows one. */
const MOST_CHARACTERS = 255;
const BEFORE = /[^\p{L}\p{N}]/u;
const BEHIND = /[^\p{L}\p{N}/=&#]/u;

/** Without what stands around an address in running text: quotes, arrows, brackets, the end of a sentence. */
function bare(text: string): string {
  const characters = [...text];
  let start = 0;
  let end = characters.length;
  while (start < end && BEFORE.test(characters[start] ?? '')) start += 1;
  while (start < end && BEHIND.test(characters[end - 1] ?? '')) end -= 1;
  return characters.slice(start, end).join('');
}

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
  const seen = text.replace(INVISIBLE, '').trim();
  if (seen.length > MOST_CHARACTERS) return undefined;
  const word = bare(seen);
  if (/\s/.test(word)) return undefined;
  const [, domain] = MAILBOX.exec(word) ?? [];
  const address = domain ?? word;
  if (WITH_SCHEME.test(address)) {
    const host = hostIn(address);
    return host === undefined || !host.includes('.') ? undefined : { host, isMailbox: false };
  }
  const [named] = HOST.exec(address) ?? [];
  const host = named === undefined ? undefined : hostIn(`https://${named}`);
  if (named === undefined || host === undefined) return undefined;
  const isMailbox = domain !== undefined;
  return isMailbox || isMeantAsHost(named, address, host) ? { host, isMailbox } : undefined;
}

/** Whether a name is a host, and no name of software (ASP.NET), file (build.pl) or time (10.30.am). */
function isMeantAsHost(named: string, address: string, host: string): boolean {
  if (/^www\./i.test(host)) return true;
  const [first = ''] = named.split('.', 1);
  const [end = ''] = /[^.:]*(?=(?::\d+)?$)/.exec(named) ?? [];
  if (!/\p{L}/u.test(first) || end !== end.toLowerCase()) return false;
  const topLevel = host.slice(host.lastIndexOf('.') + 1);
  if (address.length > named.length) return TOP_LEVEL.has(topLevel) || FILE_ENDS.has(topLevel);
  return named === named.toLowerCase() && TOP_LEVEL.has(topLevel);
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
  return ownerOf(shown.host) === ownerOf(real.host)
    ? undefined
    : { shown: shown.host, real: real.host };
}

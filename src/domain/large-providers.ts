/** Of providers with a domain a country what stands before it. */
const IN_MANY_COUNTRIES =
  /^(?:hotmail|live|outlook|windowslive|yahoo|ymail|yandex|gmx)\.(?:com?\.)?[a-z]{2,4}$/;

/**
 * Domains under which anybody has a mailbox: a no to one of these is a no to a large part of a list. After those that
 * validator.js (src/lib/normalizeEmail.js) and mailcheck (src/mailcheck.js, defaultDomains) know as providers, with the
 * public mail services of the larger countries.
 */
const DOMAINS: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com
   msn.com passport.com
   rocketmail.com myyahoo.com aol.com aim.com netscape.net verizon.net
   icloud.com me.com mac.com
   proton.me protonmail.com protonmail.ch pm.me tutanota.com tuta.com hey.com fastmail.com fastmail.fm zoho.com
   hushmail.com mail.com email.com usa.com inbox.com
   comcast.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com frontier.com optonline.net
   rogers.com sympatico.ca shaw.ca telus.net videotron.ca
   web.de t-online.de freenet.de arcor.de 1und1.de posteo.de mailbox.org
   bluewin.ch sunrise.ch hispeed.ch aon.at a1.net
   orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr
   libero.it virgilio.it tiscali.it alice.it tim.it tin.it aruba.it
   telefonica.net terra.es btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk
   ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl skynet.be telenet.be proximus.be
   telia.com comhem.se bredband.net online.no mail.dk
   wp.pl o2.pl onet.pl op.pl interia.pl poczta.onet.pl seznam.cz email.cz centrum.cz azet.sk zoznam.sk
   abv.bg mail.bg ukr.net i.ua mail.ru bk.ru inbox.ru list.ru internet.ru rambler.ru ya.ru
   qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn 21cn.com aliyun.com
   naver.com daum.net hanmail.net kakao.com nate.com docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp
   rediffmail.com walla.co.il walla.com
   uol.com.br bol.com.br terra.com.br ig.com.br globo.com r7.com
   bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz`.split(/\s+/),
);

/** Whether so many people have a mailbox there that a no to all of it is hardly ever meant. */
export const isLargeProvider = (domain: string): boolean =>
  DOMAINS.has(domain) || IN_MANY_COUNTRIES.test(domain);

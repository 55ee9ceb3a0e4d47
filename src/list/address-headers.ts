import { squeeze } from '../domain/fields.js';

/** How surely a header names the address that people are written to; of several columns the lowest wins. */
const RANK = {
  /** Simply "e-mail address", in any language, or the main one. */
  general: 1,
  /** An address of the person by its kind or by whose it is: work, contact, user, the first of several. */
  ofPerson: 2,
  /** One given for a payment. */
  ofPayment: 3,
  /** One that stands beside another. */
  secondary: 4,
} as const;

type Rank = (typeof RANK)[keyof typeof RANK];

/**
 * Headers of the address column, with where they are found; compared without case, accents, spaces and punctuation.
 * Between the names of a row stands a bar.
 */
const HEADERS: readonly { source: string; rank: Rank; names: string }[] = [
  {
    source:
      'English; Mailchimp, Brevo, HubSpot, Klaviyo, Stripe, Shopify, Eventbrite, Indiegogo, Ghost, LinkedIn, Outlook',
    rank: RANK.general,
    names: 'Email | Emails | Mail | Email Address | Mail Address | Email Addr | Email Adress',
  },
  {
    source: 'WordPress (wp_users) and WooCommerce',
    rank: RANK.ofPerson,
    names: 'user_email | customer_email',
  },
  {
    source: 'PayPal, activity download',
    rank: RANK.ofPayment,
    names: 'From Email Address',
  },
  {
    source: 'Google Contacts',
    rank: RANK.ofPerson,
    names: 'E-mail 1 - Value',
  },
  {
    source: 'Outlook and Exchange, contacts exported in that language',
    rank: RANK.general,
    names: `
      E-Mail-Adresse | Adresse de messagerie | Indirizzo posta elettronica | Adres e-mail |
      Адрес эл. почты | 電子メール アドレス | 电子邮件地址 | 電子郵件地址 | عنوان البريد الإلكتروني`,
  },
  {
    source: 'Thunderbird, an address book exported in that language',
    rank: RANK.general,
    names: 'Primäre E-Mail-Adresse | Email primaria',
  },
  {
    source:
      'Django, "Email" and "email address" in each language (contrib/auth and contrib/admin, locale)',
    rank: RANK.general,
    names: `
      E-posadres | E-pos | بريد إلكتروني | عنوان بريد إلكتروني | Corréu | Direición de corréu |
      E-poçt | E-poçt ünvanı | Электронная пошта | Адрас электроннай пошты | Имейл | Имейл адрес |
      ইমেইল | ইমেইল ঠিকানা | Email adresa | Correu electrònic | Adreça de correu electrònic |
      ئیمەیڵ | E-mailová adresa | Cyfeiriad ebost | Ebost | E-mail-adresse | Διεύθυνση email |
      Ηλεκτρονική διεύθυνση | Retpoŝtadreso | Retpoŝto | Correo electrónico | Dirección de email |
      E-posti aadress | E-post | Helbide elektronikoa | Emaila | نشانی پست الکترونیکی | آدرس ایمیل |
      ایمیل | Sähköposti | Sähköpostiosoite | Courriel | Adresse électronique |
      Seoladh ríomhphoist | Ríomhphost | Enderezo electrónico | Enderezo de correo electrónico |
      דוא"ל | כתובת דוא"ל | ईमेल | ईमेल पता | E-mail adresa | E-mail cím | Email հասցե |
      Alamat email | Netfang | Indirizzo email | メールアドレス | ელფოსტა | ელ. ფოსტა |
      ელფოსტის მისამართი | Email адрес | 이메일 | 이메일 주소 | E-mail Adress | El. paštas |
      El. pašto adresas | E-pasts | E-pasta adrese | Email адреса | ഇമെയിൽ | ഇമെയിൽ വിലാസം | Имэйл |
      Имэйл хаяг | Emel | Alamat emel | E-postadresse | ई-मेल | ई-मेल ठेगाना | ਈਮੇਲ |
      Endereço de e-mail | Adresă de email | Adresă e-mail | адрес электронной почты |
      Elektronski naslov | E-poštni naslov | Adresë email | Имејл адреса | И-мејл | Imejl adresa |
      Adresa e-pošte | Адреса е-поште | Barua pepe | Anwani ya barua pepe |
      Суроғаи почтаи электронӣ | อีเมล | ที่อยู่อีเมล | E-posta | E-posta adresi | E-mail адреса |
      Elektron pochta | Elektron pochta manzili | Địa chỉ email | 电子邮件 | Email 地址 | 電子郵件 | 電子信箱 |
      Dirección de correo electrónico | E-mailadres | E-postadress | Endereço de email`,
  },
  {
    source: 'What people write for the same in their language',
    rank: RANK.general,
    names: `
      Haupt-E-Mail | Adresse e-mail principale | E-mail principal | Correo electrónico principal |
      Indirizzo email principale | Primair e-mailadres | Основной адрес электронной почты | 电子邮箱地址 |
      전자 메일 주소 | E-Mail-Adressen | Mailadresse | Adresse e-mail | Adresse mail | Adresse courriel |
      Adresse de courriel | Adresse de courrier électronique | Courrier électronique | Mél |
      Correo | Dirección de correo | Dirección electrónica | Correo-e | Correio eletrônico |
      Correio eletrónico | Endereço de correio eletrônico | Endereço de correio eletrónico |
      Endereço eletrônico | Indirizzo e-mail | Indirizzo mail | Indirizzo di posta elettronica |
      Posta elettronica | Adreça electrònica | E-mail adres | Mailadres | Adres email |
      Adres poczty elektronicznej | Poczta elektroniczna | Emailová adresa | Elektronická adresa |
      Elektronická pošta | E-pošta | Elektronska pošta | Adresa elektronske pošte | Email cím |
      E-mail címe | Adresa de email | Adresa de e-mail | Adresa email | Adresa e-mail |
      Poștă electronică | Mejl | Mejladress | Mailadress | Meiliaadress | E-pasta adreses |
      Elektroninis paštas | Elektroninio pašto adresas | Электронная почта | Электронный адрес |
      Эл. почта | Эл. адрес | Емейл | Мейл | Е-мейл | Електронна пошта | Адреса електронної пошти |
      Електронна адреса | Ел. пошта | Ел. адреса | Імейл | Е-поща | Електронна поща | Имејл |
      Е-пошта | Электрондық пошта | Էլ. փոստ | Էլ. հասցե | Ηλεκτρονικό ταχυδρομείο |
      Διεύθυνση ηλεκτρονικού ταχυδρομείου | Ηλ. ταχυδρομείο | Mail adresi | Email adresi |
      Elektronik posta | דואר אלקטרוני | כתובת דואר אלקטרוני | אימייל | כתובת אימייל | מייל |
      כתובת מייל | البريد الإلكتروني | الإيميل | إيميل | پست الکترونیک | پست الکترونیکی |
      نشانی ایمیل | رایانامه | ای میل | मेल | மின்னஞ்சல் | ఇమెయిల్ | ಇಮೇಲ್ | อีเมล์ | Thư điện tử |
      Dia chi email | Surel | Alamat surel | Alamat e-mail | メール | Eメール | Eメールアドレス | E-mailアドレス |
      電子メール | 邮箱 | 电子邮箱 | 邮箱地址 | 邮件地址 | 电邮 | 郵箱 | 電郵 | 電郵地址 | 電子郵件信箱 | 信箱 | 전자우편 | 전자우편 주소 | 메일 |
      메일주소`,
  },
  {
    source: 'What people write for one kind of it',
    rank: RANK.ofPerson,
    names: `
      E-Mail privat | Private E-Mail | E-Mail geschäftlich | E-Mail dienstlich |
      Geschäftliche E-Mail | E-Mail personnel | E-mail professionnel | Mail professionnel |
      Email pro | Email perso | Correo personal | Correo laboral | Email personale | Почта | Пошта`,
  },
];

const RANKS = new Map<string, Rank>(
  HEADERS.flatMap(({ rank, names }) =>
    names.split('|').map((name) => [squeeze(name), rank] as const),
  ),
);

/** English words that may stand before "email": `Attendee Email`, `Contact: Email`, `billing_email`. */
const WORDS_BEFORE: readonly { rank: Rank; words: string }[] = [
  { rank: RANK.general, words: 'the your my what is please enter primary main default' },
  {
    rank: RANK.ofPerson,
    words: `
      account attendee business buyer client contact customer donor employee guest home invitee lead login member office
      participant person personal preferred private professional profile purchaser recipient registrant respondent
      student subscriber supporter user volunteer work`,
  },
  { rank: RANK.ofPayment, words: 'billing invoice payer payment order paypal shipping' },
  {
    rank: RANK.secondary,
    words: 'secondary second third alternate alternative alt other additional backup recovery',
  },
];
/** Those that may stand behind it: `Email Address 1`, `E-mail 1 - Value`, `Email (work)`. */
const WORDS_BEHIND: readonly { rank: Rank; words: string }[] = [
  { rank: RANK.general, words: 'address addresses addr primary main required' },
  {
    rank: RANK.ofPerson,
    words: '1 value id work business office professional personal private home',
  },
  { rank: RANK.secondary, words: '2 3 4 5 6 7 8 9 secondary alternate other' },
];

const rankedWords = (rows: typeof WORDS_BEFORE): Map<string, Rank> =>
  new Map(
    rows.flatMap(({ rank, words }) =>
      words
        .trim()
        .split(/\s+/)
        .map((word) => [word, rank] as const),
    ),
  );

const BEFORE = rankedWords(WORDS_BEFORE);
const BEHIND = rankedWords(WORDS_BEHIND);

const wordsOf = (header: string): string[] =>
  header
    .normalize('NFKC')
    .replace(/(\p{Ll})(\p{Lu}|\d)/gu, '$1 $2')
    .toLowerCase()
    .replace(/\be[^\p{L}\p{N}]?mails?\b/gu, 'email')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/** By the words around "email"; undefined when one of them says that it is something else, such as a date or a yes. */
function rankOfWords(header: string): Rank | undefined {
  const words = wordsOf(header);
  const at = words.indexOf('email');
  if (at === -1) return undefined;
  let rank: Rank = RANK.general;
  for (const [index, word] of words.entries()) {
    if (index === at) continue;
    const own = (index < at ? BEFORE : BEHIND).get(word);
    if (own === undefined) return undefined;
    if (own > rank) rank = own;
  }
  return rank;
}

/** The first or another of several addresses in any language: `E-Mail 2: Adresse`, `Адрес 2 эл. почты`. */
function rankOfNumbered(squeezed: string): Rank | undefined {
  const [digit, ...others] = squeezed.match(/\d/g) ?? [];
  if (digit === undefined || others.length > 0 || !RANKS.has(squeezed.replace(digit, ''))) {
    return undefined;
  }
  return digit === '1' ? RANK.ofPerson : RANK.secondary;
}

/** How surely a header names the address, from 1; undefined when it names something else. */
export function addressHeaderRank(header: string): number | undefined {
  const squeezed = squeeze(header);
  const rank = RANKS.get(squeezed) ?? rankOfNumbered(squeezed) ?? rankOfWords(header);
  if (rank !== undefined) return rank;
  const [first = '', second = '', ...more] = header.split('/');
  const inTwoLanguages =
    more.length === 0 && RANKS.has(squeeze(first)) && RANKS.has(squeeze(second));
  return inTwoLanguages ? RANK.general : undefined;
}

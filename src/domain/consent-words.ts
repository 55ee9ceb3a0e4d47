import { squeeze } from './fields.js';

/** What a cell says of writing to somebody; `none` where it says nothing, `unread` where it is not known what. */
export type Consent = 'yes' | 'no' | 'none' | 'unread';

const wordsOf = (text: string): string[] => text.split('|').map(squeeze);
const setOf = (text: string): ReadonlySet<string> => new Set(wordsOf(text));

/** Nothing, as databases and programs write it. */
const NOTHING = setOf('null | nil | none | nan | n/a | undefined | unknown | not set');

/** Falsehood: in languages, and as spreadsheets write it in theirs. */
const FALSE = setOf(`
  no | n | false | f | off | unchecked | not checked |
  nein | falsch | non | faux | falso | não | nee | onwaar | nej | falsk | falskt | nei | ei | epätosi | nie | fałsz | ne | nepravda |
  nem | hamis | hayır | hayir | yanlış | όχι | нет | ложь | ні | لا | いいえ | 否 | 아니요`);

/** Truth, likewise. */
const TRUE = setOf(`
  yes | y | true | t | on | x | checked | ok |
  ja | wahr | oui | vrai | si | sí | verdadero | vero | sim | verdadeiro | waar | sant | sand | tosi | tak | prawda | ano | pravda |
  igen | igaz | evet | doğru | ναι | да | истина | так | نعم | はい | 是 | 예`);

/**
 * Words of a column of statuses. `strong` ones are said of nobody but the subscribers of a mailing list; the others, such as
 * `active` and `pending`, of orders, accounts and memberships as well.
 *
 * Mailchimp (subscribed, unsubscribed, cleaned, pending, transactional, archived), MailerLite (active, unsubscribed,
 * unconfirmed, bounced, junk), Kit (active, inactive, bounced, cancelled, complained), listmonk (enabled, disabled,
 * blocklisted; confirmed, unconfirmed), Campaign Monitor (Active, Unconfirmed, Unsubscribed, Bounced, Deleted), Constant
 * Contact (explicit, implicit, pending confirmation, temporary hold), MailPoet, Klaviyo, Wix and Shopify ((never, not)
 * subscribed), Marketing Cloud (Active, Bounced, Held, Unsubscribed), Pipedrive (No consent); verifiers of addresses
 * (valid, catch-all, invalid, do_not_mail, spamtrap, abuse). Whoever has not confirmed has
 * not said yes; these tools write to none of them either.
 */
const STATUS_WORDS: readonly { says: 'yes' | 'no'; strong: boolean; words: string }[] = [
  {
    says: 'yes',
    strong: true,
    words: `
      subscribed | resubscribed | opted in | opt-in | double opt-in | single opt-in | confirmed opt-in |
      abonniert | angemeldet | abonné | abonnée | inscrit | inscrite | suscrito | suscrita | iscritto | iscritta | inscrito |
      geabonneerd | ingeschreven | prenumererar | подписан | подписчик`,
  },
  {
    says: 'yes',
    strong: false,
    words: `
      active | confirmed | enabled | verified | valid | deliverable | catch-all | accept all | risky |
      explicit | implicit | express | implied |
      alta | aktiv | bestätigt | actif | active | confirmé | activo | confirmado | attivo | confermato | ativo | actief | bevestigd`,
  },
  {
    says: 'no',
    strong: true,
    words: `
      unsubscribed | unsubscribe | never subscribed | not subscribed | nonsubscribed | opted out | opt-out | globally unsubscribed |
      unconfirmed | not confirmed | awaiting confirmation | pending confirmation | not opted in | no consent |
      bounced | bounce | hard bounced | hard bounce | soft bounced | soft bounce | undeliverable | cleaned |
      complained | complaint | spam complaint | marked as spam | spam | junk |
      blocklisted | blacklisted | suppressed | spamtrap | spam trap | abuse | disposable | do not email | do not mail | do not contact | temporary hold | temp hold |
      abgemeldet | abbestellt | nicht abonniert | unbestätigt | nicht bestätigt | désabonné | désabonnée | désinscrit | désinscrite |
      non confirmé | non abonné | no suscrito | dado de baja | dada de baja | cancelada la suscripción | desuscrito | disiscritto | non confermato | descadastrado |
      não inscrito | uitgeschreven | afgemeld | niet bevestigd | avregistrerad | отписан | отписался`,
  },
  {
    says: 'no',
    strong: false,
    words: `
      pending | inactive | cancelled | canceled | disabled | deleted | removed | archived | blocked | held | hold | invalid | transactional |
      ausstehend | inaktiv | gelöscht | gesperrt | en attente | inactif | supprimé | pendiente | inactivo | eliminado | baja | de baja | in attesa |
      inattivo | cancellato | pendente | inativo`,
  },
];

/** A word of a mailing list's statuses. */
export interface StatusWord {
  says: 'yes' | 'no';
  strong: boolean;
}

const STATUSES: ReadonlyMap<string, StatusWord> = new Map(
  STATUS_WORDS.flatMap(({ says, strong, words }) =>
    wordsOf(words).map((word) => [word, { says, strong }] as const),
  ),
);

/** Words in columns of consent that no column of statuses has. */
const REFUSED = setOf(
  'revoked | denied | withdrawn | declined | refused | rejected | do not allow | not allowed | never | not accepted',
);
const GRANTED = setOf('allow | allowed | accepted | granted | given | subscribe');

/** Zeros alone, of a number or of a date that is none. */
const ZEROS = /^0+$/;
/** A number or a date. */
const FIGURES = /^[+-]?\d[\d\s.:/TZ+-]*$/i;

/** A cell as its word; null where it says nothing. */
function wordOf(cell: string): string | null {
  const text = cell.trim();
  // MySQL's NULL in text files.
  if (text === '' || text === '\\N') return null;
  if (/^[✓✔☑✅]\uFE0F?$/u.test(text)) return 'yes';
  if (/^[✗✘☐❌❎]\uFE0F?$/u.test(text)) return 'no';
  const word = squeeze(text.replace(/^(\d+)\.0+$/, '$1'));
  return word === '' || NOTHING.has(word) ? null : word;
}

/** Words that say it all, whatever stands behind them: `Unsubscribed (admin)`, `Bounced: hard`. */
const FIRST_WORDS = setOf(
  'subscribed | unsubscribed | unconfirmed | bounced | complained | blocklisted | blacklisted | suppressed',
);

/** @param word of the whole cell */
function statusOf(cell: string, word: string): StatusWord | undefined {
  const known = STATUSES.get(word);
  if (known) return known;
  const first = squeeze(/^\s*\p{L}+(?![\p{L}\p{N}])/u.exec(cell)?.[0] ?? '');
  return FIRST_WORDS.has(first) ? STATUSES.get(first) : undefined;
}

/** What a column of statuses says: a word of mailing lists, null for nothing, undefined for another word. */
export function readStatus(cell: string): StatusWord | null | undefined {
  const word = wordOf(cell);
  return word === null ? null : statusOf(cell, word);
}

/** What a column says whose yes is a yes to mail. */
export function readOptIn(cell: string): Consent {
  const word = wordOf(cell);
  if (word === null) return 'none';
  if (FALSE.has(word) || ZEROS.test(word) || REFUSED.has(word)) return 'no';
  const status = statusOf(cell, word);
  if (status) return status.says;
  return TRUE.has(word) || GRANTED.has(word) || FIGURES.test(cell.trim()) ? 'yes' : 'unread';
}

/** What a column says whose yes or date is a no to mail. */
export function readOptOut(cell: string): Consent {
  const word = wordOf(cell);
  if (word === null || FALSE.has(word) || ZEROS.test(word) || word === 'never') return 'none';
  const known = STATUSES.get(word);
  if (known) return known.says;
  return isDeniedNo(word) || GRANTED.has(word) ? 'yes' : 'no';
}

/** `not unsubscribed`, and not what a sentence begins with: `not interested`, `notifications too frequent`. */
const isDeniedNo = (word: string): boolean =>
  word.startsWith('not') && STATUSES.get(word.slice(3))?.says === 'no';

/** What a column says that holds why somebody is not to be written to: whatever the words are, `unknown` too. */
export function readReason(cell: string): Consent {
  const isFilled = wordOf(cell) !== null || squeeze(cell) === 'unknown';
  return isFilled ? 'no' : 'none';
}

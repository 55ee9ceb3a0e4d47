import { type Consent, readOptIn, readOptOut, readReason } from './consent-words.js';
import { squeeze } from './fields.js';

/**
 * How a column tells of those who are not to be written to: `opt-in` by a no, `opt-out` by a yes or a date, `reason` by
 * whatever words it holds, `status` by a word, where every word of the column is one of mailing lists.
 */
export type ConsentKind = 'opt-in' | 'opt-out' | 'reason' | 'status';

/** Headers, with where they are found; compared as `squeeze` has them. Between the names of a row stands a bar. */
const HEADERS: readonly { source: string; kind: ConsentKind; names: string }[] = [
  {
    source:
      'Shopify, customers and orders (https://help.shopify.com/en/manual/customers/import-export-customers); Squarespace, profiles',
    kind: 'opt-in',
    names: 'Accepts Email Marketing | Accepts Marketing | Buyer Accepts Marketing',
  },
  {
    source:
      'Klaviyo, profiles: SUBSCRIBED, UNSUBSCRIBED, NEVER_SUBSCRIBED; Email Suppressions holds reasons (https://developers.klaviyo.com/en/reference/profiles_api_overview)',
    kind: 'opt-in',
    names: 'Email Marketing Consent | Marketing Consent | Email Consent | $consent',
  },
  {
    source: 'the same',
    kind: 'opt-out',
    names: 'Email Suppressions | Email Suppressed | Suppressed | Suppressed At',
  },
  {
    source:
      'Brevo, before Sendinblue (https://developers.brevo.com/reference/get-contact-info: emailBlacklisted)',
    kind: 'opt-out',
    names:
      'EMAIL_BLACKLISTED | EMAIL_BLOCKLISTED | BLACKLISTED | BLOCKLISTED | BLACKLIST | EMAIL_BLACKLIST | EMAIL_BLOCKLIST',
  },
  {
    source:
      'Mailchimp, unsubscribed and cleaned members (https://mailchimp.com/help/view-export-contacts/)',
    kind: 'opt-out',
    names: 'UNSUB_TIME | CLEAN_TIME',
  },
  {
    source: 'the same, in words of people and with titles of campaigns',
    kind: 'reason',
    names: 'UNSUB_CAMPAIGN_TITLE | UNSUB_REASON | UNSUB_REASON_OTHER | CLEAN_CAMPAIGN_TITLE',
  },
  {
    source:
      'HubSpot, contacts: hs_email_optout (https://knowledge.hubspot.com/properties/hubspots-default-contact-properties), and in German',
    kind: 'opt-out',
    names:
      'Unsubscribed from all email | Opted out of all email | hs_email_optout | Von allen E-Mails abgemeldet',
  },
  {
    source:
      'Salesforce, contacts and leads: HasOptedOutOfEmail (https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_contact.htm), person accounts; Zoho and Vtiger CRM',
    kind: 'opt-out',
    names:
      'Email Opt Out | HasOptedOutOfEmail | PersonHasOptedOutOfEmail | EmailBouncedDate | Email Bounced Date',
  },
  {
    source:
      'Salesforce, the same; HubSpot, contacts (hs_email_hard_bounce_reason_enum, hs_email_optout_survey_reason); Postmark (SuppressionReason); Customer.io, Kit and others; what people write',
    kind: 'reason',
    names: `
      EmailBouncedReason | Email Bounced Reason | PersonEmailBouncedReason | bounce reason | bounced reason | hard bounce reason |
      email hard bounce reason | hs_email_hard_bounce_reason | hs_email_hard_bounce_reason_enum | email bounce reason |
      unsubscribe reason | unsubscribed reason | unsubscription reason | reason for unsubscribing |
      reason for unsubscribe | reason unsubscribed | email unsubscribe reason | unsubscribe comment | unsubscribe feedback |
      opt-out reason | optout reason | opted out reason | email opt out reason | reason for opting out |
      hs_email_optout_survey_reason | email address unsubscribe reason | complaint reason | spam reason | cleaned reason |
      suppression reason | suppressed reason | block reason | blocked reason | blocklist reason | blacklist reason |
      do not contact reason | do not email reason | Abmeldegrund | Grund der Abmeldung | Kündigungsgrund Newsletter |
      motif de désinscription | raison de désinscription | motif de désabonnement | motivo de baja | motivo de la baja |
      motivo disiscrizione | motivo di disiscrizione | motivo do cancelamento da inscrição | reden van uitschrijving |
      reden uitschrijving | причина отписки`,
  },
  {
    source:
      'Account Engagement (Pardot), prospects; CiviCRM, contacts (do_not_email, is_opt_out; https://docs.civicrm.org/user/en/latest/organising-your-data/contacts/)',
    kind: 'opt-out',
    names: 'Do Not Email | Opted Out | is_opt_out | No Bulk Emails (User Opt Out)',
  },
  {
    source:
      'Dynamics 365, contacts: DoNotEMail, DoNotBulkEMail, “Do Not Allow” or “Allow” (https://learn.microsoft.com/en-us/power-apps/developer/data-platform/reference/entities/contact)',
    kind: 'opt-out',
    names:
      'DoNotEMail | DoNotBulkEMail | Do not allow Emails | Do not allow Bulk Emails | Do not send Marketing Material',
  },
  {
    source:
      'Odoo: is_blacklisted, opt_out (https://github.com/odoo/odoo, addons/mass_mailing); phpList: blacklisted; Mautic: doNotContact',
    kind: 'opt-out',
    names: 'is_blacklisted | opt_out | Do Not Contact | dnc',
  },
  {
    source:
      'Intercom, users: unsubscribed_from_emails, marked_email_as_spam (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts)',
    kind: 'opt-out',
    names: 'unsubscribed_from_emails | Unsubscribed from emails | marked_email_as_spam',
  },
  {
    source:
      'Substack, subscribers: email_disabled (https://github.com/TryGhost/migrate, mg-substack)',
    kind: 'opt-out',
    names: 'email_disabled',
  },
  {
    source:
      'Customer.io, Drip, AWeber, Mailjet, MailUp (https://help.mailup.com: OptOut_Date), Kit and others',
    kind: 'opt-out',
    names: `
      unsubscribed | is_unsubscribed | unsubscribed_at | unsubscribe date | unsubscribed date | date unsubscribed |
      unsubscribe time | opted_out_at | optout | OptOut_Date | opt-out date | bounced_at | complained_at |
      IsExcludedFromCampaigns`,
  },
  {
    source:
      'Ghost, members (https://ghost.org/docs/migration/custom/: subscribed_to_emails); Mailgun, members of a mailing list; PrestaShop, customers',
    kind: 'opt-in',
    names: `
      subscribed_to_emails | subscribed_to_email | subscribed | is_subscribed | newsletter | newsletter_subscribed |
      subscribed_to_newsletter | newsletter_optin | optin | opt_in | email_opt_in | marketing_opt_in | marketing_optin |
      accepts_email | email_marketing | marketing_emails | receive_emails`,
  },
  {
    source: 'What people write in their language',
    kind: 'opt-out',
    names: `
      abgemeldet | abgemeldet am | keine Werbung | keine E-Mails | Werbesperre | désabonné | désinscrit | désinscrit le |
      ne pas contacter | dado de baja | fecha de baja | no contactar | disiscritto | non contattare | descadastrado |
      uitgeschreven | niet mailen | отписан`,
  },
  {
    source: 'What people write in their language',
    kind: 'opt-in',
    names: `
      Newsletter-Einwilligung | E-Mail-Einwilligung | Werbeeinwilligung | consentement e-mail | accepte les e-mails |
      accepte le marketing | acepta marketing | consenso marketing | consenso email | aceita marketing`,
  },
  {
    source:
      'Mailchimp, MailerLite, ActiveCampaign, MailPoet, listmonk, Omnisend, Kit; Constant Contact (Email status, Email permission status); Wix (Email subscriber status); Pipedrive (Marketing status); Campaign Monitor (State); the word for it elsewhere',
    kind: 'status',
    names: `
      status | email_status | subscription_status | subscriber_status | email subscriber status | email subscription status |
      marketing status | email marketing status | email marketing: status | email permission status | permission status |
      contact status | member status | newsletter status | list status | consent status | opt-in status | mailing status |
      state | subscriber state | subscription state |
      statut | statut de l'abonnement | statut d'abonnement | estado | estado de suscripción | estado de la suscripción |
      stato | stato iscrizione | Abonnementstatus | Abonnement-Status | Anmeldestatus | Newsletter-Status | статус`,
  },
];

const KINDS: ReadonlyMap<string, ConsentKind> = new Map(
  HEADERS.flatMap(({ kind, names }) =>
    names.split('|').map((name) => [squeeze(name), kind] as const),
  ),
);

/** How the column of a header tells of a no; undefined where it does not. */
export const consentKind = (header: string): ConsentKind | undefined => KINDS.get(squeeze(header));

/** Whether a header is that of regions as well, so that nobody expects it to tell of mail. */
export const isOftenAPlace = (header: string): boolean =>
  ['state', 'estado', 'stato'].includes(squeeze(header));

/** What a cell says by itself; a column of statuses says something as a whole only. */
export const READS: Record<Exclude<ConsentKind, 'status'>, (cell: string) => Consent> = {
  'opt-in': readOptIn,
  'opt-out': readOptOut,
  reason: readReason,
};

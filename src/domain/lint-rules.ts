import { DNS_LINT_RULES } from './lint-dns-rules.js';

/** How bad what was found is: it goes wrong for readers or receivers, it may well, or it is good to know. */
export const LINT_SEVERITIES = ['error', 'warning', 'info'] as const;
export type LintSeverity = (typeof LINT_SEVERITIES)[number];

/** What a rule of `lint` is, in words for a table; `finds` and `source` are plain text. */
export interface LintRuleDescription {
  /** Of what it finds, where a finding has no other. */
  readonly severity: LintSeverity;
  /** What it finds, in a line. */
  readonly finds: string;
  /** Who says so, and where. */
  readonly source: string;
  readonly url: string;
  /** Looked for only where DNS may be asked. */
  readonly asksDns?: true;
}

const GOOGLE = {
  source: 'Google, sender guidelines',
  url: 'https://support.google.com/a/answer/81126',
};
const SPAMASSASSIN_HTML = {
  source: 'SpamAssassin, HTML tests',
  url: 'https://github.com/apache/spamassassin/blob/trunk/rules/20_html_tests.cf',
};
const SPAMASSASSIN_HEADERS = {
  source: 'SpamAssassin, header tests',
  url: 'https://github.com/apache/spamassassin/blob/trunk/rules/20_head_tests.cf',
};

/**
 * Every rule by its name, in the order of help and README. A new one is an entry here, and what finds it in `message/lint/`;
 * documentation, `--ignore` and completion follow.
 */
export const LINT_RULES = {
  'no-unsubscribe': {
    severity: 'warning',
    finds:
      'no header by which mail programs offer to unsubscribe (information only where a file goes with each row: bills are no newsletters)',
    ...GOOGLE,
  },
  'no-one-click': {
    severity: 'warning',
    finds: 'a header to unsubscribe without https, which one click takes (List-Unsubscribe-Post)',
    source: 'RFC 8058, section 3.1',
    url: 'https://www.rfc-editor.org/rfc/rfc8058#section-3.1',
  },
  'no-unsubscribe-link': {
    severity: 'warning',
    finds: 'a header to unsubscribe, and nothing in the body by which readers see how to',
    ...GOOGLE,
  },
  'free-mail-from': {
    severity: 'error',
    finds: 'a From at gmail.com, yahoo.com, gmx.de or the like that goes out by another relay',
    source: 'Yahoo, sender best practices',
    url: 'https://senders.yahooinc.com/best-practices/',
  },
  'no-reply': {
    severity: 'warning',
    finds: 'answers that go to a no-reply address: that of Reply-To, or of From without one',
    source: 'RFC 5322, section 3.6.2',
    url: 'https://www.rfc-editor.org/rfc/rfc5322#section-3.6.2',
  },
  'empty-subject': {
    severity: 'error',
    finds: 'a subject that comes to nothing for some row',
    ...SPAMASSASSIN_HEADERS,
  },
  'subject-in-capitals': {
    severity: 'warning',
    finds: 'a subject of several words in capitals alone',
    ...SPAMASSASSIN_HEADERS,
  },
  'long-subject': {
    severity: 'info',
    finds: 'a subject of more than 70 characters, with values: inboxes cut it',
    source: 'ActiveCampaign, subject line length',
    url: 'https://www.activecampaign.com/glossary/subject-line-length',
  },
  'foreign-merge-tag': {
    severity: 'error',
    finds:
      'a merge tag of another tool, which goes out as it stands (a warning where it may be text)',
    source: 'Mailchimp, merge tags',
    url: 'https://mailchimp.com/help/all-the-merge-tags-cheat-sheet/',
  },
  'tag-in-value': {
    severity: 'warning',
    finds: 'a value of the list with {{ … }} or {% … %} in it, which readers see as it stands',
    source: 'Liquid, raw',
    url: 'https://shopify.github.io/liquid/tags/template/#raw',
  },
  'failing-row': {
    severity: 'error',
    finds: 'a row whose message cannot be made: it would fail when its turn comes',
    source: 'RFC 5322, section 2.1.1',
    url: 'https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1',
  },
  'empty-text': {
    severity: 'warning',
    finds: 'a text part with nothing in it, beside HTML',
    source: 'SpamAssassin, MPART_ALT_DIFF',
    url: 'https://github.com/apache/spamassassin/blob/trunk/rules/20_body_tests.cf',
  },
  'clipped-html': {
    severity: 'warning',
    finds: 'HTML of more than 102 KB, with values: Gmail clips it, and with it the link at its end',
    source: 'Mailchimp, Gmail clipping',
    url: 'https://mailchimp.com/help/gmail-is-clipping-my-email/',
  },
  'image-only': {
    severity: 'warning',
    finds:
      'pictures, beside logos and decoration, and fewer than 200 characters that readers see (information only where a file goes with each row)',
    ...SPAMASSASSIN_HTML,
  },
  'image-without-alt': {
    severity: 'warning',
    finds: 'a picture that is seen, without an alt attribute (alt="" is one, for decoration)',
    source: 'WCAG 2.2, 1.1.1',
    url: 'https://www.w3.org/WAI/WCAG22/Understanding/non-text-content',
  },
  'data-image': {
    severity: 'warning',
    finds: 'a picture written as data:, which Gmail and Outlook do not show',
    source: 'Can I email, base64 images',
    url: 'https://www.caniemail.com/features/image-base64/',
  },
  'insecure-url': {
    severity: 'warning',
    finds: 'http: in a link, a picture, a form or a style sheet',
    source: 'W3C, mixed content',
    url: 'https://www.w3.org/TR/mixed-content/',
  },
  'unreachable-url': {
    severity: 'error',
    finds:
      'a link or picture that leads nowhere from a mailbox: a relative path, file:, this machine, a private network',
    source: 'RFC 2557, section 5',
    url: 'https://www.rfc-editor.org/rfc/rfc2557#section-5',
  },
  'empty-link': {
    severity: 'warning',
    finds: 'a link to nothing: href="", href="#" or javascript:',
    source: 'WCAG 2.2, 2.4.4',
    url: 'https://www.w3.org/WAI/WCAG22/Understanding/link-purpose-in-context',
  },
  'misleading-link': {
    severity: 'warning',
    finds: 'a link whose text names another site than it leads to, as phishing does',
    source: 'Mozilla, scam detection',
    url: 'https://support.mozilla.org/kb/thunderbirds-scam-detection',
  },
  'active-content': {
    severity: 'warning',
    finds:
      'script, iframe, object, embed or a refresh by meta, which mail programs remove and filters distrust',
    ...SPAMASSASSIN_HTML,
  },
  'blocked-attachment': {
    severity: 'error',
    finds: 'a file of a kind that Gmail refuses, such as .exe, .js or .iso',
    source: 'Google, blocked file types',
    url: 'https://support.google.com/mail/answer/6590',
  },
  ...DNS_LINT_RULES,
} as const satisfies Record<string, LintRuleDescription>;

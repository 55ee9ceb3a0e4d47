/** A value of a send's message: given to `queue` by its key, kept in a column, and sent as a body or in a header. */
interface MessageValue {
  /** Of CAMPAIGN_MESSAGES; NOT NULL where the value is required. */
  column: string;
  /** `text`, `html` and `url` are Liquid templates, whose merge fields are written as these need it. */
  kind: 'mailbox' | 'text' | 'html' | 'url' | 'time-zone' | 'web-address' | 'address';
  required?: true;
  /** Name of the header that it ends in; how that is written follows from its kind, in `message/headers.ts`. */
  header?: string;
  /** What it is called in the plan that `queue` asks about, where that has a line for it. */
  label?: string;
}

/**
 * Every value of a message by its key, in the order in which templates are checked and headers written. A new one is an
 * entry here and a DDL file for its column, whether it ends in a header or not.
 */
export const MESSAGE_VALUES = {
  /** `Name <address>` or a bare address. */
  from: { column: 'SENDER', kind: 'mailbox', required: true, header: 'From' },
  /** Where answers go. */
  replyTo: { column: 'REPLY_TO', kind: 'mailbox', header: 'Reply-To' },
  /** Whom the envelope names (RFC 5321 §4.1.1.2), where bounces go, as `checkEnvelopeFrom` gives it; From's address when null. */
  envelopeFrom: { column: 'ENVELOPE_FROM', kind: 'address', label: 'Envelope' },
  subject: { column: 'SUBJECT', kind: 'text', required: true, header: 'Subject' },
  html: { column: 'HTML', kind: 'html' },
  text: { column: 'BODY_TEXT', kind: 'text' },
  /** Template of a URL that unsubscribes a recipient by one click: `https://…` or `mailto:…`. */
  listUnsubscribe: {
    column: 'LIST_UNSUBSCRIBE',
    kind: 'url',
    header: 'List-Unsubscribe',
    label: 'Unsubscribe',
  },
  /** What a recipient's token is put behind: where `serve --public` answers, as `checkUnsubscribeUrl` gives it. */
  unsubscribeUrl: { column: 'UNSUBSCRIBE_URL', kind: 'web-address', label: 'Unsubscribe' },
  /** Who takes mails that unsubscribe, as `checkUnsubscribeMailto` gives it. */
  unsubscribeMailto: { column: 'UNSUBSCRIBE_MAILTO', kind: 'address', label: 'Unsubscribe' },
  /** IANA name of the time zone in which `now` and times with an offset are shown. */
  timezone: { column: 'TIMEZONE', kind: 'time-zone', required: true },
} as const satisfies Record<string, MessageValue>;

type Table = typeof MESSAGE_VALUES;
type TemplateKind = 'text' | 'html' | 'url';

export type ValueKey = keyof Table;
export type RequiredKey = {
  [K in ValueKey]: Table[K] extends { required: true } ? K : never;
}[ValueKey];
/** Keys of the values that are templates. */
export type TemplateKey = {
  [K in ValueKey]: Table[K]['kind'] extends TemplateKind ? K : never;
}[ValueKey];
/** Keys of the values that end in a header. */
type HeaderKey = {
  [K in ValueKey]: Table[K] extends { header: string } ? K : never;
}[ValueKey];

export type LabelledKey = {
  [K in ValueKey]: Table[K] extends { label: string } ? K : never;
}[ValueKey];

export type MailboxKey = {
  [K in ValueKey]: Table[K]['kind'] extends 'mailbox' ? K : never;
}[ValueKey];
/** Keys of the templates that end in a header and may be left out. */
type OptionalHeaderTemplateKey = Exclude<HeaderKey & TemplateKey, RequiredKey>;

type Given = { [K in keyof Table]: string | undefined };
/** The values that end in a header and may be left out, as they are given. */
export type OptionalHeaders = Partial<Pick<Given, Exclude<HeaderKey, RequiredKey>>>;

/** Something for each of some values; null for one that is not required and not given. */
type ForEach<K extends ValueKey, T> = {
  [Key in K]: Key extends RequiredKey ? T : T | null;
};

/** The values of one message. */
export type MessageValues = ForEach<ValueKey, string>;
/** Something for each template of one message. */
export type ForTemplates<T> = ForEach<TemplateKey, T>;

const ENTRIES = Object.entries(MESSAGE_VALUES) as [ValueKey, MessageValue][];

export const VALUE_KEYS: readonly ValueKey[] = ENTRIES.map(([key]) => key);

/** Those with a line in the plan of a queue, by what they are called there. */
export const LABELLED = ENTRIES.flatMap(([key, { label }]) =>
  label === undefined ? [] : [[label, key as LabelledKey] as const],
);

const isTemplate = (entry: [ValueKey, MessageValue]): entry is [TemplateKey, MessageValue] =>
  ['text', 'html', 'url'].includes(entry[1].kind);

export const TEMPLATE_KEYS: readonly TemplateKey[] = ENTRIES.filter(isTemplate).map(([key]) => key);

export const MAILBOX_KEYS = ENTRIES.flatMap(([key, { kind }]) =>
  kind === 'mailbox' ? [key as MailboxKey] : [],
);

export const OPTIONAL_HEADER_TEMPLATES = ENTRIES.filter(isTemplate).flatMap(
  ([key, { header, required }]) => (header && !required ? [key as OptionalHeaderTemplateKey] : []),
);

/** Makes something of each template that there is. */
export const mapTemplates = <T, U>(
  templates: ForTemplates<T>,
  make: (template: T, key: TemplateKey) => U,
): ForTemplates<U> =>
  Object.fromEntries(
    TEMPLATE_KEYS.map((key) => {
      const template = templates[key];
      return [key, template === null ? null : make(template, key)];
    }),
  ) as ForTemplates<U>;

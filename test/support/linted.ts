import type { LintFinding, LintRule } from '../../src/domain/lint.ts';
import type { NewMessage } from '../../src/domain/message.ts';
import { placeForeignTags } from '../../src/message/foreign-tags.ts';
import { lintMessage } from '../../src/message/lint/lint.ts';
import type { LintedMessage, LintedRow } from '../../src/message/lint/linted.ts';

/** A message in which nothing is found: a newsletter as its readers, and those who filter it, want it. */
const CLEAN: NewMessage = {
  from: 'Example News <news@example.org>',
  replyTo: null,
  envelopeFrom: null,
  subject: 'What is new in spring',
  html: null,
  text: 'Dear reader,\nthe shop is open. To unsubscribe: https://example.org/u\n',
  listUnsubscribe: 'https://example.org/u?e={{ email }}',
  unsubscribeUrl: null,
  unsubscribeMailto: null,
  timezone: 'UTC',
  headers: [],
  fieldNames: ['name', 'link', 'city'],
  secret: Buffer.alloc(32, 1),
};

export const FOOTER = '<p><a href="https://example.org/u">Unsubscribe</a></p>';

type Given = Partial<NewMessage> & {
  markdown?: string;
  rows?: readonly Partial<Record<'name' | 'link' | 'city' | 'email', string>>[];
  files?: LintedMessage['files'];
  rowFile?: string;
  relay?: string;
};

/** What is found in a message that is clean but for what is given. */
export function lint({
  rows = [{}],
  files = [],
  markdown,
  rowFile,
  relay = 'smtp.example.org',
  ...given
}: Given): LintFinding[] {
  const message = { ...CLEAN, ...(given.html ? { text: null } : {}), ...given };
  const written = [
    { name: 'subject', source: message.subject },
    ...(message.html === null ? [] : [{ name: 'news.html', source: markdown ?? message.html }]),
  ];
  const recipients = rows.map(
    ({ email = 'ada@example.net', ...fields }, index): LintedRow => ({
      seq: index + 1,
      email,
      emailNorm: email,
      fields,
      ...(rowFile === undefined ? {} : { fileNames: [rowFile] }),
    }),
  );
  return lintMessage(
    {
      message,
      html: message.html === null ? null : { name: 'news.html', origin: markdown ?? null },
      text: message.text === null ? null : { name: 'news.txt', origin: null },
      files,
      hasRowFiles: rowFile !== undefined,
      tags: placeForeignTags(written, message.fieldNames),
      relay,
    },
    recipients,
    new Date(Date.UTC(2026, 0, 2)),
  );
}

/** `rule at where` of each. */
export const placesOf = (findings: readonly LintFinding[]): string[] =>
  findings.map(({ rule, where }) => `${rule} at ${where}`);

/** Where a rule finds something, in HTML that is clean but for what is given, its footer on the line behind. */
export const placesIn = (rule: LintRule, html: string, given: Given = {}): string[] =>
  lint({ html: `${html}\n${TEXT}${FOOTER}`, ...given })
    .filter((finding) => finding.rule === rule)
    .map(({ where }) => where);

/** Enough text that pictures beside it are no matter. */
export const TEXT = `<p>${'The shop is open again, and there is much to see. '.repeat(6)}</p>`;

import { type LintFinding, lintFinding } from '../domain/lint.js';
import type { DNS_LINT_RULES } from '../domain/lint-dns-rules.js';

export type DnsRule = keyof typeof DNS_LINT_RULES;

/** A finding in the DNS of a name. */
export const found = (rule: DnsRule, name: string, message: string, remedy: string): LintFinding =>
  lintFinding(rule, { message, remedy, where: `DNS of ${name}` });

/** Characters of somebody's record that a finding shows. */
const MAX_EXCERPT = 120;

/** A piece of a record, cut where it is long. */
export const excerpt = (text: string): string =>
  text.length > MAX_EXCERPT ? `${text.slice(0, MAX_EXCERPT)}…` : text;

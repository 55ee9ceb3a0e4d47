import leven from 'leven';
import { LINT_RULES, LINT_SEVERITIES, type LintSeverity } from './lint-rules.js';

export type LintRule = keyof typeof LINT_RULES;

export const LINT_RULE_NAMES = Object.keys(LINT_RULES) as LintRule[];

/** Something that a message should not go out with. */
export interface LintFinding {
  rule: LintRule;
  severity: LintSeverity;
  /** What is wrong, in a line. */
  message: string;
  /** What to do about it. */
  remedy: string;
  /** Where a person finds it: `news.html line 12`, `news.html, row 3`, `the header From`, `DNS of example.org`. */
  where: string;
}

/** What a message is looked at for, and what came of it. */
export interface Linted {
  /** The worst first; what is alike stands together. */
  findings: readonly LintFinding[];
  /** How many rows of the list were looked at: the first ones. */
  rows: number;
  /** Rules that were left out. */
  ignored: readonly LintRule[];
}

/** Rows of a list that a message is looked at with. */
export const LINTED_ROWS = 20;

/** A finding of a rule, with its severity unless another is given. */
export const lintFinding = (
  rule: LintRule,
  {
    severity = LINT_RULES[rule].severity,
    ...finding
  }: Omit<LintFinding, 'rule' | 'severity'> & {
    severity?: LintSeverity | undefined;
  },
): LintFinding => ({ rule, severity, ...finding });

const isRule = (name: string): name is LintRule => Object.hasOwn(LINT_RULES, name);

/** Whether it keeps a message from passing as clean. */
export const isGrave = ({ severity }: Pick<LintFinding, 'severity'>): boolean =>
  severity !== 'info';

/**
 * Rules that a text names, with commas or spaces between.
 * @returns them, or what to tell of the first name that no rule has
 */
export function readLintRules(
  text: string,
): { rules: LintRule[] } | { what: string; remedy: string } {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  const unknown = names.find((name) => !isRule(name));
  if (unknown === undefined) return { rules: [...new Set(names as LintRule[])] };
  const [nearest] = LINT_RULE_NAMES.map((one) => ({ one, distance: leven(one, unknown) }))
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(unknown.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return {
    what: `there is no rule "${unknown}"${nearest ? `; did you mean ${nearest.one}?` : ''}`,
    remedy: `the rules are ${LINT_RULE_NAMES.join(', ')}`,
  };
}

/** The worst first, else as they were found; those of rules that are ignored left out. */
export const sortFindings = (
  findings: readonly LintFinding[],
  ignored: readonly LintRule[],
): LintFinding[] =>
  LINT_SEVERITIES.flatMap((severity) =>
    findings.filter((finding) => finding.severity === severity && !ignored.includes(finding.rule)),
  );

import type { Linted, LintFinding } from '../domain/lint.js';

const findingJson = ({ rule, severity, message, remedy, where }: LintFinding) => ({
  rule,
  severity,
  message,
  remedy,
  where,
});

/** What was found in a message. */
export const lintJson = ({ findings, rows, ignored }: Linted) => ({
  findings: findings.map(findingJson),
  rows,
  ignored: [...ignored],
});

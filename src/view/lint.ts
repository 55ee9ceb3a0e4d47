import type { Linted, LintFinding } from '../domain/lint.js';
import { LINT_SEVERITIES } from '../domain/lint-rules.js';
import { andMore, count, plural } from '../domain/text.js';
import { printable } from './printable.js';
import { cut } from './width.js';

/** Findings that are shown where a question follows. */
const SHOWN = 10;

/** A line a finding, separated by tabs: severity, where, what is wrong, what to do, rule. */
export const lintLines = ({ findings }: Linted): string =>
  findings
    .map(({ severity, where, message, remedy, rule }) => [severity, where, message, remedy, rule])
    .map((cells) => `${cells.map(printable).join('\t')}\n`)
    .join('');

export const LINT_HEAD = ['', 'where', 'rule', 'what is wrong, and what to do'] as const;

/** The same for a terminal, what may be long at the end. */
export const lintCells = ({ findings }: Linted): string[][] =>
  findings.map((finding) => [
    finding.severity,
    cut(finding.where, 60),
    finding.rule,
    sentenceOf(finding),
  ]);

const sentenceOf = ({ message, remedy }: LintFinding): string => `${message}; ${remedy}`;

/** `1 error, 2 warnings`. */
function countsOf(findings: readonly LintFinding[]): string {
  return LINT_SEVERITIES.flatMap((severity) => {
    const { length } = findings.filter((finding) => finding.severity === severity);
    if (length === 0) return [];
    return severity === 'info' ? `${count(length)} for information` : plural(length, severity);
  }).join(', ');
}

/** What was looked at, and how much was found. */
export function lintHint({ findings, rows, ignored }: Linted): string {
  const looked = rows === 0 ? '' : ` in ${plural(rows, 'row')}`;
  const found = findings.length === 0 ? 'nothing found' : countsOf(findings);
  const left = ignored.length === 0 ? '' : `; ignored: ${ignored.join(', ')}`;
  return `${found}${looked}${left}`;
}

/** What was found in a message that is being queued. */
export function lintNotice(findings: readonly LintFinding[]): string {
  const more = findings.length - SHOWN;
  return [
    `Found in the message: ${countsOf(findings)} (\`campaign help lint\`):`,
    ...findings
      .slice(0, SHOWN)
      .map(
        (finding) =>
          `  ${finding.severity}: ${cut(printable(finding.where), 80)}: ${printable(sentenceOf(finding))} (${finding.rule})`,
      ),
    ...andMore(more, ': `campaign lint` shows all'),
  ].join('\n');
}

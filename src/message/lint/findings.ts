import { type LintFinding, type LintRule, lintFinding } from '../../domain/lint.js';
import { count } from '../../domain/text.js';

/** What is found in one place; `where` may take looking for, and is asked for only where the finding is kept. */
export interface Found extends Omit<LintFinding, 'rule' | 'severity' | 'where'> {
  severity?: LintFinding['severity'] | undefined;
  where: string | (() => Place);
  /** What stands there: the same, seen for other rows too, is one finding. */
  written?: string;
}

/** Where something is, for people, and what makes it the same place for every row, where that is another. */
export interface Place {
  where: string;
  key: string;
}

interface Kept {
  finding: LintFinding;
  written: Set<string>;
}

/** Findings of a rule that are told one by one. */
const TOLD = 50;

/** Findings in their order: one a place and rule, however many rows show it and however often it stands there. */
export class Findings {
  private readonly byRule = new Map<LintRule, Map<string, Kept>>();

  add(rule: LintRule, { where, written, ...found }: Found): void {
    const kept = this.byRule.get(rule) ?? new Map<string, Kept>();
    this.byRule.set(rule, kept);
    if (kept.size > TOLD) return;
    const place = typeof where === 'string' ? { where, key: where } : where();
    const here = kept.get(place.key);
    if (here) here.written.add(written ?? '');
    else {
      const finding = lintFinding(rule, { ...found, where: place.where });
      kept.set(place.key, { finding, written: new Set([written ?? '']) });
    }
  }

  all(): LintFinding[] {
    return [...this.byRule.values()].flatMap((kept) => {
      const all = [...kept.values()];
      const told = all.slice(0, TOLD).map(withCount);
      const [next] = all.slice(TOLD);
      if (!next) return told;
      return [...told, { ...next.finding, message: `${next.finding.message} (and there is more)` }];
    });
  }
}

const withCount = ({ finding, written }: Kept): LintFinding =>
  written.size === 1
    ? finding
    : { ...finding, message: `${finding.message} (and ${count(written.size - 1)} more there)` };

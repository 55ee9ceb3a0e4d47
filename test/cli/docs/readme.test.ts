import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadDeclarations } from '../../../src/cli/declarations.ts';
import { withTables } from '../../../src/cli/docs/readme.ts';
import { SETTINGS } from '../../../src/config/table.ts';
import { LINT_RULES } from '../../../src/domain/lint-rules.ts';
import { DECLARATIONS } from '../../support/declarations.ts';

const EMPTY = ['commands', 'settings', 'json', 'exit-codes']
  .map((name) => `<!-- ${name} -->\nout of date\n<!-- end -->\n`)
  .join('between\n');

const settings = [
  {
    variable: 'A',
    kind: 'whole-number',
    min: 0,
    max: 9,
    default: 5,
    help: 'of `a|b`',
  },
] as const;

describe("README's tables", () => {
  it('are what the declarations, settings, shapes and errors say', async () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const documented = {
      commands: await loadDeclarations(),
      settings: Object.values(SETTINGS),
      lintRules: LINT_RULES,
    };
    expect(withTables(readme, documented)).toBe(readme);
  });

  it('stand between their marks, and leave all else as it is', () => {
    const made = withTables(EMPTY, { commands: DECLARATIONS, settings });
    for (const row of [
      '| `pause <id>` | stop handing out messages; `resume` goes on | `--reason` |',
      '| `list` | show the sends, the newest first | `--status`, `--before`, `--limit`, `--csv` |',
      '| `A` | of `a\\|b` | 5 |',
      '| `list` | an array of what `progress` prints |',
      '| `sandbox start` | `{"running","directory","mail","captured","databaseUrl","smtpUrl"}` |',
      '| 4 | not possible in this state | `WRONG_STATE`, `NO_SCHEDULER`, `CANNOT_LISTEN` |',
    ]) {
      expect(made).toContain(`${row}\n`);
    }
    expect(made).toMatch(/^\| `pause`, `progress` \| .*; with `--watch` an object a line \|$/m);
    expect(made).not.toContain('out of date');
    expect(made.match(/^between$/gm)).toHaveLength(3);
    expect(withTables(made, { commands: DECLARATIONS, settings })).toBe(made);
  });

  it('that have no place are an error', () => {
    expect(() => withTables('', { commands: [], settings: [] })).toThrow('<!-- commands -->');
  });
});

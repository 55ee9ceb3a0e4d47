import type { Setting } from '../../config/table.js';
import { type JsonPrinter, waysOf } from '../../contract/schema/json-schema.js';
import { keysOf, type Told } from '../../contract/schema/keys.js';
import type { LintRuleDescription } from '../../domain/lint-rules.js';
import { EXIT_CODES } from '../../errors.js';
import type { CommandDeclaration } from '../command.js';
import { optionsOf, usageOf } from './manual.js';

/** What README's tables are made of. */
export interface Documented {
  readonly commands: readonly CommandDeclaration[];
  readonly settings: readonly Setting[];
  /** By their names; left out: that table stays as it is. */
  readonly lintRules?: Readonly<Record<string, LintRuleDescription>>;
}

/**
 * A README with its tables as they are to be: what stands between `<!-- name -->` and `<!-- end -->`.
 * @throws Error for a table that has no such place
 */
export function withTables(readme: string, documented: Documented): string {
  const tables = {
    commands: commandsTable(documented.commands),
    settings: settingsTable(documented.settings),
    json: jsonTable(documented.commands),
    'exit-codes': exitCodesTable(),
    ...(documented.lintRules && { lint: lintTable(documented.lintRules) }),
  };
  return Object.entries(tables).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`README.md has no <!-- ${name} --> … <!-- end -->`);
    return text.replace(place, (_, begin: string, end: string) => begin + table + end);
  }, readme);
}

/** Rows of Markdown, the first one the head. */
const table = (...rows: readonly (readonly string[])[]): string => {
  const [head = [], ...body] = rows;
  return [head, head.map(() => '---'), ...body]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
    .join('');
};

const code = (text: string): string => `\`${text}\``;

const commandsTable = (commands: readonly CommandDeclaration[]): string =>
  table(
    ['command', 'does', 'options'],
    ...commands.map((command) => [
      code(usageOf(command)),
      command.summary,
      optionsOf(command)
        .filter(({ flag }) => flag !== '--json')
        .map(({ flag }) => code(flag))
        .join(', '),
    ]),
  );

const settingsTable = (settings: readonly Setting[]): string =>
  table(
    ['variable', 'means', 'default'],
    ...settings.map((setting) => {
      const fallback = 'default' in setting ? String(setting.default ?? '') : '';
      return [code(setting.variable), setting.help, fallback];
    }),
  );

/** A row a shape, with the commands that print it. */
function jsonTable(commands: readonly CommandDeclaration[]): string {
  const printers = commands.flatMap(({ name, prints, options }) =>
    prints === undefined ? [] : [{ name, prints, ...(options && { options }) }],
  );
  const told: Told = new Map();
  const shapes = [...new Set(printers.map(({ prints }) => prints))];
  return table(
    ['command', 'prints'],
    ...shapes.map((shape) => {
      const same = printers.filter(({ prints }) => prints === shape);
      // The one with the most ways tells of all.
      const [teller = same[0] as JsonPrinter] = same.filter(
        (printer) =>
          waysOf(printer).length === Math.max(...same.map((other) => waysOf(other).length)),
      );
      return [same.map(({ name }) => code(name)).join(', '), keysOf(teller, told)];
    }),
  );
}

const lintTable = (rules: Readonly<Record<string, LintRuleDescription>>): string =>
  table(
    ['rule', 'is', 'finds', 'source'],
    ...Object.entries(rules).map(([name, { severity, finds, source, url, asksDns }]) => [
      code(name),
      asksDns ? `${severity}, ${code('--dns')}` : severity,
      finds,
      `[${source}](${url})`,
    ]),
  );

const exitCodesTable = (): string =>
  table(
    ['exit', 'means', 'error codes'],
    ...EXIT_CODES.map(({ exits, means, codes }) => [
      exits.join(', '),
      means,
      codes.map(code).join(', '),
    ]),
  );

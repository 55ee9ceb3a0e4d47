/**
 * `npm run docs` writes README's tables from the declarations of commands, settings, JSON shapes and errors; with
 * `--check` it only says whether they are as they should be.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup.js';

const load = (file) => import(new URL(`../dist/${file}`, import.meta.url).href);

const [{ withTables }, { loadDeclarations }, { SETTINGS }, { LINT_RULES }] = await Promise.all([
  load('cli/docs/readme.js'),
  load('cli/declarations.js'),
  load('config/table.js'),
  load('domain/lint-rules.js'),
]);
const file = join(ROOT, 'README.md');
const before = readFileSync(file, 'utf8');
const after = withTables(before, {
  commands: await loadDeclarations(),
  settings: Object.values(SETTINGS),
  lintRules: LINT_RULES,
});
if (after !== before && process.argv.includes('--check')) {
  console.error("README's tables are not what the declarations say: type `npm run docs`");
  process.exitCode = 1;
} else if (after !== before) {
  writeFileSync(file, after);
}

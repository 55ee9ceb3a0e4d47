import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CONFIG = join(ROOT, '.dependency-cruiser.cjs');
const RULES = createRequire(import.meta.url)(CONFIG).forbidden as {
  name: string;
  comment: string;
}[];

/** Which rooms each room sees, beside `domain/` and the errors. */
const SEES: Readonly<Record<string, readonly string[]>> = {
  cli: ['operations', 'http', 'view', 'contract', 'config'],
  config: ['store', 'smtp', 'host', 'dns'],
  contract: [],
  dns: [],
  domain: [],
  files: [],
  host: [],
  http: ['operations'],
  list: [],
  message: [],
  operations: ['dns', 'files', 'host', 'list', 'message', 'sandbox', 'scheduler', 'smtp', 'store'],
  sandbox: ['store', 'smtp'],
  scheduler: [],
  smtp: [],
  store: [],
  view: [],
};
const ROOMS = Object.keys(SEES);

/** A file that imports something that it may not, and the rule that says so. */
const BANNED: readonly [file: string, imported: string, rule: string][] = [
  ['domain/there.ts', './and-back.js', 'no-cycles'],
  ['cli/wires.ts', '../main.js', 'main-is-imported-by-nobody'],
  ['index.ts', './store/target.js', 'the-library-sees-operations'],
  ['index.ts', './view/target.js', 'the-library-sees-operations'],
  ['operations/builds-on.ts', '../index.js', 'nobody-imports-the-library'],
  ['named-file.ts', './cli/target.js', 'only-main-and-cli-see-cli'],
  ['operations/asks.ts', 'node:readline', 'operations-have-no-terminal'],
  ['operations/draws.ts', 'node:tty', 'operations-have-no-terminal'],
  ['operations/starts.ts', 'node:child_process', 'operations-have-no-terminal'],
  ['operations/reads.ts', 'node:process', 'operations-have-no-terminal'],
  ['domain/named.ts', '../named-file.js', 'domain-is-pure'],
  ['domain/opens.ts', 'node:fs', 'domain-does-no-io'],
  ['domain/dials.ts', 'nodemailer/lib/qp', 'domain-has-packages-for-text'],
  ['store/dials.ts', 'mysql2/promise', 'only-one-driver'],
  ['operations/dials.ts', 'mysql2', 'only-one-driver'],
  ['operations/wraps.ts', 'nodemailer/lib/mime-funcs', 'nodemailer-where-mail-is'],
  ['operations/colours.ts', 'chalk', 'terminal-where-one-is'],
  ['scheduler/draws.ts', 'cli-progress', 'terminal-where-one-is'],
  ['operations/prompts.ts', 'prompts', 'terminal-where-one-is'],
  ['operations/sets.ts', 'dotenv', 'dotenv-in-config'],
  ['operations/checks.ts', 'zod', 'zod-in-schemas'],
  ['cli/checks.ts', '../contract/schema/target.js', 'schemas-only-in-docs'],
  ['cli/docs/man.ts', '../../contract/schema/target.js', 'schemas-only-in-docs'],
  ['contract/checks.ts', './schema/target.js', 'values-to-json-without-zod'],
  ['cli/parses.ts', 'commander', 'commander-in-the-program'],
  ['cli/commands/heavy.ts', '../../operations/target.js', 'declarations-are-light'],
  ['cli/commands/drawn.ts', '../../view/target.js', 'declarations-are-light'],
  ['cli/readers.ts', 'leven', 'declarations-are-light'],
  ['view/tests.ts', 'fast-check', 'no-development-packages'],
];

interface Found {
  from: string;
  to: string;
  rule: string;
}

let directory: string;
let found: Found[];

function write(file: string, text: string): void {
  const path = join(directory, 'src', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Something that is found under a package's name. */
function writePackage(imported: string): void {
  const [name = '', ...path] = imported.split('/');
  const home = join(directory, 'node_modules', name);
  const file = join(home, path.length === 0 ? 'index.js' : `${path.join('/')}.js`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-layers-'));
  for (const name of ['package.json', 'tsconfig.json', '.biome.json']) {
    cpSync(join(ROOT, name), join(directory, name));
  }
  for (const file of ['main.ts', 'index.ts', 'named-file.ts', 'contract/schema/target.ts']) {
    write(file, 'export const target = 1;\n');
  }
  for (const room of ROOMS) write(`${room}/target.ts`, 'export const target = 1;\n');
  write('domain/and-back.ts', "export { target } from './there.js';\n");
  for (const room of ROOMS) {
    for (const other of ROOMS) {
      if (other !== room) write(`${room}/sees-${other}.ts`, `import '../${other}/target.js';\n`);
    }
  }
  const imports = new Map<string, string>();
  for (const [file, imported] of BANNED) {
    imports.set(file, `${imports.get(file) ?? ''}import '${imported}';\n`);
    if (/^[a-z]/.test(imported) && !imported.startsWith('node:')) writePackage(imported);
  }
  for (const [file, text] of imports) write(file, `${text}export const target = 1;\n`);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      ...['--config', CONFIG, '--output-type', 'json', 'src'],
    ],
    { cwd: directory, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (!stdout.startsWith('{')) throw new Error(stderr);
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; to: string; rule: { name: string } }[] };
  };
  found = summary.violations.map(({ from, to, rule }) => ({ from, to, rule: rule.name }));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Of a cycle either end may be told. */
const rulesAgainst = (file: string): string[] =>
  found.filter(({ from, to }) => [from, to].includes(`src/${file}`)).map(({ rule }) => rule);

describe('the arrows between the rooms', () => {
  it('are those of every room there is', () => {
    const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(rooms.map(({ name }) => name).sort()).toEqual([...ROOMS].sort());
  });

  it.each(ROOMS)('let %s see what it may, and nothing else', (room) => {
    const others = ROOMS.filter((other) => other !== room);
    const seen = others.filter((other) => rulesAgainst(`${room}/sees-${other}.ts`).length === 0);
    expect(seen.filter((other) => other !== 'domain')).toEqual([...(SEES[room] ?? [])].sort());
  });
});

describe('a ban', () => {
  it.each(BANNED)('finds %s that imports %s: %s', (file, _, rule) => {
    expect(rulesAgainst(file)).toContain(rule);
  });

  it('has its reason, and a file here that it finds', () => {
    expect(RULES.filter(({ comment }) => !/^[A-Z].{10,}[.!]$/.test(comment))).toEqual([]);
    const bitten = new Set(found.map(({ rule }) => rule));
    expect(RULES.map(({ name }) => name).filter((name) => !bitten.has(name))).toEqual([]);
  });
});

describe('in a room without process and terminal', () => {
  const GLOBALS = [
    'export const end = () => process.exit(1);',
    'export const home = process.env.HOME;',
    "export const tell = () => console.log('x');",
  ];
  /** What is found there of each of these. */
  const linted = (room: string): string[] =>
    GLOBALS.map((text) => {
      write(`${room}/made-up.ts`, `${text}\n`);
      const { stdout, stderr } = spawnSync(
        join(ROOT, 'node_modules/.bin/biome'),
        ['lint', '--vcs-enabled=false', `src/${room}/made-up.ts`],
        { cwd: directory, encoding: 'utf8' },
      );
      return /noRestrictedGlobals|No fixes applied/.exec(stdout + stderr)?.[0] ?? stdout + stderr;
    });

  it.each(['operations', 'store/mysql', 'view'])('neither is to be had as a global: %s', (room) => {
    expect(linted(room)).toEqual(GLOBALS.map(() => 'noRestrictedGlobals'));
  });

  it('both are elsewhere', () => {
    expect(linted('cli')).toEqual(GLOBALS.map(() => 'No fixes applied'));
  });
});

describe('a file of src', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts'),
  );
  const linesOf = (file: string): number =>
    readFileSync(join(ROOT, 'src', file), 'utf8').split('\n').length - 1;

  it('has at most 350 lines, the one that wires a hundred', () => {
    expect(files.length).toBeGreaterThan(400);
    expect(files.filter((file) => linesOf(file) > 350)).toEqual([]);
    expect(linesOf('main.ts')).toBeLessThanOrEqual(100);
  });
});

/**
 * The second half of `npm run build`: makes `dist/program`, which `bin/campaign.js` runs, of the modules that tsc has
 * built. Node finds, reads and compiles each module by itself, and `campaign progress` needs ninety of them; so a room of
 * the source may have as many files as it likes, and a command starts as fast as if it had few.
 *
 *   node bin/bundle.js [FOLDER]     the folder whose dist/ it is; this package without one
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from './setup.js';

/** What Node loads with these comes in one file each, whoever asks for it. */
const TOGETHER = { start: 'main.js', database: 'store/mysql/database.js' };
/** What so many commands use does so, too, in a file that brings no more than the one it is named behind. */
const SHARED_BY = 12;
const SHARED = { 'shared-at-start': ['start'], 'shared-with-database': ['start', 'database'] };

const folder = process.argv[2] ?? ROOT;
const dist = join(folder, 'dist');

/** A module with all that it imports, and what these do; packages have no path. */
function loadedWith(module, context) {
  const found = new Set();
  const open = [module];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(context.getModuleInfo(id)?.importedIds ?? []));
  }
  return found;
}

const together = new Map();
function loadedTogether(name, context) {
  if (!together.has(name)) together.set(name, loadedWith(join(dist, TOGETHER[name]), context));
  return together.get(name);
}

/** The file for a module that many commands use: null where it would make those wait that do not. */
function sharedIn(id, context) {
  const brought = [...loadedWith(id, context)].filter(
    (one) => !one.startsWith(dist) || one.startsWith(join(dist, 'store/mysql/')),
  );
  const isFree = ([, names]) =>
    brought.every((one) => names.some((name) => loadedTogether(name, context).has(one)));
  return Object.entries(SHARED).find(isFree)?.[0] ?? null;
}

const bundle = await rolldown({
  cwd: folder,
  input: join(dist, 'main.js'),
  // Packages are installed beside it, where they can be mended.
  external: /^[^./]/,
  platform: 'node',
});
const { output } = await bundle.generate({
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  comments: false,
  // A program that runs while this is written anew finds what it asks for by name, or says that it is not there.
  minifyInternalExports: false,
  codeSplitting: {
    groups: [
      ...Object.keys(TOGETHER).map((name, index) => ({
        debugName: name,
        name: (id, context) => (loadedTogether(name, context).has(id) ? name : null),
        priority: 2 - index,
      })),
      { debugName: 'shared', name: sharedIn, minShareCount: SHARED_BY },
    ],
  },
});
await bundle.close();

const program = join(dist, 'program');
mkdirSync(program, { recursive: true });
const before = readdirSync(program);
// Who runs the program meanwhile finds each file whole; and by `main.js`, the last, it is seen that all are written.
const isMain = ({ fileName }) => fileName === 'main.js';
for (const { fileName, code } of [...output].sort((a, b) => isMain(a) - isMain(b))) {
  const file = join(program, fileName);
  if (before.includes(fileName) && readFileSync(file, 'utf8') === code) continue;
  writeFileSync(`${file}.new`, code);
  renameSync(`${file}.new`, file);
}
for (const file of before) {
  if (!output.some(({ fileName }) => fileName === file)) rmSync(join(program, file));
}
// Says when it was made.
const now = new Date();
utimesSync(join(program, 'main.js'), now, now);

/**
 * The second half of `npm run build`: makes `dist/program`, which `bin/campaign.js` runs, of the modules that tsc has
 * built. Node finds, reads and compiles each module by itself, and `campaign progress` needs ninety of them; so a room of
 * the source may have as many files as it likes, and a command starts as fast as if it had few.
 *
 *   node bin/bundle.js [FOLDER]     the folder whose dist/ it is; this package without one
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from './setup.js';

/** What Node loads with these comes in one file, whoever asks for it. */
const START = 'main.js';
const DATABASE = 'store/mysql/database.js';
/** And so does what so many commands use; by itself what brings no database. */
const SHARED_BY = 12;

const folder = process.argv[2] ?? ROOT;
const dist = join(folder, 'dist');

/** A module with all that it imports, and what these do. */
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

const isDriver = (id) => id.startsWith(join(dist, 'store/mysql/'));

function together(name, module) {
  let modules;
  return {
    debugName: name,
    name: (id, context) => {
      modules ??= loadedWith(join(dist, module), context);
      return modules.has(id) ? name : null;
    },
  };
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
  codeSplitting: {
    groups: [
      { ...together('start', START), priority: 2 },
      { ...together('database', DATABASE), priority: 1 },
      {
        debugName: 'shared',
        name: (id, context) => ([...loadedWith(id, context)].some(isDriver) ? 'tables' : 'shared'),
        minShareCount: SHARED_BY,
      },
    ],
  },
});
await bundle.close();

const program = join(dist, 'program');
mkdirSync(program, { recursive: true });
const before = readdirSync(program);
// Who runs the program meanwhile finds each file whole where nothing has changed.
for (const { fileName, code } of output) {
  const file = join(program, fileName);
  if (!before.includes(fileName) || readFileSync(file, 'utf8') !== code) writeFileSync(file, code);
}
for (const file of before) {
  if (!output.some(({ fileName }) => fileName === file)) rmSync(join(program, file));
}
// Says when it was made.
const now = new Date();
utimesSync(join(program, 'main.js'), now, now);

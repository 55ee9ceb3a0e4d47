import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts'),
);

/** Built files, but for what an earlier build has left. */
const built = [
  ...SOURCES.map((file) => join(ROOT, 'dist', file.replace(/\.ts$/, '.js'))),
  ...readdirSync(join(ROOT, 'dist/program')).map((file) => join(ROOT, 'dist/program', file)),
];

/** What Node has in hand while a module is loaded, and a resolver that asks nothing yet (names of async_hooks); all else is a start. */
const HARMLESS =
  /^(?:FS|FILEHANDLE|PROMISE|TickObject|Immediate|Microtask|RANDOMBYTESREQUEST|HASHREQUEST|ZLIB|DNSCHANNEL)/;

/** Imports the files of its argument, and says what that has started. */
const PROBE = `
  import { createHook } from 'node:async_hooks';
  import { writeSync } from 'node:fs';
  // Made when they are first asked for, which only says whether they are terminals.
  void [process.stdin, process.stdout, process.stderr];
  const listeners = () => process.eventNames().map((name) => String(name) + process.listenerCount(name)).sort().join();
  const before = listeners();
  let importing;
  createHook({ init: (_, type) => ${HARMLESS}.test(type) || writeSync(1, importing + ' starts ' + type + '\\n') }).enable();
  process.exit = (code) => { throw new Error('process.exit(' + code + ')'); };
  for (importing of JSON.parse(process.argv[1])) {
    await import(importing);
    // What a module puts off for a moment is its doing, too.
    await new Promise((resolve) => setImmediate(resolve));
    if (listeners() !== before) writeSync(1, importing + ' listens: ' + listeners() + '\\n');
    if (process.exitCode !== undefined) writeSync(1, importing + ' ends with ' + process.exitCode + '\\n');
  }
`;

const importing = (files: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', PROBE, JSON.stringify(files)],
    { encoding: 'utf8', env: { PATH: process.env.PATH }, timeout: 60_000 },
  );
  return { status, stdout, stderr };
};

const NOTHING = { status: 0, stdout: '', stderr: '' };

test('importing any built file starts nothing: no handle, no listener, no output, no end', () => {
  expect(built.length).toBeGreaterThan(100);
  expect(importing(built)).toEqual(NOTHING);
});

test.each([
  ['a server', 'import { createServer } from "node:net"; createServer().listen(0).unref();'],
  [
    'a server a moment later',
    'import { createServer } from "node:net"; setImmediate(() => createServer().listen(0).unref());',
  ],
  ['a timer', 'setInterval(() => {}, 1e6).unref();'],
  [
    'a process',
    'import { spawn } from "node:child_process"; spawn(process.execPath, ["-v"]).unref();',
  ],
  ['to heed signals', 'process.on("SIGTERM", () => {});'],
  ['to speak', 'console.error("here");'],
  ['to end the process', 'process.exitCode = 1;'],
])('an import that starts %s would be seen', (_, code) => {
  expect(importing([`data:text/javascript,${encodeURIComponent(code)}`])).not.toEqual(NOTHING);
});

test('what the built program starts from bin is shipped with it', () => {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const started = SOURCES.flatMap((file) => [
    ...readFileSync(join(ROOT, 'src', file), 'utf8').matchAll(/'(bin\/[\w-]+\.js)'/g),
  ]).map(([, path]) => path);
  expect(started).toContain('bin/sandbox-smtp.js');
  expect(files).toEqual(expect.arrayContaining(['bin/campaign.js', ...started]));
});

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { collectOutput } from './support/output.ts';

const ROOT = new URL('..', import.meta.url);

/** What was built of the sources that are there now. */
const BUILT = readdirSync(new URL('src', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => new URL(`dist/${file.replace(/\.ts$/, '.js')}`, ROOT).href);

const PROGRAM = `
  // Whoever names them first makes them, which is nothing that goes on.
  void [process.stdout, process.stderr];
  const listeners = () => Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
  const seen = () => JSON.stringify([listeners(), process.getActiveResourcesInfo(), process.exitCode ?? null]);
  const changed = [];
  for (const file of JSON.parse(process.argv[1])) {
    const before = seen();
    await import(file);
    // What a module puts off for a moment is its doing, too.
    await new Promise((resolve) => setImmediate(resolve));
    if (seen() !== before) changed.push([file, before, seen()]);
  }
  console.log(JSON.stringify(changed));
`;

test('importing any file of the program starts nothing: no handle, no listener, no word, and the process ends', async () => {
  expect(BUILT.length).toBeGreaterThan(400);
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', PROGRAM, JSON.stringify(BUILT)],
    { cwd: fileURLToPath(ROOT), env: {}, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  expect(await collectOutput(child).ended).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
});

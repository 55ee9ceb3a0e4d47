#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// Left to itself V8 lets a small heap grow to four times what is alive before it collects the garbage.
setFlagsFromString('--heap-growing-percent=50');

/** Connections that were ended have this long to close. */
const LINGER_MS = 1_000;

const program = new URL('../dist/program/main.js', import.meta.url);
if (existsSync(fileURLToPath(program))) {
  const { main } = await import(program.href);
  const args = process.argv.slice(2);
  process.exitCode = await main(args);
  // A server that has stopped answering never closes its side of a connection, and would keep the process for good.
  // Whoever pressed TAB is not to wait for that.
  setTimeout(() => process.exit(), args[0] === '__complete' ? 0 : LINGER_MS).unref();
} else {
  console.error('campaign: not built yet\ntype `npm ci` (installs and builds) or `npm run build`');
  process.exitCode = 1;
}

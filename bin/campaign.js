#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// Left to itself V8 lets a small heap grow to four times what is alive before it collects the garbage.
setFlagsFromString('--heap-growing-percent=50');

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(fileURLToPath(program))) {
  const { main } = await import(program.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  console.error('campaign: not built yet\ntype `npm ci` (installs and builds) or `npm run build`');
  process.exitCode = 1;
}

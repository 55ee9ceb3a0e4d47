/** `npm run bench [-- name …] [-- options]` on a fresh clone as well as on a used one. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runScript, SetupError, setUp } from './setup.js';

const PROGRAMS = ['smtp-source', 'smtp-sink'];
const BY_HAND = [
  `the benches need Postfix's ${PROGRAMS.join(' and ')}; no Postfix need run. Install them:`,
  '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends postfix   (choose "No configuration")',
  '  Fedora:          sudo dnf install postfix',
].join('\n');

const isInstalled = (program) => !spawnSync(program, ['-h'], { stdio: 'ignore' }).error;

/** Postfix that is not configured starts no service. */
function installPostfix() {
  console.error(
    "campaign: installing Debian's postfix, not configured (apt-get; starts no service) …",
  );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run(
    'debconf-set-selections',
    [],
    env,
    'postfix postfix/main_mailer_type select No configuration\n',
  );
  run('apt-get', ['update', '-q'], env);
  run('apt-get', ['install', '-q', '-y', '--no-install-recommends', 'postfix'], env);
}

function run(program, args, env, input = '') {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env,
    input,
    encoding: 'utf8',
  });
  if (status === 0) return;
  throw new SetupError(
    `${[stdout, stderr, error?.message].filter(Boolean).join('\n')}\n${BY_HAND}`,
  );
}

function requirePostfix() {
  // Debian keeps them where only root's PATH looks.
  process.env.PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
  if (PROGRAMS.every(isInstalled)) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) installPostfix();
  if (!PROGRAMS.every(isInstalled)) throw new SetupError(BY_HAND);
}

await runScript(async () => {
  await setUp();
  requirePostfix();
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(join(ROOT, 'test/bench/main.ts'), {
    root: ROOT,
    configFile: false,
    logLevel: 'error',
  });
  return module.main(process.argv.slice(2));
});

/** `npm test [-- vitest's arguments]` on a fresh clone as well as on a used one. */
import { join } from 'node:path';
import { cleanEnvironment, ROOT, runInForeground, runScript, setUp } from './setup.js';

await runScript(async () => {
  await setUp();
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  return runInForeground(
    process.execPath,
    [vitest, 'run', '--config', 'test/vitest.config.ts', ...process.argv.slice(2)],
    { cwd: ROOT, env: cleanEnvironment(['CAMPAIGN_TEST_DATABASE_URL']) },
  );
});

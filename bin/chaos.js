/** `npm run chaos [-- options]` on a fresh clone as well as on a used one. */
import { join } from 'node:path';
import { ROOT, runScript, setUp } from './setup.js';

await runScript(async () => {
  await setUp();
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(join(ROOT, 'test/chaos/main.ts'), {
    root: ROOT,
    configFile: false,
    logLevel: 'error',
  });
  return module.main(process.argv.slice(2));
});

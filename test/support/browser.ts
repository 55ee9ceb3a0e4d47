import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { requireProgram } from './programs.ts';

const PROGRAM = 'chromium-headless-shell';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Debian's browser without a window. As root it has no sandbox of its own; it shows our pages alone. */
export function startBrowser(): Promise<Browser> {
  requireProgram(PROGRAM);
  return chromium.launch({
    executablePath: `/usr/bin/${PROGRAM}`,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

/** What axe finds wrong with a page, rules and best practices alike, or cannot tell. */
export async function axeFindings(page: Page): Promise<string[]> {
  // As the page's policy forbids it scripts, it is looked at from outside of it.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
  });
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description);
    return result.value;
  };
  await evaluate(`${AXE}; 0`);
  const { violations, incomplete, passes } = (await evaluate('axe.run()')) as axe.AxeResults;
  if (passes.length === 0) throw new Error('axe has looked at nothing');
  return [...violations, ...incomplete].map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`,
  );
}

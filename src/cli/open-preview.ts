import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Preview } from '../domain/preview.js';
import { CampaignError } from '../errors.js';

/** What opens a file with the program that is for it. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** A mail program runs no script, and asks nobody but for pictures. */
const POLICY =
  '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data: https: http:; style-src \'unsafe-inline\'; font-src data:">';

/**
 * Opens the HTML in the browser, from a file that only its user can read; of a message without any its text.
 * @returns what was done, for people
 * @throws CampaignError BAD_FILE where nothing opens it
 */
export async function openPreview(preview: Preview): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'campaign-preview-'));
  const path = join(folder, preview.html === null ? 'message.txt' : 'message.html');
  await writeFile(path, preview.html === null ? (preview.text ?? '') : page(preview), {
    mode: 0o600,
  });
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, path], { stdio: 'ignore', detached: true });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new CampaignError(
      'BAD_FILE',
      `${path} is written, but ${program} does not open it: ${(error as Error).message}`,
      'open it yourself, or take --as html',
      { cause: error },
    );
  }
  child.unref();
  return `opened ${path}`;
}

/** The HTML with the images that the message carries in it, as a file of its own. */
function page({ html, attachments }: Preview): string {
  let text = html ?? '';
  for (const { cid, type, content } of attachments) {
    if (cid === null) continue;
    const data = `data:${type};base64,${Buffer.from(content).toString('base64')}`;
    text = text.replaceAll(`cid:${cid}`, data);
  }
  return `<!doctype html>${POLICY}<meta charset="utf-8">${text}`;
}

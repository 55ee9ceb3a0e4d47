import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Preview } from '../domain/preview.js';
import { CampaignError } from '../errors.js';
import { previewPage } from '../operations/preview-page.js';

/** What opens a file with the program that is for it. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

const FOLDER = 'campaign-preview-';
/** With what `mkdtemp` puts behind it. */
const A_FOLDER = new RegExp(`^${FOLDER}[A-Za-z0-9]{6}$`);
const KEPT_MS = 86_400_000;

/**
 * Opens the HTML in the browser, from a file that only its user can read; of a message without any its text. Nobody tells
 * when the browser has read it, or reads it again: it stays for a day, after which the next preview removes it.
 * @returns what was done, for people
 * @throws CampaignError BAD_FILE where it cannot be written, or nothing opens it
 */
export async function openPreview(preview: Preview): Promise<string> {
  await removeOld(tmpdir(), Date.now());
  const path = await written(preview);
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

/** Those of earlier previews of ours. Never rejects. */
async function removeOld(parent: string, now: number): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    if (!A_FOLDER.test(name)) continue;
    const folder = join(parent, name);
    const stats = await lstat(folder).catch(() => null);
    if (!stats?.isDirectory() || stats.uid !== (process.getuid?.() ?? stats.uid)) continue;
    if (now - stats.mtimeMs < KEPT_MS) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** @returns the path of its file, in a folder of its own */
async function written(preview: Preview): Promise<string> {
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(tmpdir(), FOLDER));
    const html = previewPage(preview);
    const path = join(folder, html === null ? 'message.txt' : 'message.html');
    await writeFile(path, html ?? preview.text ?? '', { mode: 0o600, flag: 'wx' });
    return path;
  } catch (error) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    throw new CampaignError(
      'BAD_FILE',
      `the preview cannot be written: ${(error as Error).message}`,
      'make room, let TMPDIR name another folder, or take --as html',
      { cause: error },
    );
  }
}

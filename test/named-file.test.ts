import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readInside } from '../src/files/open.ts';
import {
  openNamed,
  RefusedFile,
  readNamed,
  readNamedSync,
  readRegular,
} from '../src/named-file.ts';
import { CAMPAIGN } from './support/spawn-campaign.ts';

const directory = mkdtempSync(join(tmpdir(), 'campaign-named-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
const place = (): string => join(directory, `f${++files}`);
const written = (bytes: string | Uint8Array): string => {
  const path = place();
  writeFileSync(path, bytes);
  return path;
};
const pipe = (): string => {
  const path = place();
  execFileSync('mkfifo', [path]);
  return path;
};
/** Has a shell do something beside us. @returns its end */
const shell = (line: string) => once(spawn('sh', ['-c', line], { stdio: 'ignore' }), 'exit');

const MOST = 100_000;
const READERS = [
  ['read', readNamed],
  [
    'read while nothing else goes on',
    async (path: string, most: number) => readNamedSync(path, most),
  ],
] as const;

describe.each(READERS)('a file that somebody names, %s', (_, read) => {
  it.each([0, 1, 65_535, 65_536, MOST])('of %i bytes comes whole', async (length) => {
    const bytes = Buffer.alloc(length, 'x');
    expect((await read(written(bytes), MOST)).equals(bytes)).toBe(true);
  });

  it('behind a link comes as any other, and one of the kernel, which has no size', async () => {
    const link = place();
    symlinkSync(written('here'), link);
    expect((await read(link, MOST)).toString()).toBe('here');
    expect((await read('/proc/self/status', MOST)).toString()).toContain('Pid:');
  });

  it('that is larger than it may be is refused with the limit', async () => {
    const path = written(Buffer.alloc(MOST + 1));
    await expect(async () => read(path, MOST)).rejects.toThrow(
      new RefusedFile('it is larger than 97 kB'),
    );
    await expect(async () => read(written(Buffer.alloc(1025)), 1024)).rejects.toThrow(
      'it is larger than 1 kB',
    );
  });

  it.each(['/dev/zero', '/dev/full', '/dev/tty'])('is not %s, which has no end', async (device) => {
    await expect(async () => read(device, MOST)).rejects.toThrow(
      new RefusedFile('it is no regular file'),
    );
  });

  it('is empty where it is /dev/null', async () => {
    expect((await read('/dev/null', MOST)).length).toBe(0);
  });

  it('says of a folder, and of nothing at all, that it is one', async () => {
    await expect(async () => read(directory, MOST)).rejects.toThrow('it is a directory');
    await expect(async () => read('/nowhere', MOST)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('comes through a pipe, whoever is first, slowly too', async () => {
    const path = pipe();
    const writer = shell(`printf a > ${path}; exit`);
    expect((await read(path, MOST)).toString()).toBe('a');
    await writer;
    const slow = shell(`(printf a; sleep 0.2; printf b) > ${path}`);
    expect((await read(path, MOST)).toString()).toBe('ab');
    await slow;
  });

  it('that a pipe has without end is refused with the limit', async () => {
    const path = pipe();
    const endless = shell(`yes > ${path}`);
    await expect(async () => read(path, 1024 * 1024)).rejects.toThrow('it is larger than 1 MB');
    await endless;
  });
});

describe('a pipe that nobody writes into', () => {
  it('can be left, and holds nothing up', async () => {
    const abort = new AbortController();
    const file = await openNamed(pipe());
    const reading = (async () => {
      for await (const _ of file.chunks(1024, abort.signal));
    })();
    abort.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each(READERS)('is given up, %s', async (_, read) => {
    await expect(async () => read(pipe(), MOST)).rejects.toThrow(
      new RefusedFile('nobody writes into it: nothing came for 5 s'),
    );
  });
});

describe('a pipe that somebody has opened and written nothing into', () => {
  it.each(READERS)('is empty, %s', async (_, read) => {
    const path = pipe();
    const opened = shell(`exec 3> ${path}; sleep 0.2`);
    expect((await read(path, MOST)).length).toBe(0);
    await opened;
  });

  it('is empty at once where a shell has connected it', async () => {
    const script = `${process.execPath} ${CAMPAIGN} lint --list <(true) --from a@example.org --subject x --text <(echo x)`;
    const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('is empty') });
  });
});

describe('a file of a folder', () => {
  it('is a regular one and no link, whatever is put in its place', async () => {
    const secret = written('secret');
    const link = place();
    symlinkSync(secret, link);
    await expect(readRegular(link, MOST)).rejects.toThrow('it is a symbolic link');
    await expect(readRegular(pipe(), MOST)).rejects.toThrow('it is no regular file');
    await expect(readRegular('/dev/null', MOST)).rejects.toThrow('it is no regular file');
    await expect(readRegular(directory, MOST)).rejects.toThrow('it is a directory');
  });

  it('that others swap for a link to elsewhere is never read from there', async () => {
    const folder = place();
    const elsewhere = place();
    for (const [at, text] of [
      [join(folder, 'in'), 'inside'],
      [elsewhere, 'outside'],
    ] as const) {
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, 'a.txt'), text);
    }
    symlinkSync(elsewhere, join(folder, 'link'));
    let isOver = false;
    // Two names, each put in the other's place, again and again.
    const swapping = (async () => {
      while (!isOver) {
        renameSync(join(folder, 'in'), join(folder, 'aside'));
        renameSync(join(folder, 'link'), join(folder, 'in'));
        await new Promise(setImmediate);
        renameSync(join(folder, 'in'), join(folder, 'link'));
        renameSync(join(folder, 'aside'), join(folder, 'in'));
        await new Promise(setImmediate);
      }
    })();
    const read = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const text = await readInside(folder, 'in/a.txt', MOST).then(
        (bytes) => bytes.toString(),
        (error) => (error instanceof RefusedFile ? 'refused' : String(error)),
      );
      read.add(text);
    }
    isOver = true;
    await swapping;
    expect([...read].sort()).toEqual(['inside', 'refused']);
  });

  it('that grows while it is read has no more than it may have', async () => {
    const path = written(Buffer.alloc(1000));
    const file = await openNamed(path);
    appendFileSync(path, Buffer.alloc(1000));
    let length = 0;
    for await (const piece of file.chunks(100)) length += piece.length;
    expect(length).toBe(2000);
    await expect(readNamed(path, 1500)).rejects.toThrow(RefusedFile);
  });
});

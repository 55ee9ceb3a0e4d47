import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KnownWorker, LifeSign } from '../../src/domain/worker.ts';
import { readBoot } from '../../src/host/boot.ts';
import { Host } from '../../src/host/host.ts';
import { makeStateFolder } from '../support/state-folder.ts';

let state: ReturnType<typeof makeStateFolder>;
let children: ChildProcess[] = [];
let hosts: Host[] = [];

beforeEach(() => {
  state = makeStateFolder();
});
afterEach(async () => {
  for (const host of hosts) host.close();
  hosts = [];
  await Promise.all(children.map(kill));
  children = [];
  state.remove();
});

async function openHost(boot = readBoot(), directory = state.directory): Promise<Host> {
  const host = await Host.open({ folders: [{ directory }], worker: 'w', flights: 4 }, boot);
  hosts.push(host);
  return host;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** A process of its own that listens as a worker does, and the row it would have. */
async function startWorker(
  life: Partial<LifeSign> = {},
): Promise<{ child: ChildProcess; row: KnownWorker }> {
  const socket = join(state.directory, `${children.length}.sock`);
  const source = `require('node:net').createServer((c) => c.destroy()).listen({ path: ${JSON.stringify(socket)}, backlog: 4 }, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  const sign = { ...readBoot(), socket, socketInode: String(statSync(socket).ino), ...life };
  return { child, row: { worker: 'w', pid: child.pid as number, life: sign } };
}

describe('a death is proved', () => {
  test('when nobody has the socket of a killed worker open, whatever namespace its pid was of', async () => {
    const host = await openHost();
    const { child, row } = await startWorker({ pidNamespace: 'pid:[1]' });
    expect(await host.isDead(row)).toBe(false);
    await kill(child);
    expect(await host.isDead(row)).toBe(true);
    host.forget(row);
    expect(readdirSync(state.directory)).not.toContain('0.sock');
  });

  test('without a socket, by a pid that nobody has in our own namespace', async () => {
    const host = await openHost();
    const { child, row } = await startWorker({ socket: null, socketInode: null });
    expect(await host.isDead(row)).toBe(false);
    await kill(child);
    expect(await host.isDead(row)).toBe(true);
  });

  test('and likewise where somebody swept the socket away', async () => {
    const host = await openHost();
    const { child, row } = await startWorker();
    rmSync(row.life.socket as string);
    expect(await host.isDead(row)).toBe(false);
    await kill(child);
    expect(await host.isDead(row)).toBe(true);
  });
});

describe('no death is proved', () => {
  test('of a stopped worker, nor of one so long stopped that no more calls are taken', async () => {
    const host = await openHost();
    const { child, row } = await startWorker();
    child.kill('SIGSTOP');
    expect(await host.isDead(row)).toBe(false);
    const calls = Array.from({ length: 8 }, () => {
      const call = connect(row.life.socket as string);
      return once(call, 'connect').then(
        () => call,
        () => null,
      );
    });
    expect(await Promise.all(calls)).toContain(null);
    expect(await host.isDead(row)).toBe(false);
    for (const call of await Promise.all(calls)) call?.destroy();
  });

  test('of a worker on another boot or another host, nor where either boot is not known', async () => {
    const { child, row } = await startWorker();
    await kill(child);
    const otherBoot = '00000000-0000-4000-8000-000000000000';
    const other = { ...row, life: { ...row.life, bootId: otherBoot } };
    const none = { ...row, life: { ...row.life, bootId: null } };
    const host = await openHost();
    expect(await host.isDead(row)).toBe(true);
    expect(await host.isDead(other)).toBe(false);
    expect(await host.isDead(none)).toBe(false);
    const blind = await openHost({ bootId: null, pidNamespace: null });
    expect(blind.life.socket).toBeNull();
    expect(blind.trouble).toMatch(/boot id/);
    expect(await blind.isDead(none)).toBe(false);
    expect(await blind.isDead(row)).toBe(false);
  });

  test('of a worker hidden from us: its socket is not in our folder, and its pid is of another namespace', async () => {
    const host = await openHost();
    const { child, row } = await startWorker({ pidNamespace: 'pid:[1]' });
    await kill(child);
    const hidden = { ...row, life: { ...row.life, socket: join(state.directory, 'none.sock') } };
    expect(await host.isDead(hidden)).toBe(false);
    const unknown = { ...hidden, life: { ...hidden.life, pidNamespace: null } };
    expect(await host.isDead(unknown)).toBe(false);
  });

  test('of a living worker whose folder was put back from a copy, whose socket nobody has open', async () => {
    const host = await openHost();
    const { row } = await startWorker();
    const moved = `${state.directory}/moved`;
    mkdirSync(moved);
    renameSync(row.life.socket as string, `${moved}/0.sock`);
    // What rsync and tar leave in its place: another socket, or a plain file.
    const stand = spawn(
      process.execPath,
      [
        '-e',
        `require('node:net').createServer().listen(${JSON.stringify(row.life.socket)}, () => process.kill(process.pid, 'SIGKILL'))`,
      ],
      { stdio: 'ignore' },
    );
    await once(stand, 'exit');
    expect(await host.isDead(row)).toBe(false);
    rmSync(row.life.socket as string);
    writeFileSync(row.life.socket as string, '');
    expect(await host.isDead(row)).toBe(false);
  });

  test('where we may not call it (EACCES), or the path leads nowhere (ENOTDIR, ELOOP)', async () => {
    const host = await openHost();
    const { child, row } = await startWorker();
    await kill(child);
    const at = (socket: string): KnownWorker => ({ ...row, life: { ...row.life, socket } });
    writeFileSync(join(state.directory, 'file'), '');
    expect(await host.isDead(at(join(state.directory, 'file', 'x.sock')))).toBe(false);
    symlinkSync('loop', join(state.directory, 'loop'));
    expect(await host.isDead(at(join(state.directory, 'loop')))).toBe(false);
    const asRoot = process.geteuid?.() === 0;
    chmodSync(state.directory, 0o000);
    try {
      if (asRoot) process.seteuid?.(65534);
      expect(await host.isDead(row)).toBe(false);
    } finally {
      if (asRoot) process.seteuid?.(0);
      chmodSync(state.directory, 0o700);
    }
    expect(await host.isDead(row)).toBe(true);
  });
});

/** Only root may. */
const mount = (...args: string[]): number | null =>
  spawnSync('mount', args, { stdio: 'ignore' }).status;

describe('the state folder', () => {
  const trouble = async (directory: string, within?: string): Promise<string | null> => {
    const host = await Host.open({
      folders: [{ directory, ...(within === undefined ? {} : { within }) }],
      worker: 'w',
      flights: 4,
    });
    hosts.push(host);
    // Without a folder a death can still be proved by the pid.
    expect(host.life).toMatchObject(readBoot());
    expect(host.life.socket === null).toBe(host.trouble !== null);
    return host.trouble;
  };

  test('is made for its owner alone, and holds nothing any more once the worker has ended', async () => {
    const directory = join(state.directory, 'a', 'b');
    expect(await trouble(directory)).toBeNull();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(directory)).toHaveLength(2);
    const [host] = hosts.splice(0);
    host?.close();
    await expect.poll(() => readdirSync(directory)).toEqual([]);
  });

  test('is not used where others may write to it, nor in the temporary folder, by whatever way', async () => {
    chmodSync(state.directory, 0o777);
    expect(await trouble(state.directory)).toMatch(/others may write/);
    chmodSync(state.directory, 0o700);
    const temporary = mkdtempSync(join(tmpdir(), 'campaign-'));
    const link = join(state.directory, 'link');
    symlinkSync(temporary, link);
    expect(await trouble(temporary)).toMatch(/temporary folder/);
    expect(await trouble(link)).toMatch(/temporary folder/);
    rmSync(temporary, { recursive: true });
  });

  test('is not used on a file system of which this kernel is not the only writer', async () => {
    expect(await trouble('/proc/self/fd')).toMatch(/others may write|local file system/);
    expect(await trouble('/proc')).toMatch(/local file system|another user/);
  });

  test('that a file system of the kernel takes none of is given up at once', async () => {
    expect(await trouble('/proc/self/none/deeper')).toMatch(/cannot be made/);
  });

  test('of another user is not used', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root may give a folder away');
    chownSync(state.directory, 65534, 65534);
    expect(await trouble(state.directory)).toMatch(/another user/);
  });

  test('that is full holds no recorder, and one that is read-only no sign of life: each is said', async ({
    skip,
  }) => {
    // One page: a socket needs none, eight slots need more.
    const mounted = mount('-t', 'tmpfs', '-o', 'size=4k,mode=700', 'tmpfs', state.directory) === 0;
    skip(!mounted, 'only root may mount a file system, and not in every container');
    try {
      const options = { folders: [{ directory: state.directory }], worker: 'w', flights: 16 };
      const full = await Host.open(options);
      hosts.push(full);
      expect(full.recorder).toBeNull();
      expect(full.recorderTrouble).toMatch(/no room|ENOSPC/);
      expect(full.trouble).toBeNull();
      expect(readdirSync(state.directory)).toHaveLength(1);
      full.close();
      await expect.poll(() => readdirSync(state.directory)).toEqual([]);
      mount('-o', 'remount,ro', state.directory);
      const readOnly = await Host.open(options);
      expect(readOnly.life.socket).toBeNull();
      expect(readOnly.trouble).toMatch(/EROFS/);
      expect(readOnly.recorderTrouble).toBeNull();
    } finally {
      spawnSync('umount', ['-l', state.directory]);
    }
  });

  test('is not made where what it belongs into is missing, or is no folder', async () => {
    expect(await trouble('/nonexistent/.local/state/campaign', '/nonexistent')).toMatch(/ENOENT/);
    writeFileSync(join(state.directory, 'file'), '');
    expect(await trouble(join(state.directory, 'file', 'x'))).toMatch(/ENOTDIR|EEXIST/);
  });

  test('with a path too long for a socket is not used: Node would cut it short', async () => {
    const long = join(state.directory, 'x'.repeat(100));
    expect(await trouble(long)).toMatch(/107 bytes/);
    expect(readdirSync(long)).toEqual([]);
  });

  test('is the first that can be used', async () => {
    const good = join(state.directory, 'good');
    const bad = {
      directory: join(state.directory, 'bad', 'x'),
      within: join(state.directory, 'bad'),
    };
    const host = await Host.open({ folders: [bad, { directory: good }], worker: 'w', flights: 4 });
    hosts.push(host);
    expect(host.trouble).toBeNull();
    expect(host.life.socket?.startsWith(good)).toBe(true);
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SHOWN_STATUSES } from '../../src/domain/send.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand, startCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const run = (...args: (string | number)[]) => runCommand(args.map(String), { url: test.url });

describe('list', () => {
  it('shows what progress shows, the newest first, a page at a time', async () => {
    const ids: number[] = [];
    for (const status of ['importing', 'running', 'paused', 'completed', 'cancelled'] as const) {
      ids.unshift(await seedSendWithRows(test.database, rowsOf({ sent: 1 }), { status }));
    }
    const page = async (...options: (string | number)[]) =>
      (JSON.parse((await run('list', '--json', ...options)).stdout) as { id: number }[]).map(
        ({ id }) => id,
      );
    expect(await page()).toEqual(ids);
    expect(await page('--limit', 2)).toEqual(ids.slice(0, 2));
    expect(await page('--limit', 2, '--before', ids[1] ?? 0)).toEqual(ids.slice(2, 4));
    expect(await page('--status', 'paused')).toEqual([ids[2]]);

    const listed = JSON.parse((await run('list', '--json', '--status', 'running')).stdout)[0];
    const shown = JSON.parse((await run('progress', ids[3] ?? 0, '--json')).stdout);
    expect(Object.keys(listed)).toEqual(Object.keys(shown));
    expect(listed).toMatchObject({ id: shown.id, sent: 1, waiting: { for: 'scheduler' } });
  });

  it('takes each status that it shows, a page at a time, and gives the sends that it shows so', async () => {
    const own = await createTestDatabase();
    const list = async (...args: string[]) => {
      const { code, stdout } = await runCommand(['list', '--json', ...args], { url: own.url });
      expect(code).toBe(0);
      return (JSON.parse(stdout) as { id: number; status: string }[]).map(({ id, status }) => ({
        id,
        status,
      }));
    };
    for (const status of ['importing', 'running', 'paused', 'completed', 'cancelled'] as const) {
      for (const startInSeconds of [undefined, 3600, -3600]) {
        await seedSendWithRows(own.database, rowsOf({ pending: 1 }), {
          status,
          ...(startInSeconds === undefined ? {} : { startInSeconds }),
        });
      }
    }
    const later = await seedSendWithRows(own.database, [], { startInSeconds: 7200 });
    const all = await list();
    const shown = new Set(all.map(({ status }) => status));
    expect([...shown].sort()).toEqual([...SHOWN_STATUSES].sort());
    for (const status of shown) {
      expect(await list('--status', status)).toEqual(all.filter((send) => send.status === status));
    }
    expect((await list('--status', 'scheduled')).map(({ id }) => id)).toEqual([later, 5]);
    expect(await list('--status', 'scheduled', '--limit', '1', '--before', String(later))).toEqual([
      { id: 5, status: 'scheduled' },
    ]);
    const page = await runCommand(['list', '--status', 'scheduled', '--limit', '1'], {
      url: own.url,
    });
    expect(page.stderr).toBe(
      `older ones: campaign list --status scheduled --limit 1 --before ${later}\n`,
    );
    await own.drop();
  });

  it('prints a line a send in a pipe and a table on a terminal, names escaped', async () => {
    const id = await seedSendWithRows(test.database, [], { name: 'a\tb\u001b[2J' });
    const { stdout } = await run('list', '--limit', 1);
    expect(stdout.split('\t').slice(0, 3)).toEqual([String(id), 'a\\tb\\x1b[2J', 'running']);
    const table = await runCommand(['list', '--limit', '1'], {
      url: test.url,
      terminal: true,
      env: { NO_COLOR: '1' },
    });
    expect(table.stdout).toContain('a\\tb\\x1b[2J');
    expect(table.stdout).not.toContain('\u001b');
  });
});

describe('events', () => {
  it('lists who did what, oldest first', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 1 }));
    await run('pause', id, '--reason', 'lunch');
    await run('resume', id);
    const { code, stdout } = await run('events', id, '--json');
    expect(code).toBe(0);
    const events = JSON.parse(stdout) as Record<string, unknown>[];
    expect(Object.keys(events[0] ?? {})).toEqual([
      'id',
      'at',
      'event',
      'actor',
      'reason',
      'details',
    ]);
    expect(events).toMatchObject([
      { event: 'paused', reason: 'lunch', actor: expect.stringContaining('@') },
      { event: 'resumed', reason: null },
    ]);
    expect((await run('events', await seedSendWithRows(test.database, []), '--json')).stdout).toBe(
      '[]\n',
    );
    expect((await run('events', 999_999)).code).toBe(3);
  });

  it('--follow prints later ones as they come, until it is interrupted', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 1 }));
    await run('pause', id);
    const followed = startCommand(['events', String(id), '--follow', '--json'], { url: test.url });
    const names = () =>
      followed.stdout
        .split('\n')
        .flatMap((line) => (line ? [JSON.parse(line).event as string] : []));
    await vi.waitFor(() => expect(names()).toEqual(['paused']));
    await run('resume', id);
    await vi.waitFor(() => expect(names()).toEqual(['paused', 'resumed']), { timeout: 5000 });
    process.emit('SIGINT');
    expect((await followed.ended).code).toBe(0);
  });
});

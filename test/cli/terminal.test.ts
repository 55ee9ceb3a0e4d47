import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';
import { CAMPAIGN } from '../support/spawn-campaign.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';

let test: TestDatabase;
let directory: string;
let terminal: Terminal | undefined;

beforeAll(async () => {
  test = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'campaign-terminal-'));
});
afterEach(async () => {
  await terminal?.close();
});
afterAll(async () => {
  await test.drop();
  await rm(directory, { recursive: true });
});

async function open(env: Record<string, string> = {}): Promise<Terminal> {
  terminal = await openTerminal({
    CAMPAIGN_DATABASE_URL: test.url,
    CAMPAIGN_SMTP_URL: 'smtp://127.0.0.1:25',
    CAMPAIGN: `${process.execPath} ${CAMPAIGN}`,
    ...env,
  });
  return terminal;
}

async function statusIs(id: number, status: string): Promise<void> {
  await vi.waitFor(async () => {
    const rows = await test.database.rows('SELECT STATUS FROM CAMPAIGN_SENDS WHERE ID = ?', [id]);
    expect(rows).toEqual([{ STATUS: status }]);
  }, 10_000);
}

const CURSOR = { shown: '\x1b[?25h', hidden: '\x1b[?25l' };
const BREAKS = { on: '\x1b[?7h', off: '\x1b[?7l' };

/** At the shell's prompt: the cursor is seen, lines break, and the terminal takes lines and echoes them. */
async function expectWhole(shell: Terminal): Promise<void> {
  expect(shell.screen.lastIndexOf(CURSOR.shown)).toBeGreaterThanOrEqual(
    shell.screen.lastIndexOf(CURSOR.hidden),
  );
  expect(shell.screen.lastIndexOf(BREAKS.on)).toBeGreaterThanOrEqual(
    shell.screen.lastIndexOf(BREAKS.off),
  );
  // The shell itself sets it, so another program has to tell.
  shell.type('stty -a\n');
  await shell.shows(/ icanon /);
  await shell.shows(/ echo /);
}

describe('a dumb terminal', () => {
  // Of the shell's own: it brackets pastes, whatever the terminal.
  const plain = (screen: string) =>
    screen.split('\x1b[?2004h').join('').split('\x1b[?2004l').join('');

  it('gets lines alone: tables, bars, watching, questions, logs', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    await writeFile(join(directory, 'list.csv'), 'email\nann@example.org\n');
    await writeFile(join(directory, 'text'), 'Hello');
    const shell = await open({ TERM: 'dumb' });
    shell.type(`$CAMPAIGN progress ${id}; $CAMPAIGN list --limit 1\n`);
    await shell.shows('created');
    shell.type(
      `$CAMPAIGN queue --list ${directory}/list.csv --from a@example.org --subject Hi --text ${directory}/text\n`,
    );
    await shell.shows('Send it to 1 recipient? (y/N) ');
    shell.type('n\n');
    await shell.shows('nothing was queued');
    shell.type(`$CAMPAIGN cancel ${id}\n`);
    await shell.shows('Go on? (y/N) ');
    shell.type('\x04');
    await shell.shows('nothing was changed');
    shell.type(`$CAMPAIGN progress ${id} --watch\n`);
    await shell.shows('running 0/2');
    await test.database.run(
      "UPDATE CAMPAIGN_SENDS SET SENT_COUNT = 1, UNKNOWN_COUNT = 1, STATUS = 'completed' WHERE ID = ?",
      [id],
    );
    await shell.shows('completed 2/2');
    await shell.shows(`1 recipient is unknown: \`campaign resolve ${id} `);
    shell.type('$CAMPAIGN run-scheduler --until-idle\n');
    await shell.shows('scheduler stopped');
    expect(plain(shell.screen)).not.toContain('\x1b');
  });

  it('takes y and return for a yes', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const shell = await open({ TERM: 'dumb' });
    shell.type(`$CAMPAIGN cancel ${id}\n`);
    await shell.shows('Go on? (y/N) ');
    shell.type('y\n');
    await statusIs(id, 'cancelled');
  });
});

describe('Ctrl-Z', () => {
  it('at the bar of an import leaves the terminal whole, and fg goes on with it', async () => {
    const shell = await open();
    await writeFile(join(directory, 'text'), 'Hello');
    const list = "echo email; seq -f 'a%.0f@example.org' 4000; cat";
    const flags = `--from a@example.org --subject Hi --text ${directory}/text --yes`;
    shell.type(`(${list}) | $CAMPAIGN queue --list - ${flags}\n`);
    await shell.shows('lines/s');
    shell.type('\x1a');
    await shell.shows('Stopped');
    await expectWhole(shell);
    shell.type('fg\n');
    await shell.shows('CAMPAIGN queue');
    shell.type('last@example.org\n\x04');
    await shell.shows(/Queued send \d+ "Hi": running, 4,001 recipients/);
    await expectWhole(shell);
  });

  it('at the watch screen and at its question leaves the terminal whole; fg draws it anew and keys count', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const shell = await open();
    shell.type(`$CAMPAIGN progress ${id} --watch\n`);
    await shell.shows('0/2');
    shell.type('c');
    await shell.shows('for good?');
    shell.type('\x1a');
    await shell.shows('Stopped');
    await expectWhole(shell);
    shell.type('fg\n');
    await shell.shows('0/2');
    shell.type('y');
    shell.type('p');
    await statusIs(id, 'paused');
    await shell.shows('paused: ');
    shell.type('q');
    await shell.shows('paused 0/2');
    await expectWhole(shell);
  });

  it('at a question leaves the terminal whole; fg asks it anew', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
    const shell = await open();
    shell.type(`$CAMPAIGN cancel ${id}\n`);
    await shell.shows('Go on?');
    shell.type('\x1a');
    await shell.shows('Stopped');
    await expectWhole(shell);
    shell.type('fg\n');
    await shell.shows('Go on?');
    shell.type('y');
    await statusIs(id, 'cancelled');
    await expectWhole(shell);
  });
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import { loadCatalogue } from '../../src/cli/declarations.ts';
import { complete } from '../../src/cli/docs/completion/complete.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { requireProgram, run } from '../support/programs.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';
import { CAMPAIGN, spawnCampaign } from '../support/spawn-campaign.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';

let db: TestDatabase;
let directory: string;
/** Where words are typed that would make files if anybody evaluated them. */
let work: string;
let env: Record<string, string>;
let running: number;

beforeAll(async () => {
  for (const shell of ['zsh', 'fish', 'shellcheck']) requireProgram(shell);
  db = await createTestDatabase();
  running = await seedSendWithRows(db.database, rowsOf({ pending: 1 }), {
    name: "Mai$(touch x)`touch x` 'n' \u001b[31m",
  });
  await seedSendWithRows(db.database, rowsOf({ pending: 1 }), { status: 'paused', name: 'Juni' });
  directory = mkdtempSync(join(tmpdir(), 'campaign-completion-'));
  mkdirSync(join(directory, 'bin'));
  writeFileSync(
    join(directory, 'bin/campaign'),
    `#!/bin/sh\nexec '${process.execPath}' '${CAMPAIGN}' "$@"\n`,
    { mode: 0o755 },
  );
  work = join(directory, 'work');
  env = {
    PATH: `${join(directory, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: directory,
    CAMPAIGN_DATABASE_URL: db.url,
    CAMPAIGN_SMTP_URL: 'smtp://127.0.0.1:1',
  };
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await runCommand(['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(join(directory, `script.${shell}`), stdout);
  }
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  writeFileSync(join(work, 'my list.csv'), '');
});

/** Words that leave a file behind when a shell evaluates them. */
const TRAPS = ['$(touch x)', '`touch x`', "'; touch x'", '"$(touch x)"', '<(touch x)', '(touch x)'];

it.each(['$(touch x)', '`touch x`', '"$(touch x)"'])(
  'a word that is evaluated leaves a file behind: %s',
  (trap) => {
    expect(TRAPS).toContain(trap);
    run('bash', ['-c', 'cd "$1" && eval "echo $2"', '', work, trap]);
    expect(files()).toContain('x');
  },
);

/** The files in the folder that words were typed in. */
const files = (): string[] => readdirSync(work);

describe('the script for bash', () => {
  it('is clean by shellcheck', () => {
    const { status, stdout } = run('shellcheck', [join(directory, 'script.bash')]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});

interface Shell {
  name: string;
  /** Starts it interactively, its prompt `$ `. */
  command: string;
  /** What loads the script, and binds TAB to completion alone. */
  setUp: (script: string) => string[];
}

const SHELLS: Shell[] = [
  {
    name: 'bash',
    command: 'bash --norc --noprofile -i',
    setUp: (script) => [
      `source ${script}`,
      "bind 'set show-all-if-ambiguous on'",
      "bind 'set bell-style none'",
      "bind 'set page-completions off'",
    ],
  },
  {
    name: 'zsh',
    command: 'zsh -f -i',
    setUp: (script) => [
      "PS1='$ '; unsetopt prompt_cr zle_bracketed_paste 2>/dev/null",
      'autoload -U compinit; compinit -u -D',
      // By default the key expands the word itself before it completes anything.
      'bindkey "^I" complete-word',
      `source ${script}`,
    ],
  },
];

describe.each(SHELLS)('in $name', ({ name, command, setUp }) => {
  let terminal: Terminal;

  beforeEach(async () => {
    terminal = await openTerminal({ ...env, PS1: '$ ' }, command);
    terminal.type(`cd ${work}\n`);
    for (const line of setUp(join(directory, `script.${name}`))) terminal.type(`${line}\n`);
    terminal.type('echo rea""dy\n');
    await terminal.shows('ready');
  });
  afterEach(() => terminal.close());

  /** Has a line completed, and run with `echo` in front of it, so that it is seen as the shell has it. */
  const echoed = (line: string, shown: string): Promise<void> => {
    terminal.type(`${line}\t\x01echo g"ot" \x05 end\n`);
    return terminal.shows(`got ${shown} end`);
  };

  it.each([
    ['campaign pau', 'campaign pause'],
    ['campaign list --sta', 'campaign list --status'],
    ['campaign list --status sch', 'campaign list --status scheduled'],
    ['campaign list --status=can', 'campaign list --status=cancelled'],
    ['campaign sandbox rese', 'campaign sandbox reset'],
    ['campaign help pac', 'campaign help pacing'],
    ['campaign schema prog', 'campaign schema progress'],
    ['campaign schema err', 'campaign schema error'],
    ['campaign schema sandbox stat', 'campaign schema sandbox status'],
    ['campaign completion fi', 'campaign completion fish'],
    ['campaign relay d', 'campaign relay default'],
    ['campaign queue --list my', 'campaign queue --list my list.csv'],
    ['campaign queue --list=my', 'campaign queue --list=my list.csv'],
    ['campaign queue --frob my', 'campaign queue --frob my'],
  ])('completes %s', async (line, shown) => {
    await echoed(line, shown);
  });

  it('offers sends from the database, in the statuses that make sense', async () => {
    await vi.waitFor(() => echoed('campaign pause ', `campaign pause ${running}`), 30_000);
    await vi.waitFor(() => echoed('campaign resume ', `campaign resume ${running + 1}`), 30_000);
  });

  it('evaluates nothing that is typed, before the cursor or at it', async () => {
    for (const trap of TRAPS) {
      for (const line of [
        `campaign pause ${trap} --`,
        `campaign pause ${trap}`,
        `campaign queue --list ${trap}`,
        `campaign queue --list ${trap}/`,
        `campaign queue --list=${trap}/`,
        `campaign ${trap} `,
        `campaign list --status ${trap}`,
      ]) {
        terminal.type(`${line}\t`);
        // What is on the line is thrown away.
        terminal.type('\x15echo d""one\n');
        await terminal.shows('done');
        expect({ line, files: files() }).toEqual({ line, files: ['my list.csv'] });
      }
    }
  });
});

describe('in fish', () => {
  /** What fish offers for a line. */
  const offered = (line: string): string[] => {
    const script = `cd $argv[3]; source $argv[1]; complete -C $argv[2]`;
    const args = ['--no-config', '-c', script, join(directory, 'script.fish'), line, work];
    const { stdout } = run('env', [
      '-i',
      ...Object.entries(env).map((pair) => pair.join('=')),
      'fish',
      ...args,
    ]);
    return stdout.split('\n').filter((found) => found !== '');
  };

  it('offers commands, options, choices and files, with what they mean', () => {
    expect(offered('campaign pau')).toEqual([
      'pause\tstop handing out messages within a second resume goes on',
    ]);
    expect(offered('campaign list --status sch')).toEqual(['scheduled']);
    expect(offered('campaign list --status=sch')).toEqual(['--status=scheduled']);
    expect(offered('campaign queue --list my')).toEqual(['my list.csv']);
    expect(offered('campaign queue --list=my')).toEqual(['--list=my list.csv']);
    expect(offered('campaign frob my')).toEqual([]);
  });

  it('offers sends with their names, of which nothing is left that means anything to a shell', async () => {
    await vi.waitFor(() =>
      expect(offered('campaign pause ')).toEqual([
        `${running}\trunning Mai touch x touch x ’n’ 31m`,
      ]),
    );
  });

  it('evaluates nothing that is typed, before the cursor or at it', () => {
    for (const trap of TRAPS) {
      for (const line of [
        `campaign pause ${trap} --`,
        `campaign pause ${trap}`,
        `campaign queue --list ${trap}`,
        `campaign queue --list ${trap}/`,
        `campaign queue --list=${trap}/`,
        `campaign ${trap} `,
      ]) {
        offered(line);
        expect({ line, files: files() }).toEqual({ line, files: ['my list.csv'] });
      }
    }
  });
});

/** A server that accepts connections and says nothing, as long as the test runs. */
async function startSilent(): Promise<{ url: string; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as { port: number };
  return { url: `mysql://u@127.0.0.1:${port}/x`, sockets };
}

describe('the words for a shell', () => {
  it('are none, and no error, where the database cannot be asked', async () => {
    for (const wrong of [
      { CAMPAIGN_DATABASE_URL: 'mysql://u@127.0.0.1:1/x' },
      { CAMPAIGN_DATABASE_URL: 'http://' },
      { CAMPAIGN_DATABASE_URL: undefined },
    ]) {
      expect(
        await spawnCampaign(['__complete', '--', 'pause', ''], { env: { ...env, ...wrong } }),
      ).toEqual({ code: 0, stdout: 'words\n', stderr: '' });
    }
  });

  it('are none where the database does not answer in time, and the process ends then', async () => {
    const { url, sockets } = await startSilent();
    expect(
      await spawnCampaign(['__complete', '--', 'pause', ''], {
        env: { ...env, CAMPAIGN_DATABASE_URL: url },
      }),
    ).toEqual({ code: 0, stdout: 'words\n', stderr: '' });
    expect(sockets.size).toBe(1);
  });

  it('are asked of no server that only the .env of the folder names', async () => {
    const { url, sockets } = await startSilent();
    writeFileSync(
      join(work, '.env'),
      `CAMPAIGN_DATABASE_URL=${url}\nCAMPAIGN_SMTP_URL=smtp://127.0.0.1:1\n`,
    );
    const bare = { ...env, CAMPAIGN_DATABASE_URL: undefined, CAMPAIGN_SMTP_URL: undefined };
    const ask = (given: Record<string, string | undefined>) =>
      spawnCampaign(['__complete', '--', 'progress', ''], { env: given, cwd: work });
    expect(await ask(bare)).toEqual({ code: 0, stdout: 'words\n', stderr: '' });
    await vi.waitFor(
      async () => expect((await ask(env)).stdout).toContain(`\n${running}\t`),
      30_000,
    );
    expect(sockets.size).toBe(0);
    // A command that is typed does trust it.
    const typed = spawnCampaign(['progress', '1'], { env: bare, cwd: work });
    await vi.waitFor(() => expect(sockets.size).toBe(1), 30_000);
    for (const socket of sockets) socket.destroy();
    await typed;
  });

  it('are sends, the newest first, that begin as typed', async () => {
    const ask = async (...typed: string[]) =>
      complete(typed, await loadCatalogue(), () => loadSettings(env, '/'), 20_000);
    expect(await ask('resume', '')).toBe(`words\n${running + 1}\tpaused Juni\n`);
    expect((await ask('progress', '')).split('\n').map((line) => line.split('\t')[0])).toEqual([
      'words',
      String(running + 1),
      String(running),
      '',
    ]);
    expect(await ask('list', `--before=${running}`)).toContain(`\n--before=${running}\trunning`);
    expect(await ask('progress', 'x')).toBe('words\n');
  });
});

it('another shell is refused with those that there are', async () => {
  const { code, stderr } = await runCommand(['completion', 'tcsh']);
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('bash, zsh, fish'),
  });
});

import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { spawnGuard } from '../support/guard.ts';
import { collectOutput } from '../support/output.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TYPESCRIPT = join(ROOT, 'node_modules/typescript/bin/tsc');

let directory: string;
/** Holds a project that has the package installed, beside the packages it needs. */
let project: string;
let db: TestDatabase;
let smtp: SmtpServer;

const PACK = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination'];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-package-'));
  const { stdout, stderr, status } = spawnSync('npm', [...PACK, directory], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  project = join(directory, 'project');
  const modules = join(project, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const untar = spawnSync('tar', ['-xzf', join(directory, filename), '-C', modules]);
  if (untar.status !== 0) throw new Error(String(untar.stderr));
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  spawnSync('mv', [join(modules, 'package'), join(modules, 'campaign-sender')]);
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  db = await createTestDatabase();
  smtp = await startSmtpServer();
});
afterAll(async () => {
  await smtp.close();
  await db.drop();
  rmSync(directory, { recursive: true });
});

/** Runs a program of the project, with nothing of campaign's in its environment. */
async function run(source: string, args: string[] = []) {
  const file = join(project, 'program.js');
  writeFileSync(file, source);
  const child = spawn(process.execPath, [file, ...args], {
    cwd: project,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return collectOutput(child).ended;
}

describe('the package, as npm packs it', () => {
  test('has all that its manifest points to', () => {
    const home = join(project, 'node_modules/campaign-sender');
    const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
      exports: { '.': { types: string; default: string } };
      bin: Record<string, string>;
    };
    const named = [...Object.values(manifest.exports['.']), ...Object.values(manifest.bin)];
    for (const path of named) expect(existsSync(join(home, path)), path).toBe(true);
    expect(readdirSync(home)).not.toContain('src');
  });

  test('is made as those who look for packages expect it', async () => {
    const home = join(project, 'node_modules/campaign-sender');
    const { messages } = await publint({ pkgDir: home, pack: false, strict: true });
    expect(messages).toEqual([]);
  });

  test('does nothing when it is imported: no handle, no listener, no word of the environment, nothing heavy', async () => {
    const { stdout, stderr } = await run(`
      const asked = [];
      process.env = new Proxy(process.env, {
        get: (env, name) => (asked.push(String(name)), env[name]),
        has: (env, name) => (asked.push(String(name)), name in env),
        ownKeys: (env) => (asked.push('all'), Reflect.ownKeys(env)),
      });
      const listeners = () => Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
      const before = JSON.stringify([listeners(), process.getActiveResourcesInfo()]);
      const { createRequire } = await import('node:module');
      const library = await import('campaign-sender');
      const after = JSON.stringify([listeners(), process.getActiveResourcesInfo()]);
      const { cache } = createRequire(import.meta.url);
      console.log(JSON.stringify({
        // Node's own loader asks for this one, once a module.
        asked: asked.filter((name) => name !== 'WATCH_REPORT_DEPENDENCIES'),
        same: before === after,
        exports: Object.keys(library).sort(),
        commonJs: Object.keys(cache),
      }));
    `);
    expect({ ...JSON.parse(stdout || '{}'), stderr }).toEqual({
      asked: [],
      same: true,
      exports: ['Campaign', 'CampaignError', 'sandbox'],
      commonJs: [],
      stderr: '',
    });
  });

  test('queues, mails and watches from a plain program, which ends by itself', async () => {
    const { code, stdout, stderr } = await run(
      `
      import { Campaign } from 'campaign-sender';
      const [databaseUrl, smtpUrl] = process.argv.slice(2);
      const campaign = new Campaign({ databaseUrl, smtpUrl, actor: 'a program' });
      const { id } = await campaign.queue({
        list: ['email,name\\nann@example.org,Ann\\n'],
        from: 'news@example.org',
        subject: 'Hello {{ name }}',
        html: '<p>Hello {{ name }}</p>',
      });
      await campaign.runScheduler({ until: 'idle' });
      for await (const { status, send } of campaign.watch(id)) console.log(status, send.sent);
      await campaign.close();
    `,
      [db.url, smtp.url],
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'completed 1\n', stderr: '' });
    expect(smtp.countsByRecipient().get('ann@example.org')).toBe(1);
  });

  test('tries all of it without harm in a sandbox, which goes on until it is stopped', async () => {
    const home = mkdtempSync(join(tmpdir(), 'campaign-package-sandbox-'));
    const guard = spawnGuard('CAMPAIGN_SANDBOX_DIR="$3" "$1" "$2" sandbox stop; rm -rf "$3"', [
      process.execPath,
      join(ROOT, 'bin/campaign.js'),
      home,
    ]);
    try {
      const { code, stdout, stderr } = await run(
        `
        import { Campaign, sandbox } from 'campaign-sender';
        const [directory] = process.argv.slice(2);
        const campaign = await Campaign.sandbox({ directory, actor: 'a program' });
        await campaign.queue({ list: ['email\\nann@example.org\\n'], from: 'news@example.org', subject: 'Hi', text: 'Hi' });
        await campaign.runScheduler({ until: 'idle' });
        await campaign.close();
        const { running, captured } = await sandbox.status(directory);
        const emptied = await sandbox.reset(directory);
        const stopped = await sandbox.stop(directory);
        console.log(JSON.stringify([running, captured, emptied.captured, stopped.running, stopped.databaseUrl]));
      `,
        [home],
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual([true, 1, 0, false, null]);
    } finally {
      await guard.end();
    }
  });
});

test('is packed from a build of its own: nothing that an older one left', () => {
  const copy = mkdtempSync(join(directory, 'copy-'));
  for (const name of ['package.json', 'tsconfig.json', 'src', 'bin', 'sql', 'dist']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'dist/renamed-since.js'), '');
  writeFileSync(join(copy, 'dist/program/renamed-since.js'), '');
  // What the stamp of the build takes for built.
  rmSync(join(copy, 'dist/errors.js'));
  const packed = spawnSync('npm', ['pack', '--offline'], { cwd: copy, encoding: 'utf8' });
  expect(packed.status, packed.stderr).toBe(0);
  const tarball = readdirSync(copy).find((name) => name.endsWith('.tgz')) ?? '';
  const { stdout } = spawnSync('tar', ['-tzf', join(copy, tarball)], { encoding: 'utf8' });
  const files = stdout.split('\n');
  expect(files).toEqual(
    expect.arrayContaining(['package/dist/errors.js', 'package/dist/program/main.js']),
  );
  expect(files.filter((file) => file.includes('renamed-since'))).toEqual([]);
  // A whole build takes most of a minute on a busy machine.
}, 180_000);

/** Types that no program needs a name for: what the classes and the options are made of. */
const UNNAMED = [
  ...['MessageCalls', 'SuppressionCalls', 'MessageOption', 'OptionalHeaders'],
  ...['Given', 'Table', 'HeaderKey', 'ValueKey', 'RequiredKey'],
];

describe('its types', () => {
  test('have names: all that a call takes or gives is exported', () => {
    const root = join(project, 'node_modules/campaign-sender/dist/index.d.ts');
    const program = ts.createProgram([root], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: [],
    });
    const checker = program.getTypeChecker();
    const original = (symbol: ts.Symbol): ts.Symbol =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const index = checker.getSymbolAtLocation(program.getSourceFile(root) as ts.Node) as ts.Symbol;
    const exported = new Set(checker.getExportsOfModule(index).map(original));
    const reached = new Set<ts.Symbol>();
    const look = (node: ts.Node): void => {
      if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
        const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
        const found = checker.getSymbolAtLocation(name);
        if (found) reach(original(found));
      }
      ts.forEachChild(node, look);
    };
    const reach = (symbol: ts.Symbol): void => {
      const ours = symbol.declarations?.filter(
        (node) =>
          node.getSourceFile().fileName.includes('campaign-sender/dist') &&
          !ts.isTypeParameterDeclaration(node),
      );
      if (!ours?.length || reached.has(symbol)) return;
      reached.add(symbol);
      ours.forEach(look);
    };
    exported.forEach(reach);
    expect(reached.size).toBeGreaterThan(80);
    const unnamed = [...reached].filter((symbol) => !exported.has(symbol));
    expect(unnamed.map(({ name }) => name).sort()).toEqual(UNNAMED.sort());
  });

  const CONSUMER = `
    import { Campaign, CampaignError, sandbox, type Progress, type QueueOptions, type SchedulerEvent } from 'campaign-sender';

    const campaign = new Campaign({ databaseUrl: 'mysql://u@h/d', smtpUrl: 'smtp://h', actor: 'me' });
    export async function use(signal: AbortSignal): Promise<(string | number | null | undefined)[]> {
      const options: QueueOptions = { list: ['email\\n'], from: 'a@example.org', subject: 's', text: 't', signal };
      const { id } = await campaign.queue(options);
      const number: number = id;
      const dry: number | null = (await campaign.queue({ ...options, dryRun: true })).id;
      for await (const progress of campaign.watch(number, { signal })) show(progress);
      for await (const { event, actor } of campaign.events(id, { follow: true, signal })) console.log(event, actor);
      for await (const { email, status } of campaign.recipients(id, { status: 'failed' })) console.log(email, status);
      const { pausedThemselves, serverTrouble } = await campaign.runScheduler({ until: 'idle', signal, onEvent });
      const { recipients } = await campaign.resolve(id, { as: 'sent' });
      const { unknown } = await campaign.resolve(id, { mailLog: ['x'], absent: 'pending' });
      const { changed } = await campaign.pause(id, { reason: 'x' });
      const { etaSeconds } = await campaign.controls(id, { delayMs: 1 });
      const { captured } = await sandbox.status('x');
      await campaign.close();
      return [dry, pausedThemselves.length, serverTrouble, recipients, unknown, String(changed), etaSeconds, captured];
    }
    export const misused = () => [
      // @ts-expect-error there is no such option
      campaign.queue({ list: [], from: 'a', subject: 's', htlm: 'x' }),
      // @ts-expect-error nor such a status
      campaign.list({ status: 'lost' }),
    ];
    const show = ({ status, send, waiting }: Progress): void => console.log(status, send.sent, waiting?.text);
    const onEvent = (event: SchedulerEvent): void => {
      if (event.kind === 'batch-ended') console.log(event.sent);
    };
    export const remedyOf = (error: unknown): string | undefined =>
      error instanceof CampaignError && error.code === 'WRONG_STATE' ? error.remedy : undefined;
  `;

  test.each([
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler'],
  ])(
    'are clean in a strict program that has no other types but those of Node (%s)',
    (module, resolution) => {
      const consumer = mkdtempSync(join(directory, 'consumer-'));
      const modules = join(consumer, 'node_modules');
      mkdirSync(join(modules, '@types'), { recursive: true });
      for (const name of ['@types/node', 'undici-types']) {
        symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
      }
      // A copy: by a link, its own packages' types would be found beside where it lies.
      spawnSync('cp', ['-r', join(project, 'node_modules/campaign-sender'), modules]);
      writeFileSync(join(consumer, 'use.ts'), CONSUMER);
      writeFileSync(
        join(consumer, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            skipLibCheck: false,
            noEmit: true,
            target: 'ES2022',
            lib: ['ES2023'],
            module,
            moduleResolution: resolution,
            types: ['node'],
          },
          files: ['use.ts'],
        }),
      );
      const { stdout, status } = spawnSync(process.execPath, [TYPESCRIPT, '-p', consumer], {
        encoding: 'utf8',
      });
      expect(stdout).toBe('');
      expect(status).toBe(0);
    },
  );
});

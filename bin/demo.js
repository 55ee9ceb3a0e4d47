/** `npm run demo`: the product's first minute, on the sandbox. Every command is shown, and really run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PEOPLE, sampleHtml, sampleList } from './sample.js';
import { cleanEnvironment, ROOT, runScript, setUp } from './setup.js';

const CAMPAIGN = join(ROOT, 'bin/campaign.js');
const FIRST_LOOK_MS = 4_000;
const GRACE_MS = 5_000;
const KEPT = ['CAMPAIGN_SANDBOX_DIR'];

class Interrupted extends Error {}

class Demo {
  directory = mkdtempSync(join(tmpdir(), 'campaign-demo-'));
  children = new Set();
  startedSandbox = false;
  interrupted = false;
  ending = false;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => {
        if (this.ending) return;
        this.interrupted = true;
        for (const child of this.children) child.kill('SIGINT');
      });
    }
  }

  async run() {
    writeFileSync(join(this.directory, 'people.csv'), sampleList());
    writeFileSync(join(this.directory, 'hello.html'), sampleHtml());

    say(
      'A private database and an SMTP server that keeps what it gets. Nothing leaves this machine.',
    );
    const before = JSON.parse(await this.quiet('sandbox', 'status', '--json'));
    this.startedSandbox = !before.running;
    await this.show('sandbox', 'start');

    say(
      `A list of ${PEOPLE.toLocaleString('en-US')} made-up people, and a message with merge fields.`,
    );
    this.showFile('people.csv', 3);
    this.showFile('hello.html', 8);
    const id = await this.queue();

    say('The scheduler sends it, paced; in a terminal of its own it would show a line a batch.');
    const scheduler = this.background('scheduler.log', 'run-scheduler', '--poll-seconds', '1');
    await this.watch(id, FIRST_LOOK_MS);

    say('Steer it while it runs: pause, go faster, resume.');
    await this.show('pause', id);
    await this.show(
      'controls',
      id,
      '--batch-size',
      '500',
      '--delay-ms',
      '0',
      '--cooldown-seconds',
      '1',
    );
    await this.show('resume', id);
    await this.watch(id);
    await scheduler.stop();

    say('Every figure is provable from the ledger.');
    await this.show('progress', id);
    await this.show('verify', id);
    await this.show('recipients', id, '--limit', '3');
    await this.showCapturedMail();
    this.sayWhatIsNext(id);
  }

  /** Leaves no process, whatever happened before. */
  async end() {
    this.ending = true;
    this.interrupted = false;
    const ended = [...this.children].map((child) => once(child, 'close'));
    for (const child of this.children) child.kill('SIGTERM');
    await Promise.race([Promise.all(ended), sleep(GRACE_MS, undefined, { ref: false })]);
    for (const child of this.children) child.kill('SIGKILL');
    if (this.startedSandbox) await this.quiet('sandbox', 'stop').catch(() => undefined);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Prints the command, runs it in the foreground, and resolves when it has ended well. */
  async show(...args) {
    prompt(args);
    const child = this.start(args, ['ignore', 'inherit', 'pipe']);
    child.stderr.on('data', writeNotices);
    await this.finish(child);
  }

  /** Runs a command unseen and resolves to what it printed. */
  async quiet(...args) {
    const child = this.start(args, ['ignore', 'pipe', 'pipe']);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    await this.finish(child).catch((error) => {
      throw error instanceof Interrupted ? error : new Error(errors || error.message);
    });
    return output;
  }

  /** Queues the sample and resolves to the id that the command prints. */
  async queue() {
    const args = ['queue', '--list', 'people.csv', '--from', 'Ada at Example <ada@example.org>'];
    args.push('--subject', 'Hello {{ first_name }}, news from {{ city }}', '--html', 'hello.html');
    args.push('--batch-size', '50', '--delay-ms', '10', '--cooldown-seconds', '1', '--yes');
    prompt(args);
    const child = this.start(args, ['ignore', 'pipe', 'pipe']);
    child.stderr.on('data', writeNotices);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    await this.finish(child);
    return /\d+/.exec(output)[0];
  }

  /** Shows `progress --watch` until the send has ended, or for a while. */
  async watch(id, forMs) {
    const args = ['progress', id, '--watch'];
    prompt(args);
    const child = this.start(args, ['ignore', 'inherit', 'pipe']);
    child.stderr.on('data', writeNotices);
    const ended = this.finish(child);
    if (forMs === undefined) return ended;
    const timer = new AbortController();
    const enough = sleep(forMs, undefined, timer).then(
      () => child.kill('SIGINT'),
      () => undefined,
    );
    await ended.catch((error) => {
      if (!timer.signal.aborted && error instanceof Interrupted) throw error;
    });
    timer.abort();
    await enough;
  }

  /** Starts a command that goes on meanwhile; `stop` ends it as Ctrl-C would. */
  background(logName, ...args) {
    prompt([...args, '&']);
    const log = openSync(join(this.directory, logName), 'w');
    const child = this.start(args, ['ignore', log, log]);
    closeSync(log);
    const ended = this.finish(child);
    ended.catch(() => undefined);
    return {
      stop: async () => {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }

  start(args, stdio) {
    if (this.interrupted) throw new Interrupted();
    const child = spawn(process.execPath, [CAMPAIGN, ...args], {
      // Not in the checkout: a .env there may name servers of the user's.
      cwd: this.directory,
      env: cleanEnvironment(KEPT),
      stdio,
    });
    this.children.add(child);
    return child;
  }

  finish(child) {
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.children.delete(child);
        if (this.interrupted) reject(new Interrupted());
        else if (code === 0) resolve();
        else reject(new Error(`it ended with ${signal ?? `exit code ${code}`}`));
      });
    });
  }

  showFile(name, lines) {
    shell(`head -${lines} ${name}`);
    const text = readFileSync(join(this.directory, name), 'utf8');
    console.log(text.split('\n').slice(0, lines).join('\n'));
  }

  async showCapturedMail() {
    const { mail, captured } = JSON.parse(await this.quiet('sandbox', 'status', '--json'));
    const newest = join(mail, readdirSync(mail).sort().at(-1));
    say(`The sandbox has kept ${captured} messages. The last one:`);
    shell(`head -24 ${newest}`);
    console.log(readFileSync(newest, 'utf8').split(/\r?\n/).slice(0, 24).join('\n'));
  }

  sayWhatIsNext(id) {
    say('That was it. What to type next:');
    if (this.startedSandbox) shellHint('sandbox start', 'the demo has stopped it');
    shellHint(`recipients ${id} --csv --all`, 'who got what, with the server’s own words');
    shellHint('queue --help', 'send a list of your own, still into the sandbox');
    if (!this.startedSandbox) shellHint('sandbox status', 'where everything lies');
    say(
      '`npm link` puts campaign on your PATH; until then type node bin/campaign.js in its place.',
    );
  }
}

/** What commands say beside their data, but for the reminder that they use the sandbox: here they all do. */
const writeNotices = (chunk) =>
  process.stderr.write(String(chunk).replace(/^campaign: using the sandbox.*\n/gm, ''));
const styled = (code, text) => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text);
const say = (text) => console.log(`\n${styled('1', text)}`);
const shell = (command) => console.log(styled('36', `$ ${command}`));
const shellHint = (args, why) =>
  console.log(`  ${styled('36', `campaign ${args}`.padEnd(38))}${why}`);
const quoted = (arg) => (/^[\w./&-]+$/.test(arg) ? arg : `'${arg}'`);
const prompt = (args) => shell(`campaign ${args.map(quoted).join(' ')}`);

await runScript(async () => {
  await setUp();
  const demo = new Demo();
  try {
    await demo.run();
    return 0;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.log('\ninterrupted');
    return 130;
  } finally {
    await demo.end();
  }
});

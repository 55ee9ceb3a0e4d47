import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { crash } from './crash.ts';
import { dkim } from './dkim.ts';
import { files } from './files.ts';
import { fleet } from './fleet.ts';
import { importing } from './import.ts';
import { latency } from './latency.ts';
import { describeMachine, showMachine } from './machine.ts';
import { many } from './many.ts';
import { memory } from './memory.ts';
import { rates } from './rates.ts';
import { type Bench, isMet, type Sizes, show } from './report.ts';
import { scale } from './scale.ts';
import { send } from './send.ts';
import { start } from './start.ts';
import { suppressImport } from './suppress-import.ts';
import { suppressed } from './suppressed.ts';
import { unsubscribe } from './unsubscribe.ts';

const BENCHES: readonly Bench[] = [
  send,
  latency,
  dkim,
  importing,
  suppressImport,
  suppressed,
  scale,
  many,
  fleet,
  rates,
  memory,
  files,
  start,
  crash,
  unsubscribe,
];

const HELP = `npm run bench -- [name …] [options]
${BENCHES.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}
  --json            one JSON object
  --smoke           small sizes, which show that the benches work and nothing else
  --profile DIR     send: keep a CPU profile of the scheduler there, and sum it up
sizes, each for the benches that have it:
${sizesHelp()}
`;

function sizesHelp(): string {
  const names = new Set(BENCHES.flatMap(({ sizes }) => Object.keys(sizes)));
  return [...names]
    .map((name) => {
      const uses = BENCHES.filter(({ sizes }) => name in sizes);
      const defaults = uses.map(
        (bench) => `${bench.name} ${bench.sizes[name]?.toLocaleString('en-US')}`,
      );
      return `  --${name.padEnd(15)} ${defaults.join(', ')}`;
    })
    .join('\n');
}

class Usage extends Error {}

interface Asked {
  benches: readonly Bench[];
  given: Sizes;
  json: boolean;
  smoke: boolean;
  profile: string | undefined;
}

function parse(args: string[]): Asked {
  const sizeNames = [...new Set(BENCHES.flatMap(({ sizes }) => Object.keys(sizes)))];
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        smoke: { type: 'boolean' },
        profile: { type: 'string' },
        help: { type: 'boolean' },
        ...Object.fromEntries(sizeNames.map((name) => [name, { type: 'string' as const }])),
      },
    });
  } catch (error) {
    throw new Usage((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) throw new Usage('');
  const benches = positionals.map((name) => {
    const bench = BENCHES.find((known) => known.name === name);
    if (!bench) throw new Usage(`there is no bench "${name}"`);
    return bench;
  });
  const given = Object.fromEntries(
    sizeNames.flatMap((name) => {
      const text = values[name];
      if (text === undefined) return [];
      if (!/^[1-9]\d{0,8}$/.test(String(text)))
        throw new Usage(`--${name} must be a whole number, not "${text}"`);
      return [[name, Number(text)]];
    }),
  );
  return {
    benches: benches.length > 0 ? benches : BENCHES,
    given,
    json: values.json === true,
    smoke: values.smoke === true,
    profile: typeof values.profile === 'string' ? resolve(values.profile) : undefined,
  };
}

const sizesOf = (bench: Bench, { given, smoke }: Asked): Sizes => {
  const defaults = smoke ? bench.smoke : bench.sizes;
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, given[name] ?? value]),
  );
};

const ALIVE_MS = 60_000;

/** @returns the exit code: 1 when a goal was not met at full size, 2 for wrong usage */
export async function main(args: string[]): Promise<number> {
  let asked: Asked;
  try {
    asked = parse(args);
  } catch (error) {
    if (!(error instanceof Usage)) throw error;
    process.stderr.write(error.message ? `${error.message}\n${HELP}` : HELP);
    return error.message ? 2 : 0;
  }
  const machine = await describeMachine();
  process.stderr.write(showMachine(machine));
  const directory = mkdtempSync(join(tmpdir(), 'campaign-bench-'));
  const results = [];
  // A private server holds no process open that waits for it to end.
  const alive = setInterval(() => undefined, ALIVE_MS);
  try {
    if (asked.profile) mkdirSync(asked.profile, { recursive: true });
    for (const bench of asked.benches) {
      const say = (what: string): void => void process.stderr.write(`${bench.name}: ${what} …\n`);
      const result = await bench.run(sizesOf(bench, asked), {
        directory,
        profileDirectory: asked.profile,
        say,
      });
      results.push(result);
      if (!asked.json) process.stdout.write(`\n${show(result)}`);
    }
  } finally {
    clearInterval(alive);
    rmSync(directory, { recursive: true, force: true });
  }
  if (asked.json) {
    const benches = results.map((result) => ({
      ...result,
      goals: result.goals.map((goal) => ({ ...goal, met: isMet(goal) })),
    }));
    process.stdout.write(`${JSON.stringify({ machine, benches })}\n`);
  }
  return !asked.smoke && results.some(({ goals }) => !goals.every(isMet)) ? 1 : 0;
}

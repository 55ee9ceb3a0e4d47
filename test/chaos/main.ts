import { parseArgs } from 'node:util';
import { galeraDatabase, givenDatabase, groupDatabase, privateDatabase } from './databases.ts';
import { FAULT_NAMES, type FaultName } from './faults.ts';
import { type ChaosResult, type RoundResult, runChaos } from './harness.ts';

const HELP = `npm run chaos -- [options]
  --rounds N          rounds (default 20)
  --seed N            what decides them (default: random); a failed round names the seed that replays it
  --workers N         schedulers (default 3)
  --faults a,b        draw from these only: ${FAULT_NAMES.join(', ')}
  --galera SCRIPT     on a Galera cluster: SCRIPT starts it and prints its URLs, SCRIPT kill|start N hurts a node
  --group SCRIPT      on MySQL Group Replication: the same, the primary's URL first; SCRIPT primary prints its number, and
                      it is the one that is killed
  --json              one JSON object at the end
With CAMPAIGN_TEST_DATABASE_URL set, its server is used and not killed; otherwise a private one is.
`;

const whole = (name: string, text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${name} must be a whole number, not "${text}"\n${HELP}`);
};

const faultNames = (text: string): FaultName[] =>
  text.split(',').map((name) => {
    const known = FAULT_NAMES.find((fault) => fault === name);
    if (!known) throw new Error(`unknown fault "${name}"\n${HELP}`);
    return known;
  });

const show = ({ number, seed, drawn, seconds, ...round }: RoundResult): string =>
  `round ${number + 1} (seed ${seed}) ${seconds.toFixed(1)} s: ${drawn.join(', ')}; ` +
  `${round.recipients} recipients, ${round.copiesTooMany} copies too many, ${round.lost} lost, ` +
  `${round.unknown} of at most ${round.unknownBound} unknown\n`;

function summarise(result: ChaosResult, seconds: number): string {
  const lines = [
    `rounds           ${result.rounds} in ${seconds.toFixed(0)} s, ${result.recipients} recipients`,
    `kills            ${result.kills}`,
    ...Object.entries(result.faults).map(([name, count]) => `  ${name.padEnd(18)} ${count}`),
    `copies too many  ${result.copiesTooMany}`,
    `lost             ${result.lost}`,
    `begun too late   ${result.late}`,
    `unknown          ${result.unknown} (at most ${result.unknownBound})`,
  ];
  const { failure } = result;
  if (failure) {
    lines.push(...failure.contradictions.slice(0, 20).map((text) => `CONTRADICTION    ${text}`));
    lines.push(`replay           npm run chaos -- --rounds 1 --seed ${failure.seed}`);
    lines.push(`logs             ${failure.directory}`);
  }
  return `${lines.join('\n')}\n`;
}

/** @returns the exit code: 1 when a round contradicted itself, 2 for wrong usage */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      workers: { type: 'string', default: '3' },
      faults: { type: 'string' },
      galera: { type: 'string' },
      group: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const seed = whole('seed', values.seed);
  const rounds = whole('rounds', values.rounds);
  const workers = whole('workers', values.workers);
  const faults = values.faults === undefined ? FAULT_NAMES : faultNames(values.faults);
  const given = process.env.CAMPAIGN_TEST_DATABASE_URL;
  if (values.galera && values.group) throw new Error(`--galera or --group, not both\n${HELP}`);
  const database = values.galera
    ? await galeraDatabase(values.galera)
    : values.group
      ? await groupDatabase(values.group)
      : given
        ? await givenDatabase(given)
        : await privateDatabase();
  process.stderr.write(`chaos: ${rounds} rounds on ${database.name}, seed ${seed}\n`);
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  const begun = performance.now();
  const onRound = (round: RoundResult): void => {
    process.stderr.write(show(round));
  };
  try {
    const result = await runChaos({ seed, rounds, workers, faults, database, onRound });
    const seconds = (performance.now() - begun) / 1000;
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ seed, seconds: Math.round(seconds), ...result })}\n`
        : summarise(result, seconds),
    );
    return result.ok ? 0 : 1;
  } finally {
    await database.stop().catch((error: Error) => {
      process.stderr.write(`chaos: the database was not taken away: ${error.message}\n`);
    });
  }
}

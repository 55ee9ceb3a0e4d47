import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from './processes.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  inTurn,
  median,
  type Sizes,
  size,
} from './report.ts';
import { queueArguments, writeList, writeTemplates } from './sample.ts';
import { sendOnce } from './send.ts';
import { DATABASE_NOTE, startBenchDatabase, startSink } from './servers.ts';

export const dkim: Bench = {
  name: 'dkim',
  summary: 'messages a second with DKIM signatures, against none and openssl',
  sizes: { recipients: 20_000, connections: 32, fewer: 8, runs: 3 },
  smoke: { recipients: 300, connections: 8, fewer: 4, runs: 1 },
  run: runBench,
};

const PEM = { type: 'pkcs8', format: 'pem' } as const;

/** The settings of a key, which is written to a file. */
function keySettings(directory: string, type: 'rsa' | 'ed25519'): Record<string, string> {
  const { privateKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ed25519');
  const file = join(directory, `${type}.pem`);
  writeFileSync(file, privateKey.export(PEM), { mode: 0o600 });
  return {
    CAMPAIGN_DKIM_KEY_FILE: file,
    CAMPAIGN_DKIM_DOMAIN: 'example.org',
    CAMPAIGN_DKIM_SELECTOR: type,
  };
}

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const recipients = size(sizes, 'recipients');
  const [many, few] = [size(sizes, 'connections'), size(sizes, 'fewer')];
  const list = join(context.directory, 'list.csv');
  await writeList(list, recipients);
  const queue = queueArguments(list, writeTemplates(context.directory), recipients);
  const [rsa, ed25519] = [
    keySettings(context.directory, 'rsa'),
    keySettings(context.directory, 'ed25519'),
  ];
  const sink = await startSink();
  const server = await startBenchDatabase();
  const cpu: Record<string, number[]> = {};
  const sent = (name: string, connections: number, env: Record<string, string>) => async () => {
    context.say(name);
    const result = await sendOnce(server, sink, queue, recipients, connections, { env });
    cpu[name] = [...(cpu[name] ?? []), (result.cpu.scheduler / recipients) * 1e6];
    return recipients / result.seconds;
  };
  const parties: Record<string, () => Promise<number>> = {};
  for (const [how, env] of [
    ['unsigned', {}],
    ['Ed25519', ed25519],
    ['RSA-2048', rsa],
  ] as const) {
    for (const connections of how === 'Ed25519' ? [many] : [many, few]) {
      const name = `${how}, ${connections} connections`;
      parties[name] = sent(name, connections, env);
    }
  }
  try {
    const rates: Record<string, number[]> = await inTurn(size(sizes, 'runs'), {
      ...parties,
      'openssl, signatures alone': async () => {
        context.say('openssl');
        return opensslSignatures();
      },
    });
    const rate = (name: string): number => median(rates[name] as number[]);
    const [unsigned, signed] = [
      rate(`unsigned, ${many} connections`),
      rate(`RSA-2048, ${many} connections`),
    ];
    const most = 1 / (1 / unsigned + 1 / rate('openssl, signatures alone'));
    return {
      name: 'dkim',
      sizes,
      measures: [
        ...Object.entries(rates).map(([name, values]) => ({
          party: name,
          unit: 'messages/s',
          values,
        })),
        ...Object.entries(cpu).map(([name, values]) => ({
          party: `CPU of the scheduler, ${name}`,
          unit: 'µs/message',
          values,
        })),
      ],
      goals: [
        {
          what: 'Ed25519 / unsigned',
          value: rate(`Ed25519, ${many} connections`) / unsigned,
          bound: 'at least',
          limit: 0.7,
        },
        {
          what: 'RSA-2048 / (1 ÷ (1/unsigned + 1/openssl))',
          value: signed / most,
          bound: 'at least',
          limit: 0.85,
        },
        {
          what: `RSA-2048 / unsigned, ${few} connections`,
          value: rate(`RSA-2048, ${few} connections`) / rate(`unsigned, ${few} connections`),
          bound: 'at least',
          limit: 0.45,
        },
      ],
      notes: [
        DATABASE_NOTE,
        'openssl: `openssl speed -multi` on all processors; from the claim to the last row recorded for the others',
      ],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

/** RSA-2048 signatures a second on all processors. */
async function opensslSignatures(): Promise<number> {
  const cores = String(availableParallelism());
  const { stdout } = await run('openssl', ['speed', '-multi', cores, '-seconds', '3', 'rsa2048']);
  const perSecond = /rsa\s+2048 bits\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)/.exec(stdout)?.[1];
  if (perSecond === undefined) throw new Error(`openssl speed said nothing of rsa2048: ${stdout}`);
  return Number(perSecond);
}

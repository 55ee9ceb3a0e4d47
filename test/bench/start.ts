import { createTestDatabase } from '../support/database.ts';
import { campaign, party, run } from './processes.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  inTurn,
  median,
  type Sizes,
  size,
} from './report.ts';
import { seedLargeSend } from './sample.ts';
import { startBenchDatabase } from './servers.ts';

export const start: Bench = {
  name: 'start',
  summary: '`campaign progress` from the prompt to its answer, against Node with one query',
  sizes: { runs: 20 },
  smoke: { runs: 2 },
  run: runBench,
};

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const server = await startBenchDatabase();
  try {
    const { database, url } = await createTestDatabase(server.url);
    const id = await seedLargeSend(database, { rows: 1_000, sent: 500, batchSize: 100 });
    context.say('progress');
    const milliseconds = async (work: () => Promise<unknown>): Promise<number> => {
      const begun = performance.now();
      await work();
      return performance.now() - begun;
    };
    const times = await inTurn(size(sizes, 'runs'), {
      'node -e 0': () => milliseconds(() => run(process.execPath, ['-e', '0'])),
      'node, mysql2 and one query': () => milliseconds(() => party('bare-query', { url, id })),
      'campaign --version': () => milliseconds(() => campaign(['--version'], { databaseUrl: url })),
      'campaign progress': () =>
        milliseconds(() => campaign(['progress', String(id)], { databaseUrl: url })),
    });
    return {
      name: 'start',
      sizes,
      measures: Object.entries(times).map(([name, values]) => ({
        party: name,
        unit: 'ms',
        values,
      })),
      goals: [
        {
          what: 'campaign progress / node, mysql2 and one query',
          value: median(times['campaign progress']) / median(times['node, mysql2 and one query']),
          bound: 'at most',
          limit: 2.5,
        },
      ],
      notes: ['from the start of the process to its end'],
    };
  } finally {
    await server.stop();
  }
}

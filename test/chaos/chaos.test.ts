import { expect, test } from 'vitest';
import { privateDatabase } from './databases.ts';
import { runChaos } from './harness.ts';

test('rounds of crashes, broken lines and an operator: nobody twice, nobody lost, the books balance', async () => {
  const database = await privateDatabase();
  try {
    const result = await runChaos({ seed: 400, rounds: 5, database });
    expect(result.failure).toBeNull();
    expect(result).toMatchObject({ ok: true, rounds: 5, copiesTooMany: 0, lost: 0, late: 0 });
    expect(result.unknown).toBeLessThanOrEqual(result.unknownBound);
  } finally {
    await database.stop();
  }
}, 300_000);

import { afterAll, beforeAll, expect, it } from 'vitest';
import { importSuppressions } from '../../src/operations/import-suppressions.ts';
import { removeSuppressions } from '../../src/operations/remove-suppressions.ts';
import { addSuppressions } from '../../src/operations/suppressions.ts';
import { Unsubscribes } from '../../src/operations/unsubscribe.ts';
import { OwnWorkspace, type Workspace } from '../../src/operations/workspace.ts';
import { parseDatabaseUrl } from '../../src/store/mysql/url.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let own: OwnWorkspace;
beforeAll(async () => {
  db = await createTestDatabase();
  own = new OwnWorkspace({ actor: 'tester@host', address: () => parseDatabaseUrl(db.url) });
});
afterAll(async () => {
  await own.close();
  await db.drop();
});

const addresses = [{ line: null, value: 'ann@example.org' }];
const confirm = async (): Promise<void> => undefined;

// On another node an entry that was removed a moment ago may still be seen: it would be taken for one that is there.
it.each<[string, (workspace: Workspace) => Promise<unknown>]>([
  [
    'suppressing',
    (workspace) =>
      addSuppressions(workspace, { addresses, topic: '', reason: 'asked', source: 'x', confirm }),
  ],
  [
    'removing',
    (workspace) =>
      removeSuppressions(workspace, { addresses, filter: {}, dryRun: false, save: null, confirm }),
  ],
  [
    'importing',
    (workspace) =>
      importSuppressions(
        workspace,
        {
          list: { name: 'list', chunks: listOf('ann@example.org\n') },
          encoding: undefined,
          emailColumn: undefined,
          topic: undefined,
          reason: undefined,
          source: undefined,
          everybody: false,
          takesProviders: false,
          rejects: null,
        },
        { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 },
      ),
  ],
  ['the link to unsubscribe', (workspace) => Unsubscribes.open(workspace)],
])('%s reads nothing older than what was acknowledged on another node', async (_, change) => {
  const opened: Parameters<Workspace['database']>[0][] = [];
  await change({
    actor: own.actor,
    explain: (error) => own.explain(error),
    database: (options) => {
      opened.push(options);
      return own.database(options);
    },
  });
  expect(opened.length).toBeGreaterThan(0);
  for (const options of opened) expect(options).toMatchObject({ causalReads: true });
});

async function* listOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

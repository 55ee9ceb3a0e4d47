import type {
  Suppression,
  SuppressionFilter,
  SuppressionKey,
  SuppressionPage,
} from '../domain/suppression.js';
import { listSuppressions } from '../store/suppressions/pages.js';
import type { Workspace } from './workspace.js';

/** Who must not be mailed, page by page to the last, in the order of their addresses. */
export async function* suppressionPages(
  workspace: Workspace,
  filter: SuppressionFilter,
  limit: number,
  after: SuppressionKey | null,
): AsyncGenerator<SuppressionPage, void, undefined> {
  const database = await workspace.database();
  for (let from = after; ; ) {
    const page = await listSuppressions(database, filter, from, limit);
    yield page;
    if (page.next === null) return;
    from = page.next;
  }
}

const EACH_PAGE = 2000;

/** The same, one by one. */
export async function* eachSuppression(
  workspace: Workspace,
  filter: SuppressionFilter,
): AsyncGenerator<Suppression, void, undefined> {
  for await (const { entries } of suppressionPages(workspace, filter, EACH_PAGE, null)) {
    yield* entries;
  }
}

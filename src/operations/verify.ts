import type { Verification } from '../domain/verification.js';
import type { Database } from '../store/mysql/database.js';
import { listSendIds } from '../store/sends/row.js';
import { verifySend } from '../store/verify.js';
import { noSuchSend } from './send-errors.js';
import type { Workspace } from './workspace.js';

const PAGE = 1000;

/**
 * Recomputes every figure of a send from its ledger.
 * @throws CampaignError NO_SUCH_SEND
 */
export async function verify(workspace: Workspace, { id }: { id: number }): Promise<Verification> {
  const verification = await recompute(await workspace.database(), id);
  if (!verification) throw noSuchSend(id);
  return verification;
}

/** The same for every send, the oldest first. */
export async function* verifyAll(
  workspace: Workspace,
): AsyncGenerator<Verification, void, undefined> {
  const database = await workspace.database();
  for (let after = 0; ; ) {
    const ids = await listSendIds(database, after, PAGE);
    for (const id of ids) {
      const verification = await recompute(database, id);
      if (verification) yield verification;
    }
    if (ids.length < PAGE) return;
    after = ids.at(-1) ?? after;
  }
}

async function recompute(database: Database, id: number): Promise<Verification | undefined> {
  const contradictions = await verifySend(database, id);
  return contradictions && { id, ok: contradictions.length === 0, contradictions };
}

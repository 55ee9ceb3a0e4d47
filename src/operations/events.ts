import { setTimeout as sleep } from 'node:timers/promises';
import type { SendEvent } from '../domain/send-events.js';
import { listEvents } from '../store/events.js';
import type { Database } from '../store/mysql/database.js';
import { readSend } from '../store/sends/row.js';
import { noSuchSend } from './send-errors.js';
import type { Workspace } from './workspace.js';

const PAGE = 1000;
const LOOK_EVERY_MS = 1000;
/**
 * Events of one send get their numbers in order on one server; on several primaries (Galera) a smaller number may
 * be committed later, so a follower looks back as far as this.
 */
const LOOK_BACK = 200;

/**
 * What happened to a send, the oldest first.
 * @param follow waits for more until the signal is aborted, where it is given
 * @throws CampaignError NO_SUCH_SEND
 */
export async function* events(
  workspace: Workspace,
  { id, follow }: { id: number; follow?: AbortSignal | undefined },
): AsyncGenerator<SendEvent, void, undefined> {
  const database = await workspace.database();
  if (!(await readSend(database, id))) throw noSuchSend(id);
  yield* follow ? following(database, id, follow) : allEvents(database, id);
}

async function* allEvents(database: Database, id: number): AsyncGenerator<SendEvent> {
  for (let after = 0; ; ) {
    const page = await listEvents(database, id, after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || !last) return;
    after = last.id;
  }
}

async function* following(
  database: Database,
  id: number,
  signal: AbortSignal,
): AsyncGenerator<SendEvent> {
  const shown = new Set<number>();
  let newest = 0;
  while (!signal.aborted) {
    const page = await listEvents(database, id, Math.max(0, newest - LOOK_BACK), PAGE);
    for (const event of page.filter((candidate) => !shown.has(candidate.id))) {
      shown.add(event.id);
      newest = Math.max(newest, event.id);
      yield event;
    }
    for (const old of shown) if (old < newest - LOOK_BACK) shown.delete(old);
    if (page.length < PAGE)
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Progress, progressOf } from '../domain/progress.js';
import { unlessAborted } from '../scheduler/races.js';
import type { Database } from '../store/mysql/database.js';
import { explainDatabaseError, isUnavailable } from '../store/mysql/errors.js';
import { readSnapshot } from '../store/sends/row.js';
import type { WatchView } from '../view/watch.js';
import type { Context } from './context.js';
import { write } from './output.js';
import { noSuchSend } from './refusals.js';

const LOOK_EVERY_MS = 500;
/** What the last key began is waited for so long at the end. */
const LAST_WORDS_MS = 2_000;

/**
 * Shows a send's progress as it changes, until it is completed or cancelled, or the user has seen enough. A database
 * that goes away meanwhile is waited for.
 * @throws CampaignError NO_SUCH_SEND, and whatever the first reading meets
 */
export async function watchProgress(
  context: Context,
  database: Database,
  id: number,
  json: boolean | undefined,
): Promise<void> {
  const first = await read(database, id);
  const quit = new AbortController();
  const stop = AbortSignal.any([context.signal, quit.signal]);
  const watched = await openView(context, database, id, json, () => quit.abort());
  const { view } = watched;
  try {
    view.show(first);
    watched.begin();
    for (let latest: Progress | null = first; !hasEnded(latest) && !stop.aborted; ) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
      // A database that hangs must not hold up the end.
      latest = await unlessAborted(readOrTell(database, id, view), stop);
      if (latest) view.show(latest);
    }
  } finally {
    await watched.end();
  }
}

const hasEnded = (progress: Progress | null): boolean =>
  progress?.status === 'completed' || progress?.status === 'cancelled';

async function read(database: Database, id: number): Promise<Progress> {
  const snapshot = await readSnapshot(database, id);
  if (!snapshot) throw noSuchSend(id);
  return progressOf(snapshot);
}

/** @returns null, with a word to the user, while the database is away */
async function readOrTell(
  database: Database,
  id: number,
  view: WatchView,
): Promise<Progress | null> {
  try {
    return await read(database, id);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    const explained = explainDatabaseError(error, database) as Error;
    view.note(`waiting: ${explained.message}`);
    return null;
  }
}

interface Watched {
  view: WatchView;
  /** From here on keys count. */
  begin(): void;
  end(): Promise<void>;
}

/** A bar with keys on a terminal that can draw one, else lines. */
async function openView(
  context: Context,
  database: Database,
  id: number,
  json: boolean | undefined,
  quit: () => void,
): Promise<Watched> {
  const { stdin, stdout, stderr, actor } = context;
  if (json || !stdout.isTTY || context.dumb) {
    const { createLineView } = await import('../view/watch.js');
    const view = createLineView(
      (text) => void write(stdout, text),
      (text) => void stderr.write(text),
      json ?? false,
    );
    return { view, begin: () => undefined, end: async () => view.end() };
  }
  const [{ createBarView }, { onKeys }, { onSuspend }, { WatchKeys }] = await Promise.all([
    import('../view/watch-bar.js'),
    import('./keys.js'),
    import('./suspend.js'),
    import('./watch-keys.js'),
  ]);
  const takesKeys = stdin.isTTY === true;
  const view = createBarView(stdout, context.color ?? false, takesKeys);
  const keys = new WatchKeys({
    database,
    id,
    actor,
    view,
    quit,
    suspend: () => suspension.suspend(),
  });
  const listen = (): (() => void) => (takesKeys ? onKeys(stdin, keys.press) : () => undefined);
  let release = (): void => undefined;
  const suspension = onSuspend(
    () => {
      release();
      view.leave();
    },
    () => {
      // First, for it stops a process that goes on in the background until it is in the foreground again.
      release = listen();
      view.resume();
    },
  );
  return {
    view,
    begin: () => {
      release = listen();
    },
    end: async () => {
      release();
      suspension.end();
      view.leave();
      await Promise.race([keys.end(), sleep(LAST_WORDS_MS, undefined, { ref: false })]);
      view.end();
    },
  };
}

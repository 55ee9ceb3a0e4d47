import { setTimeout as sleep } from 'node:timers/promises';
import { type Progress, progressOf } from '../domain/progress.js';
import { CampaignError } from '../errors.js';
import type { Database } from '../store/database.js';
import { explainDatabaseError, isUnavailable } from '../store/errors.js';
import { readSnapshot } from '../store/sends.js';
import * as steering from '../store/steering.js';
import type { WatchView } from '../view/watch.js';
import type { Context } from './context.js';
import { onKeys } from './keys.js';
import { write } from './output.js';
import { noSuchSend } from './refusals.js';

const LOOK_EVERY_MS = 500;

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
  const view = await createView(context, json);
  const quit = new AbortController();
  const stop = AbortSignal.any([context.signal, quit.signal]);
  const interactive = !json && context.stdout.isTTY && context.stdin.isTTY;
  const release = interactive
    ? onKeys(
        context.stdin,
        createSteering(context, database, id, view, () => quit.abort()),
      )
    : () => undefined;
  try {
    view.show(first);
    for (let latest: Progress | null = first; !hasEnded(latest) && !stop.aborted; ) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
      if (!stop.aborted) latest = await readOrTell(database, id, view);
      if (latest) view.show(latest);
    }
  } finally {
    release();
    view.end();
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

async function createView(context: Context, json: boolean | undefined): Promise<WatchView> {
  if (!json && context.stdout.isTTY) {
    const { createBarView } = await import('../view/watch-bar.js');
    return createBarView(context.stdout, context.color ?? false, context.stdin.isTTY === true);
  }
  const { createLineView } = await import('../view/watch.js');
  return createLineView(
    (text) => void write(context.stdout, text),
    (text) => void context.stderr.write(text),
    json ?? false,
  );
}

/** What the keys do: p pauses, r resumes, c cancels once y has confirmed it, q ends the watching. */
function createSteering(
  context: Context,
  database: Database,
  id: number,
  view: WatchView,
  quit: () => void,
): (key: string) => void {
  let asked = false;
  const steer = (name: string, done: Promise<steering.Steered | undefined>): void => {
    done.then(
      (result) =>
        view.note(
          result?.done
            ? name
            : `not ${name}: the send is ${result && 'status' in result ? result.status : 'gone'}`,
        ),
      (error: unknown) =>
        view.note(`not ${name}: ${error instanceof CampaignError ? error.message : String(error)}`),
    );
  };
  return (key) => {
    const confirmed = asked && key === 'y';
    if (asked && !confirmed) view.note('not cancelled');
    asked = key === 'c' && !asked;
    if (confirmed) steer('cancelled', steering.cancel(database, id, context.actor));
    else if (asked) view.note('cancel this send for good? y or n');
    else if (key === 'p') steer('paused', steering.pause(database, id, context.actor));
    else if (key === 'r') steer('resumed', steering.resume(database, id, context.actor));
    else if (key === 'q' || key === '\u0003') quit();
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { progressJson } from '../contract/progress.js';
import { watch } from '../operations/watch.js';
import type { WatchView } from '../view/watch.js';
import type { Context } from './context.js';
import { jsonLine, write } from './output.js';

/** What the last key began is waited for so long at the end. */
const LAST_WORDS_MS = 2_000;

/**
 * Shows a send's progress as it changes, until it is completed or cancelled, or the user has seen enough.
 * @throws CampaignError NO_SUCH_SEND, and whatever the first reading meets
 */
export async function watchProgress(context: Context, id: number): Promise<void> {
  // While it is waited for, a signal ends the command as it ends any other.
  await context.workspace.database();
  const quit = new AbortController();
  let watched: Watched | undefined;
  const readings = watch(context.workspace, {
    id,
    signal: AbortSignal.any([context.heedSignals(), quit.signal]),
    onAway: (reason) => watched?.view.note(`waiting: ${reason}`),
  });
  try {
    for await (const progress of readings) {
      if (watched) {
        watched.view.show(progress);
        continue;
      }
      watched = await openView(context, id, () => quit.abort());
      watched.view.show(progress);
      watched.begin();
    }
  } finally {
    await watched?.end();
  }
}

interface Watched {
  view: WatchView;
  /** From here on keys count. */
  begin(): void;
  end(): Promise<void>;
}

/** A bar with keys on a terminal that can draw one, else lines. */
async function openView(context: Context, id: number, quit: () => void): Promise<Watched> {
  const { stdin, stdout, stderr, workspace } = context;
  if (context.json || !stdout.isTTY || context.dumb) {
    const { createLineView } = await import('../view/watch.js');
    const view = createLineView(
      (text) => void write(stdout, text),
      (text) => void stderr.write(text),
      context.json ? (progress) => jsonLine(progressJson(progress)) : undefined,
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
  const view = createBarView(stdout, context.color, takesKeys);
  const keys = new WatchKeys({
    workspace,
    id,
    view,
    quit,
    suspend: () => suspension.suspend(),
  });
  const listen = (): (() => void) =>
    takesKeys ? onKeys(stdin, stdout, keys.press) : () => undefined;
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

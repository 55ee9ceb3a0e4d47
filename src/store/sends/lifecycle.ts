import type { Controls } from '../../domain/pacing.js';
import type { Send } from '../../domain/progress.js';
import type { SendStatus } from '../../domain/states.js';
import { writeEvent } from '../events.js';
import type { Database, Executor } from '../mysql/database.js';
import * as sends from './row.js';

/** What came of an operator's command: done, or the status that did not allow it. */
export type Steered = { done: true } | { done: false; status: SendStatus };

async function outcome(tx: Executor, id: number, done: boolean): Promise<Steered | undefined> {
  if (done) return { done };
  const send = await sends.readSend(tx, id);
  return send && { done, status: send.status };
}

/** Pauses a running send. @returns undefined when there is no such send */
export function pause(
  db: Database,
  id: number,
  actor: string,
  reason?: string,
): Promise<Steered | undefined> {
  return db.transaction(async (tx) => {
    const done = await sends.pauseSend(tx, id, reason ?? `paused by ${actor}`);
    if (done) await writeEvent(tx, { sendId: id, event: 'paused', actor, reason: reason ?? null });
    return outcome(tx, id, done);
  });
}

/** Lets a paused send go on. @returns undefined when there is no such send */
export function resume(db: Database, id: number, actor: string): Promise<Steered | undefined> {
  return db.transaction(async (tx) => {
    const done = await sends.resumeSend(tx, id);
    if (done) await writeEvent(tx, { sendId: id, event: 'resumed', actor });
    return outcome(tx, id, done);
  });
}

/** Ends a send that is not finished yet, for good. @returns undefined when there is no such send */
export function cancel(
  db: Database,
  id: number,
  actor: string,
  reason?: string,
): Promise<Steered | undefined> {
  return db.transaction(async (tx) => {
    const done = (await sends.cancelSend(tx, id)) || (await sends.cancelImport(tx, id));
    if (done)
      await writeEvent(tx, { sendId: id, event: 'cancelled', actor, reason: reason ?? null });
    return outcome(tx, id, done);
  });
}

const controlsOf = ({ batchSize, delayMs, cooldownSeconds }: Send): Controls => ({
  batchSize,
  delayMs,
  cooldownSeconds,
});

/** Changes the pacing of a send that is not finished. @returns undefined when there is no such send */
export function setControls(
  db: Database,
  id: number,
  actor: string,
  change: Partial<Controls>,
): Promise<Steered | undefined> {
  return db
    .transaction(async (tx) => {
      const send = await sends.readSend(tx, id);
      if (!send) return undefined;
      const from = controlsOf(send);
      const to = { ...from, ...change };
      const done = await sends.changeControls(tx, id, from, to);
      if (done)
        await writeEvent(tx, { sendId: id, event: 'controls', actor, details: { from, to } });
      // Changed by somebody else since it was read: once more, from what is there now.
      return done || isFinished(send.status) ? { done, status: send.status } : 'again';
    })
    .then((result) => (result === 'again' ? setControls(db, id, actor, change) : result));
}

const isFinished = (status: SendStatus): boolean =>
  status === 'completed' || status === 'cancelled';

import type { Run } from '../../domain/refusal-watch.js';
import type { NewHold, RelayState } from '../../domain/relay.js';
import type { Database } from '../mysql/database.js';
import { explained } from '../mysql/errors.js';
import type { Executor } from '../mysql/packet.js';
import { giveRunBack } from '../recipients/give-back.js';
import * as relays from './relays.js';

/**
 * Gives rows back that a limit of the relay was charged to, as far as their sends go on: a run a send.
 * @param tx in a transaction
 */
async function uncharge(tx: Executor, deferred: ReadonlyMap<number, Run>): Promise<void> {
  // In the order of their numbers, as whoever else takes several.
  for (const [sendId, run] of [...deferred].sort(([one], [other]) => one - other)) {
    // Locks the send's row before the ledger's, as every transaction does.
    const { affectedRows } = await tx.run(
      "UPDATE CAMPAIGN_SENDS SET ID = ID WHERE ID = ? AND STATUS IN ('running', 'paused')",
      [sendId],
    );
    if (affectedRows === 1) await giveRunBack(tx, sendId, run);
  }
}

/** The row of a relay as schedulers see it, with errors as the ledger has them. */
export function createSharedRelay(db: Database, name: string) {
  const on = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => explained(db, call);
  const inTransaction = <A extends unknown[], R>(
    call: (tx: Executor, name: string, ...args: A) => Promise<R>,
  ) => on((...args: A) => db.transaction((tx) => call(tx, name, ...args)));

  return {
    read: on(async (): Promise<RelayState> => {
      const relay = await relays.readRelayState(db, name);
      if (relay) return relay;
      await relays.addRelay(db, name);
      return (await relays.readRelayState(db, name)) as RelayState;
    }),
    noteAccepted: on((agoMs: number) => relays.noteAccepted(db, name, agoMs)),
    raise: on((hold: NewHold, deferred: ReadonlyMap<number, Run>) =>
      db.transaction(async (tx) => {
        await uncharge(tx, deferred);
        return relays.raiseHold(tx, name, hold);
      }),
    ),
    winProbe: inTransaction(relays.winProbe),
    keepProbe: inTransaction(relays.keepProbe),
    returnProbe: inTransaction(relays.returnProbe),
    extend: inTransaction(relays.extendHold),
    end: inTransaction(relays.endHold),
    lapse: inTransaction(relays.lapseHold),
  };
}

import { setMaxListeners } from 'node:events';
import { within } from '../domain/races.js';
import type { Report } from '../domain/scheduler-events.js';
import type { Claims } from './claims.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import { LAST_WORDS_MS } from './heartbeat.js';
import type { Transport } from './ports.js';

/** After the drain limit, what was cut short has this long to be recorded. */
const RECORD_AFTER_CUT_MS = 5_000;

/** The end of a scheduler's batches, by a signal from outside or because there is nothing left to do. */
export class Ending {
  private readonly halt = new AbortController();
  private readonly abandon = new AbortController();
  /** Nothing more starts; what is on the wire may end. */
  readonly stopping: AbortSignal;
  /** What cannot be recorded now is left to the next claim. */
  readonly abandoned: AbortSignal = this.abandon.signal;

  /** @param stop the signal from outside */
  constructor(private readonly stop: AbortSignal) {
    this.stopping = AbortSignal.any([stop, this.halt.signal]);
    setMaxListeners(0, stop, this.stopping, this.abandoned);
  }

  /** Nothing more starts; what is on the wire may end until the drain limit, and is then cut and recorded. */
  async drain(
    claims: Claims,
    dispatcher: Dispatcher,
    transport: Transport,
    report: Report,
    limits: { drainSeconds: number; staleSeconds: number },
  ): Promise<void> {
    this.halt.abort();
    if (claims.size === 0) return;
    if (this.stop.aborted) report({ kind: 'stopping', onTheWire: transport.onTheWire, ...limits });
    const ended = claims.ended();
    if (await within(ended, limits.drainSeconds * 1000)) return;
    report({ kind: 'drain-limit', onTheWire: transport.onTheWire });
    dispatcher.cut();
    if (await within(ended, RECORD_AFTER_CUT_MS)) return;
    this.abandon.abort();
    await within(ended, LAST_WORDS_MS);
  }
}

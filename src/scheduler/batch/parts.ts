import type { ClaimedSend } from '../../domain/claim.js';
import type { Instant } from '../../domain/lease.js';
import type { JobOwner } from '../dispatch/job.js';
import type { Probe } from '../hold/probe.js';
import type { Wake } from '../wake.js';
import { FileLoads } from './file-loads.js';
import { Flights } from './flights.js';
import { InFlight } from './in-flight.js';
import { MadeAhead } from './made-ahead.js';
import type { OpenSend } from './open-sends.js';
import { Outage } from './outage.js';
import { Reader } from './reader.js';
import { Results } from './results.js';
import { SelfPause } from './self-pause.js';
import { Standing } from './standing.js';
import { Starter } from './starter.js';
import { Steps } from './steps.js';
import type { BatchTools } from './tools.js';

/** What works together in one batch. */
export interface BatchParts {
  openSend: OpenSend;
  standing: Standing;
  inFlight: InFlight;
  flights: Flights;
  selfPause: SelfPause;
  results: Results;
  starter: Starter;
  reader: Reader;
  outage: Outage;
  steps: Steps;
}

/**
 * @param probe of a batch that finds out whether the relay takes anything
 * @param owner of the messages handed out
 * @param signal ends what the batch waits for
 */
export function assemble(
  claimed: ClaimedSend,
  askedAt: Instant,
  openSend: OpenSend,
  probe: Probe | null,
  owner: JobOwner,
  signal: Wake,
  tools: BatchTools,
): BatchParts {
  const { claim, cursorSeq, controls } = claimed;
  const { ledger, recorder, lease, clock, hold } = tools;
  const standing = new Standing(claimed, askedAt, lease, clock);
  const inFlight = new InFlight(cursorSeq, hold);
  const flights = new Flights(claim, recorder);
  const selfPause = new SelfPause(openSend, standing, tools);
  const results = new Results(openSend, inFlight, selfPause, tools, signal.wake, probe, claimed);
  const fileLoads = new FileLoads(openSend, inFlight, selfPause, tools.files, signal.wake);
  const { make } = openSend.message;
  const madeAhead = make
    ? new MadeAhead((row, now) => make(row, now, fileLoads.contentsOf(row)), clock)
    : null;
  const starter = new Starter(
    owner,
    openSend,
    standing,
    inFlight,
    flights,
    results,
    fileLoads,
    madeAhead,
    tools,
  );
  const reader = new Reader(openSend, inFlight, ledger, clock);
  if (probe) reader.readFor(probe.question);
  const outage = new Outage(signal, tools);
  const steps = new Steps(
    controls.batchSize,
    { standing, inFlight, flights, reader, outage, starter, openSend },
    tools,
  );
  return {
    openSend,
    standing,
    inFlight,
    flights,
    selfPause,
    results,
    starter,
    reader,
    outage,
    steps,
  };
}

import { uptime } from 'node:os';
import { type DkimMode, type DkimSettings, dnsNameOf, skippedFields } from '../domain/dkim.js';
import { systemClock } from '../domain/lease.js';
import type { MessageSource } from '../domain/message.js';
import { DEFAULT_RELAY } from '../domain/relay.js';
import type { Report, SchedulerResult } from '../domain/scheduler-events.js';
import { Host } from '../host/host.js';
import { nameWorker } from '../host/name-worker.js';
import type { StateFolder } from '../host/state-folder.js';
import { compileSigned } from '../message/signed.js';
import * as scheduler from '../scheduler/loop.js';
import type { Ledger, SharedRelay, Transport } from '../scheduler/ports.js';
import { createTransport } from '../smtp/transport.js';
import type { SmtpSettings } from '../smtp/url.js';
import { createLedger } from '../store/ledger.js';
import { readsMayLag } from '../store/mysql/cluster.js';
import type { Database } from '../store/mysql/database.js';
import { createSharedRelay } from '../store/relays/shared-relay.js';
import type { WorkScope } from '../store/sends/due.js';
import { fileLoader } from './load-file.js';
import type { Workspace } from './workspace.js';

/** Sessions of a scheduler: a database that has not answered for so long is gone, and another host may be tried. */
export const SCHEDULER_SESSIONS = {
  statementTimeoutMs: 30_000,
  writableOnly: true,
  causalReads: true,
} as const;

export interface SchedulerRun extends Omit<scheduler.SchedulerOptions, 'worker' | 'isGuest'> {
  smtp: SmtpSettings;
  dkim: DkimSettings;
  /** Messages after which a connection is closed; 0: any number. */
  messagesPerConnection: number;
  /** Where the worker keeps what its successor learns its end from: the first that can be used. */
  stateFolders: readonly StateFolder[];
  /** For this send alone: it looks for no other, takes over nothing, and heeds what holds the relay, which others look after. */
  only?: number | undefined;
}

/**
 * Claims sends that are due and mails them in batches, until there is nothing to do as `until` has it, or the signal is
 * aborted; then lets what is on the wire end.
 * @throws CampaignError DATABASE_UNREACHABLE where the first look at the database fails, or any with `once`
 */
export async function runScheduler(
  workspace: Workspace,
  { smtp, dkim, messagesPerConnection, stateFolders, only, ...options }: SchedulerRun,
  { report, signal }: { report: Report; signal: AbortSignal },
): Promise<SchedulerResult> {
  const database = await workspace.database(SCHEDULER_SESSIONS);
  const { connections } = options;
  const name = nameWorker();
  const host = await Host.open({
    folders: stateFolders,
    worker: name.worker,
    flights: connections * scheduler.MARKED_PER_CONNECTION,
  });
  tellWhatIsNotKept(host, report);
  tellWhatSigns(dkim, report);
  void tellWhetherReadsLag(database, report);
  return scheduler.runScheduler(
    { ...options, worker: { ...name, life: host.life }, isGuest: only !== undefined },
    {
      host,
      ledger: ledgerOf(database, options.staleSeconds, {
        only,
        dkimDomains: dkim.keys.map(({ domain }) => domain),
      }),
      relay: relayOf(database, only),
      transport: openTransport(host, smtp, {
        connections,
        messagesPerConnection,
        onGivenUp: (way) => report({ kind: 'commands-ahead-given-up', way }),
        onPlaces: (places, reason) =>
          report({ kind: 'connections-learnt', connections: places, reason }),
      }),
      compile: compiler({ ...dkim, skip: skippedFields(dkim.skip, smtp.host) }, report),
      loadFile: fileLoader(database),
      clock: systemClock,
      uptimeMs: () => uptime() * 1000,
      random: Math.random,
      report,
    },
    signal,
  );
}

function ledgerOf(database: Database, staleSeconds: number | undefined, scope: WorkScope): Ledger {
  const ledger = createLedger(database, staleSeconds, scope);
  if (scope.only === undefined) return ledger;
  const none = async (): Promise<never[]> => [];
  return {
    ...ledger,
    findStale: none,
    findSilent: none,
    findNeighbours: none,
    findUnsignable: none,
    removeOldFiles: async () => false,
  };
}

/** Where it is for one send it writes nothing of the relay, over which others may send something else entirely. */
function relayOf(database: Database, only: number | undefined): SharedRelay {
  const relay = createSharedRelay(database, DEFAULT_RELAY);
  if (only === undefined) return relay;
  const not = async (): Promise<boolean> => false;
  return {
    read: relay.read,
    noteAccepted: async () => undefined,
    raise: not,
    winProbe: not,
    keepProbe: not,
    returnProbe: not,
    extend: not,
    end: not,
    lapse: not,
  };
}

function tellWhatSigns({ keys, doubts }: DkimSettings, report: Report): void {
  const named = keys.map((key) => `${dnsNameOf(key)} (${key.algorithm}, ${key.bits} bits)`);
  report({ kind: 'dkim-keys', keys: named });
  for (const reason of doubts) report({ kind: 'dkim-doubt', reason });
}

/** Compiles messages as they are signed, and tells of those that are not. */
function compiler(dkim: DkimSettings, report: Report) {
  return (source: MessageSource, mode: DkimMode) => {
    const { message, signing } = compileSigned(source, mode, dkim);
    if (signing.keys.length === 0) {
      const because = mode === 'off' ? 'off' : dkim.keys.length === 0 ? 'no-keys' : 'no-key';
      report({ kind: 'unsigned', sendId: source.sendId, domain: signing.domain, because });
    }
    return message;
  };
}

/** Once: what this process cannot leave to a successor. */
function tellWhatIsNotKept({ trouble, recorder, recorderTrouble }: Host, report: Report): void {
  if (trouble !== null) report({ kind: 'no-life-sign', reason: trouble });
  if (recorderTrouble !== null) report({ kind: 'no-recorder', reason: recorderTrouble });
  if (!recorder) return;
  recorder.onFailure = (reason) => report({ kind: 'no-recorder', reason });
}

/** Once, beside the first look at the database: where that fails, it is told there. */
async function tellWhetherReadsLag(database: Database, report: Report): Promise<void> {
  const reason = await readsMayLag(database).catch(() => null);
  if (reason !== null) report({ kind: 'reads-may-lag', reason });
}

/** Where it cannot be opened, nothing is left on the host. */
function openTransport(host: Host, ...how: Parameters<typeof createTransport>): Transport {
  try {
    return createTransport(...how);
  } catch (error) {
    host.close();
    throw error;
  }
}

import { randomBytes } from 'node:crypto';
import { uptime } from 'node:os';
import { type DkimSettings, NO_DKIM } from '../../src/domain/dkim.ts';
import { type Clock, systemClock } from '../../src/domain/lease.ts';
import { DEFAULT_RELAY } from '../../src/domain/relay.ts';
import type { Report, SchedulerEvent, SchedulerResult } from '../../src/domain/scheduler-events.ts';
import { megabytes } from '../../src/domain/scheduler-limits.ts';
import { NO_LIFE_SIGN } from '../../src/domain/worker.ts';
import { compileSigned } from '../../src/message/signed.ts';
import { fileLoader } from '../../src/operations/load-file.ts';
import { runScheduler, type SchedulerOptions } from '../../src/scheduler/loop.ts';
import type { Host, Ledger, SharedRelay, Transmission } from '../../src/scheduler/ports.ts';
import { createTransport } from '../../src/smtp/transport.ts';
import type { SmtpSettings } from '../../src/smtp/url.ts';
import { createLedger } from '../../src/store/ledger.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { createSharedRelay } from '../../src/store/relays/shared-relay.ts';

export interface RunningScheduler {
  worker: string;
  events: SchedulerEvent[];
  /** As by SIGTERM. */
  stop(): Promise<SchedulerResult>;
  done: Promise<SchedulerResult>;
}

export interface SchedulerSetup extends Partial<SchedulerOptions> {
  clock?: Clock;
  /** What it signs with. */
  dkim?: DkimSettings;
  uptimeMs?: () => number;
  /** Told of each event as it happens. */
  report?: Report;
  /** Stands between the scheduler and its ledger. */
  ledger?: (ledger: Ledger) => Ledger;
  /** Stands between the scheduler and its relay's row. */
  relay?: (relay: SharedRelay) => SharedRelay;
  /** One that proves nobody dead when left out; its life sign goes into `worker`. */
  host?: Host;
  /** Stands between the scheduler and its connections: what each message is made to before it goes to one. */
  transmission?: (transmission: Transmission) => Transmission;
}

const NO_HOST: Host = {
  recorder: null,
  readFlights: () => null,
  isDead: async () => false,
  forget: () => undefined,
  close: () => undefined,
};

/** Runs a scheduler in this process against a real database and a real SMTP server. */
export function startScheduler(
  database: Database,
  smtp: SmtpSettings,
  setup: SchedulerSetup = {},
): RunningScheduler {
  const {
    clock = systemClock,
    dkim = NO_DKIM,
    ledger: wrap = (plain) => plain,
    relay: wrapRelay = (plain) => plain,
    transmission: made = (plain) => plain,
    report = () => undefined,
    host = NO_HOST,
    uptimeMs = () => uptime() * 1000,
    ...options
  } = setup;
  const connections = options.connections ?? 4;
  const worker = `test:${process.pid}:${randomBytes(4).toString('hex')}`;
  const events: SchedulerEvent[] = [];
  const abort = new AbortController();
  const transport = createTransport(smtp, {
    connections,
    messagesPerConnection: 0,
    onPlaces: (count, reason) =>
      events.push({ kind: 'connections-learnt', connections: count, reason }),
  });
  const carry = transport.carry.bind(transport);
  transport.carry = (first, following) =>
    carry(made(first), () => {
      const next = following();
      return next && made(next);
    });
  const done = runScheduler(
    {
      worker: { worker, host: 'test', pid: process.pid, life: NO_LIFE_SIGN },
      connections,
      pollSeconds: 1,
      until: 'idle',
      maxWaitSeconds: null,
      drainSeconds: 10,
      sessionTtlSeconds: 1800,
      retry: { firstSeconds: 1, maxSeconds: 4 },
      backoffMaxSeconds: 60,
      maxServerFailures: 10,
      blockAfter: 20,
      giveUpSeconds: 259_200,
      messageMemoryBytes: megabytes(64),
      fileDays: 30,
      hold: { rate: { firstMs: 200, maxMs: 1_000 }, quota: { firstMs: 500, maxMs: 2_000 } },
      ...options,
    },
    {
      ledger: wrap(
        createLedger(database, options.staleSeconds, {
          dkimDomains: dkim.keys.map(({ domain }) => domain),
        }),
      ),
      relay: wrapRelay(createSharedRelay(database, DEFAULT_RELAY)),
      transport,
      host,
      loadFile: fileLoader(database),
      compile: (source, mode) => compileSigned(source, mode, dkim).message,
      clock,
      uptimeMs,
      random: Math.random,
      report: (event) => {
        if (event.kind !== 'message') events.push(event);
        report(event);
      },
    },
    abort.signal,
  );
  done.catch(() => undefined);
  return {
    worker,
    events,
    done,
    stop: () => {
      abort.abort();
      return done;
    },
  };
}

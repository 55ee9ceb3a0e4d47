import type { SilentClaim } from './claim.js';
import type { TakenOver } from './settlement.js';

/** Commands of one message together (RFC 2920), or those of the next behind a message's dot. */
export type WayAhead = 'pipelining' | 'behindDot';

/** What a scheduler tells of its work; wording and drawing are the view's. */
export type SchedulerEvent =
  | { kind: 'started'; worker: string; connections: number; pollSeconds: number }
  | { kind: 'claimed'; sendId: number; batchSize: number }
  | { kind: 'session-opened'; sendId: number; open: number }
  | {
      kind: 'batch-ended';
      sendId: number;
      status: string;
      sent: number;
      failed: number;
      unknown: number;
      deferred: number;
      returned: number;
      /** Of the whole send. */
      unknownInAll: number;
      ms: number;
    }
  | { kind: 'message'; sendId: number; email: string; outcome: string; text: string }
  | { kind: 'paused-itself'; sendId: number; reason: string }
  | { kind: 'claim-lost'; sendId: number; settledLate: number }
  | ({ kind: 'held' } & SilentClaim)
  | { kind: 'reclaimed'; sendId: number; from: string | null; unknown: number }
  | ({ kind: 'taken-over'; sendId: number; from: string | null; recorded: boolean } & TakenOver)
  /** What a dead worker had recorded settled rows that others had made unknown. */
  | { kind: 'settled-late'; sendId: number; from: string; settled: number }
  /** Nothing says from now on how far a message has come when this process is killed. */
  | { kind: 'no-recorder'; reason: string }
  /** Nothing is left on this host for a successor to see whether we live. */
  | { kind: 'no-life-sign'; reason: string }
  | { kind: 'server-trouble'; reason: string; waitMs: number }
  | { kind: 'commands-ahead-given-up'; way: WayAhead }
  | { kind: 'connections-learnt'; connections: number; reason: string }
  | { kind: 'database-away'; reason: string; waitMs: number }
  | { kind: 'database-back'; afterMs: number }
  | { kind: 'fault'; sendId: number; reason: string }
  | { kind: 'stopping'; onTheWire: number; drainSeconds: number; staleSeconds: number }
  | { kind: 'drain-limit'; onTheWire: number }
  | { kind: 'stopped' };

export type Report = (event: SchedulerEvent) => void;

/** What a scheduler ended with. */
export interface SchedulerResult {
  /** Sends that paused themselves while the scheduler ran. */
  pausedThemselves: { sendId: number; reason: string }[];
  /** What the SMTP server's last failure was, if nothing has succeeded since. */
  serverTrouble: string | null;
}

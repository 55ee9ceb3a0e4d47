import type { SilentClaim } from './claim.js';
import type { HoldKind } from './relay.js';
import type { TakenOver } from './settlement.js';

/** Commands of one message together (RFC 2920), or those of the next behind a message's dot. */
export type WayAhead = 'pipelining' | 'behindDot';

/** What a scheduler tells of its work; wording and drawing are the view's. */
export type SchedulerEvent =
  | { kind: 'started'; worker: string; connections: number; pollSeconds: number }
  /** The DKIM keys that messages are signed with, by their places in DNS; none where they are not. */
  | { kind: 'dkim-keys'; keys: string[] }
  /** What a DKIM key should be and is not. */
  | { kind: 'dkim-doubt'; reason: string }
  /** A send goes out without a signature of ours: it says so itself, or there is no key for its domain. */
  | { kind: 'unsigned'; sendId: number; domain: string; because: 'off' | 'no-keys' | 'no-key' }
  /** A send waits for a scheduler that has a DKIM key of its domain, and none that runs has. */
  | { kind: 'unsignable'; sendId: number; domain: string }
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
      /** Given back, for the relay told of a limit of its own. */
      limited: number;
      /** Suppressed, and so not of the batch. */
      skipped: number;
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
  /** Somebody who was suppressed on another node of the cluster may be mailed for a moment. */
  | { kind: 'reads-may-lag'; reason: string }
  /** Addresses that have no mailbox could not be suppressed; told once while a send is open. */
  | { kind: 'not-suppressed'; sendId: number; reason: string }
  /** What files hold of sends that ended long ago could not be removed, which is tried again. */
  | { kind: 'files-not-removed'; reason: string }
  | { kind: 'server-trouble'; reason: string; waitMs: number }
  /** Once for each hold. */
  | {
      kind: 'relay-held';
      relay: string;
      hold: HoldKind;
      reason: string;
      until: Date;
      waitMs: number;
    }
  | { kind: 'relay-free'; relay: string; heldMs: number }
  /** Everybody's first try was put off in the same words: one of them is tried again before anything new. */
  | { kind: 'first-tries-deferred'; rows: number; reason: string; waitMs: number }
  /** Its second try was accepted. */
  | { kind: 'greylisting'; reason: string }
  | { kind: 'commands-ahead-given-up'; way: WayAhead }
  | { kind: 'connections-learnt'; connections: number; reason: string }
  /** The database's clock was set, or another host of it answers. */
  | { kind: 'clock-jumped'; ms: number }
  /** No message may start for long. */
  | { kind: 'rate-reached'; limit: string; waitMs: number }
  | { kind: 'database-away'; reason: string; waitMs: number }
  | { kind: 'database-back'; afterMs: number }
  | { kind: 'fault'; sendId: number; reason: string }
  | { kind: 'stopping'; onTheWire: number; drainSeconds: number; staleSeconds: number }
  | { kind: 'drain-limit'; onTheWire: number }
  | { kind: 'stopped' };

export type Report = (event: SchedulerEvent) => void;

/** A relay's hold, or a rate of ours that is used up, for whoever does not wait for its end. */
export interface HeldRelay {
  kind: HoldKind;
  /** The relay's words, the operator's, or which rate. */
  reason: string;
  /** When the next probe is due, or a message may start again, by the database's clock. */
  until: Date;
}

/** What a scheduler ended with. */
export interface SchedulerResult {
  /** Sends that paused themselves while the scheduler ran. */
  pausedThemselves: { sendId: number; reason: string }[];
  /** What the SMTP server's last failure was, if nothing has succeeded since. */
  serverTrouble: string | null;
  /** What the relay is held by that ended the run: met by its batch, or longer than it was to wait. */
  relayHeld: HeldRelay | null;
}

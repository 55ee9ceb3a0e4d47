import type { LimitUse } from './limit-use.js';

/** The relay of CAMPAIGN_SMTP_URL. */
export const DEFAULT_RELAY = 'default';

/** Connections over all hosts that may be set. */
export const RELAY_CONNECTIONS = { min: 1, max: 10_000 } as const;

/** An operator's hold is no longer than this. */
export const LONGEST_HOLD_DAYS = 366;

/** What holds a relay: its own limit on how fast or how much it is sent, or the operator. */
export type HoldKind = 'rate' | 'quota' | 'operator';
/** What a relay says of its own accord. */
export type LimitKind = Exclude<HoldKind, 'operator'>;

/** Nothing starts on a held relay but, once its time has come, one probe. All times are by the database's clock. */
export interface Hold {
  /** Grows with each hold. */
  id: number;
  kind: HoldKind;
  /** The relay's words, or the operator's. */
  reason: string;
  /** When the next probe is due; when it ends, if it is the operator's. */
  until: Date;
  since: Date;
  /** Probes that were refused. */
  tries: number;
  /** The claim that probes it. */
  probeBy: string | null;
}

/** How much a relay may be asked of, over all hosts. */
export interface RelayLimits {
  /** How much may be sent in which time, as the operator gave it. */
  rates: string | null;
  connections: number | null;
}

/** A relay's limits, and what it is under: its row of CAMPAIGN_RELAYS. */
export interface RelayState extends RelayLimits {
  name: string;
  /** Of the last hold there was; 0 before the first. */
  holdId: number;
  hold: Hold | null;
  /** An operator's hold is over by its time, of which nobody has told yet. */
  isLapsed: boolean;
  /** To within seconds. */
  lastAcceptedAt: Date | null;
  /** When this was read. */
  now: Date;
}

export interface Relay extends RelayState {
  /** How each of its rates stands; empty where there are none, or they cannot be read. */
  limits: readonly LimitUse[];
}

/** A hold to be raised. */
export interface NewHold {
  /** The last one that is known of: who does not know of the last there was raises none. */
  holdId: number;
  kind: LimitKind;
  reason: string;
  /** Until its first probe. */
  waitMs: number;
  actor: string;
}

/** A claim that probes a hold. */
export interface RelayProbe {
  holdId: number;
  by: string;
}

/** Refused probes before anybody is given up for a hold: it may have stood while there was nothing to send. */
const PROBES_AT_LEAST = 10;

/** Whether its hold has stood for so long, and through so many probes, that who waited as long waits for nothing. */
export function isHopeless(
  { hold, now }: Pick<RelayState, 'hold' | 'now'>,
  afterMs: number,
): boolean {
  if (!hold || hold.kind === 'operator' || hold.tries < PROBES_AT_LEAST) return false;
  return now.getTime() - hold.since.getTime() >= afterMs;
}

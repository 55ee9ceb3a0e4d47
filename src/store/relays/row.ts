import { type LeaseState, NOTHING_LEASED } from '../../domain/leases.js';
import { type LimitUse, limitUse } from '../../domain/limit-use.js';
import { readRates } from '../../domain/rates.js';
import type { HoldKind, Relay, RelayState } from '../../domain/relay.js';
import { type Columns, select } from '../columns.js';
import type { Statement } from '../mysql/packet.js';
import { DATABASE_MICROS } from './states.js';

/** A row of CAMPAIGN_RELAYS, but for how its rates stand. */
export interface RelayStateRow
  extends Pick<RelayState, 'name' | 'rates' | 'connections' | 'holdId' | 'lastAcceptedAt' | 'now'> {
  kind: HoldKind | null;
  reason: string | null;
  until: Date | null;
  since: Date | null;
  tries: number;
  probeBy: string | null;
}

/** All of it. */
export interface RelayRow extends RelayStateRow {
  leases: string | null;
  micros: number;
}

/** Columns of CAMPAIGN_RELAYS `l`, for `toRelayState`. */
export const RELAY_STATE: Columns<keyof RelayStateRow> = {
  name: 'l.NAME',
  rates: 'l.RATES',
  connections: 'l.CONNECTIONS',
  holdId: 'l.HOLD_ID',
  kind: 'l.HOLD_KIND',
  reason: 'l.HOLD_REASON',
  until: 'l.HELD_UNTIL',
  since: 'l.HELD_SINCE',
  tries: 'l.TRIES',
  probeBy: 'l.PROBE_BY',
  lastAcceptedAt: 'l.LAST_ACCEPTED_AT',
  now: 'UTC_TIMESTAMP(3)',
};

const RELAY: Columns<keyof RelayRow> = {
  ...RELAY_STATE,
  leases:
    "(SELECT s.STATE FROM CAMPAIGN_RELAY_STATES s WHERE s.NAME = l.NAME AND s.KIND = 'rates')",
  micros: DATABASE_MICROS,
};

/** Every relay's; `toRelay` reads each. */
export const RELAYS: string = `SELECT ${select(RELAY)} FROM CAMPAIGN_RELAYS l`;

/** For a packet; `toRelay` reads what it gives. */
export const relayStatement = (name: string): Statement => ({
  sql: `${RELAYS} WHERE l.NAME = ?`,
  params: [name],
});

export function toRelayState(row: RelayStateRow): RelayState {
  const { name, rates, connections, holdId, lastAcceptedAt, now } = row;
  const { kind, reason, until, since, tries, probeBy } = row;
  const isLapsed = kind === 'operator' && until !== null && until <= now;
  const isHeld = kind !== null && until !== null && !isLapsed;
  return {
    name,
    rates,
    connections,
    holdId,
    lastAcceptedAt,
    now,
    isLapsed,
    hold: isHeld
      ? { id: holdId, kind, reason: reason ?? '', until, since: since ?? now, tries, probeBy }
      : null,
  };
}

/** @param rows of `relayStatement`; @returns undefined when there is no such relay */
export function toRelay(rows: unknown): Relay | undefined {
  const [row] = rows as RelayRow[];
  if (!row) return undefined;
  return { ...toRelayState(row), limits: limitsOf(row.rates, row.leases, row.micros / 1000) };
}

/** @param databaseMs by the database's clock */
function limitsOf(rates: string | null, leases: string | null, databaseMs: number): LimitUse[] {
  const read = readRates(rates ?? 'none');
  if ('wanted' in read) return [];
  const state = leases === null ? NOTHING_LEASED : (JSON.parse(leases) as LeaseState);
  // The time of leases does not go back, whatever the clock does.
  return limitUse(state, read.limits, Math.max(state.at, databaseMs - state.shiftMs));
}

import { ConnectionLimit } from '../domain/connection-limit.js';
import { CampaignError } from '../errors.js';
import { connectionOptions, loginOf } from './connect.js';
import { Connections, type ConnectionTimeouts } from './connections.js';
import { Pool, type PoolOptions } from './pool.js';
import type { SmtpSettings } from './url.js';

export interface TransportOptions extends PoolOptions {
  timeouts?: Partial<TransportTimeouts>;
}

interface TransportTimeouts extends ConnectionTimeouts {
  /** Milliseconds until one more connection is tried once the server has taken no more. */
  fewer: number;
}

/** RFC 5321 §4.5.3.2, but for `connect`, `behindDot`, `idle` and `fewer`, which it leaves open. */
const TIMEOUTS: TransportTimeouts = {
  connect: 30_000,
  greeting: 300_000,
  command: 300_000,
  data: 120_000,
  block: 180_000,
  dot: 600_000,
  behindDot: 30_000,
  idle: 30_000,
  fewer: 1_000,
};

/**
 * The deadlines that a URL sets by nodemailer's names. `socketTimeout` leaves alone the answer to the final dot: given up
 * early, it would leave the message unknown.
 */
function timeoutsOf({ options }: SmtpSettings): Partial<TransportTimeouts> {
  const { connectionTimeout, greetingTimeout, socketTimeout } = options as Record<
    string,
    number | undefined
  >;
  return {
    ...(connectionTimeout ? { connect: connectionTimeout } : {}),
    ...(greetingTimeout ? { greeting: greetingTimeout } : {}),
    ...(socketTimeout ? { command: socketTimeout, data: socketTimeout, block: socketTimeout } : {}),
  };
}

/**
 * @throws CampaignError BAD_FILE when the authorities' file cannot be read
 */
export function createTransport(settings: SmtpSettings, options: TransportOptions): Pool {
  const timeouts = { ...TIMEOUTS, ...timeoutsOf(settings), ...options.timeouts };
  let handshakeOptions: object;
  try {
    handshakeOptions = connectionOptions(settings, timeouts);
  } catch (error) {
    throw new CampaignError(
      'BAD_FILE',
      `the SMTP server's certificate authorities cannot be read: ${(error as Error).message}`,
      'give a readable PEM file as tls-ca in CAMPAIGN_SMTP_URL',
    );
  }
  return new Pool(
    loginOf(settings),
    new ConnectionLimit(options.connections, timeouts.fewer),
    new Connections(settings, handshakeOptions, timeouts),
    options,
  );
}

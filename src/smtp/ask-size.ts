import { connectionOptions } from './connect.js';
import { shakeHands } from './handshake.js';
import type { SmtpSettings } from './url.js';

/** Nobody waits long for what is only asked beforehand. */
const TIMEOUTS = { connect: 3_000, greeting: 3_000 };

/** Bytes that a server takes in a message (RFC 1870), without a login; null where it does not say, or cannot be asked. */
export async function askSize(settings: SmtpSettings): Promise<number | null> {
  const { user: _user, password: _password, ...anonymous } = settings;
  try {
    const options = connectionOptions(anonymous, TIMEOUTS);
    const { signal } = new AbortController();
    const handshake = await shakeHands(anonymous, options, TIMEOUTS, signal);
    if ('failure' in handshake) return null;
    const { socket, maxSize } = handshake.connection;
    socket.end('QUIT\r\n');
    socket.unref();
    return maxSize || null;
  } catch {
    return null;
  }
}

import type { SmtpSettings } from '../smtp/url.js';
import type { DatabaseAddress } from '../store/mysql/url.js';
import { isSameProcess } from './processes.js';
import { databaseAddress, readState } from './state.js';

const smtpSettings = (port: number): SmtpSettings => ({
  host: '127.0.0.1',
  port,
  secure: false,
  startTls: 'never',
  verifyCertificate: true,
  options: {},
});

/** Where the sandbox's two servers are to be reached; undefined unless both run. */
export function findSandbox(
  directory: string,
): { database: DatabaseAddress; smtp: SmtpSettings } | undefined {
  const { database, smtp } = readState(directory);
  if (!database || !smtp || !isSameProcess(database) || !isSameProcess(smtp)) return undefined;
  return { database: databaseAddress(database.socketPath), smtp: smtpSettings(smtp.port) };
}

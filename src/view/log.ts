import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export type LogFormat = 'text' | 'json';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The running scheduler's log, one line an event, on `stream`: words alone, or words and details as JSON. */
export function createLogger(
  stream: NodeJS.WriteStream,
  format: LogFormat,
  level: LogLevel,
  colour: boolean,
): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (format === 'json') {
    const destination = pino.destination({ fd: 2, sync: true });
    // A log that cannot be written, on a full disk say, must not end what it tells of.
    destination.on('error', () => undefined);
    return pino(options, destination);
  }
  return pino(
    options,
    pretty({
      destination: stream,
      colorize: colour,
      translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
      hideObject: true,
      sync: true,
    }),
  );
}

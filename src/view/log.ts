import { Chalk } from 'chalk';
import pino, { type Logger } from 'pino';

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
  const textLine = textLines(colour);
  return pino(options, { write: (line) => void stream.write(textLine(line)) });
}

/** Turns a line of JSON into one of words: `[2026-11-28 09:00:00] WARN: …`, in the host's own time. */
function textLines(colour: boolean): (line: string) => string {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const paint: Record<number, (text: string) => string> = {
    [pino.levels.values['info'] as number]: chalk.green,
    [pino.levels.values['warn'] as number]: chalk.yellow,
    [pino.levels.values['error'] as number]: chalk.red,
  };
  return (line) => {
    const { level, time, msg } = JSON.parse(line) as { level: number; time: string; msg: string };
    const label = pino.levels.labels[level]?.toUpperCase() ?? '';
    return `[${localTime(new Date(time))}] ${(paint[level] ?? chalk.blue)(label)}: ${msg}\n`;
  };
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

function localTime(at: Date): string {
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join('-');
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':')}`;
}

/** Shapes that `--json` prints; a declaration names one of them, the schemas say what it holds. */
export const SHAPES = [
  'progress',
  'list',
  'recipients',
  'events',
  'verify',
  'queue',
  /** A message as it would arrive. */
  'preview',
  /** Test mails, and the replies to them. */
  'test',
  /** What is wrong with a message. */
  'lint',
  /** What a change of the suppressions came to. */
  'suppress',
  /** Whether somebody may be mailed. */
  'suppressed',
  'suppressions',
  /** What a relay takes, and what holds it. */
  'relay',
  'forget',
  'migrate',
  'sandbox',
  /** Lines of the scheduler's log, on stderr. */
  'log',
  /** Lines of the log of `serve`, on stderr. */
  'serve-log',
] as const;

/** What stderr ends with under `--json` has a schema too, under this name in place of a command's. */
export const ERROR_SHAPE = 'error';

export type Shape = (typeof SHAPES)[number];

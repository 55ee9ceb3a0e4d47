/** Shapes that `--json` prints; a declaration names one of them, the schemas say what it holds. */
export const SHAPES = [
  'progress',
  'list',
  'recipients',
  'events',
  'verify',
  'queue',
  'migrate',
  'sandbox',
  /** Lines of the scheduler's log, on stderr. */
  'log',
] as const;

export type Shape = (typeof SHAPES)[number];

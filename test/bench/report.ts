/** What a bench found: figures of its parties, and how they stand to what must be reached. */
export interface BenchResult {
  name: string;
  sizes: Sizes;
  measures: Measure[];
  goals: Goal[];
  /** What a reader must know to judge the figures. */
  notes: string[];
}

export type Sizes = Readonly<Record<string, number>>;

/** One figure of one party, once a run. */
export interface Measure {
  party: string;
  unit: string;
  values: number[];
}

export interface Goal {
  what: string;
  value: number;
  bound: 'at least' | 'at most';
  limit: number;
}

export interface Bench {
  name: string;
  /** One line for the help. */
  summary: string;
  /** Sizes that flags of the same names change, with what they are by default. */
  sizes: Sizes;
  /** Sizes at which the bench shows that it works, and nothing else. */
  smoke: Sizes;
  run(sizes: Sizes, context: BenchContext): Promise<BenchResult>;
}

export interface BenchContext {
  /** A directory of the run's own, removed after it. */
  directory: string;
  /** Where a profile of the scheduler is to be put, if one is wanted. */
  profileDirectory?: string | undefined;
  /** Says what is being done. */
  say(what: string): void;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export const isMet = ({ value, bound, limit }: Goal): boolean =>
  bound === 'at least' ? value >= limit : value <= limit;

/** A size that a bench has. */
export function size(sizes: Sizes, name: string): number {
  const value = sizes[name];
  if (value === undefined) throw new Error(`the bench has no size "${name}"`);
  return value;
}

/**
 * Runs the parties in turn, `runs` times (A B C A B C …), so that what the machine does meanwhile meets all alike.
 * @returns what each came to, a figure a run
 */
export async function inTurn<Party extends string>(
  runs: number,
  parties: Record<Party, () => Promise<number>>,
): Promise<Record<Party, number[]>> {
  const names = Object.keys(parties) as Party[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  for (let run = 0; run < runs; run++) {
    for (const name of names) values[name]?.push(await parties[name]());
  }
  return values as Record<Party, number[]>;
}

const figure = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);

const plainSizes = (sizes: Sizes): string =>
  Object.entries(sizes)
    .map(([name, value]) => `${name} ${value.toLocaleString('en-US')}`)
    .join(', ');

/** The result for people: median, spread, and each goal with whether it is met. */
export function show({ name, sizes, measures, goals, notes }: BenchResult): string {
  const width = Math.max(
    ...[...measures.map((m) => m.party), ...goals.map((g) => g.what)].map((t) => t.length),
  );
  const lines = [`${name} (${plainSizes(sizes)})`];
  for (const { party, unit, values } of measures) {
    const spread =
      values.length > 1
        ? `  (${figure(Math.min(...values))} to ${figure(Math.max(...values))})`
        : '';
    lines.push(`  ${party.padEnd(width)}  ${figure(median(values)).padStart(9)} ${unit}${spread}`);
  }
  for (const goal of goals) {
    lines.push(
      `  ${goal.what.padEnd(width)}  ${figure(goal.value).padStart(9)} ${goal.bound} ${goal.limit}: ${isMet(goal) ? 'met' : 'NOT MET'}`,
    );
  }
  lines.push(...notes.map((note) => `  ${note}`));
  return `${lines.join('\n')}\n`;
}

interface Sample {
  at: number;
  count: number;
}

/** Rate of a counter over the last seconds, from readings taken now and then. */
export class RecentRate {
  private samples: Sample[] = [];

  /** @param windowMs how far back the rate looks */
  constructor(private readonly windowMs: number) {}

  /** Takes a reading. @returns counts per second, null before the second reading */
  add(at: Date, count: number): number | null {
    const now = at.getTime();
    this.samples = this.samples.filter((sample) => now - sample.at <= this.windowMs);
    this.samples.push({ at: now, count });
    const first = this.samples[0] as Sample;
    return now > first.at ? ((count - first.count) / (now - first.at)) * 1000 : null;
  }
}

import { CampaignError } from '../errors.js';

/** A caller waits no longer: mail providers give up after some seconds. */
const ANSWER_WITHIN_MS = 8_000;

/** Until when a caller waits. */
export class Deadline {
  private readonly at: number;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(private readonly now: () => number) {
    this.at = now() + ANSWER_WITHIN_MS;
  }

  /** @throws CampaignError DATABASE_UNREACHABLE when it is over */
  check(): void {
    if (this.now() > this.at) throw tooLate();
  }

  /** @throws CampaignError DATABASE_UNREACHABLE when it takes longer; what was begun goes on */
  async race<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooLate()), Math.max(0, this.at - this.now()));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const tooLate = (): CampaignError =>
  new CampaignError(
    'DATABASE_UNREACHABLE',
    `no answer within ${ANSWER_WITHIN_MS / 1000} seconds`,
    'see what keeps the database busy',
  );

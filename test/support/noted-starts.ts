import type { Transmission } from '../../src/scheduler/ports.ts';

/** Notes when each message begins, by the monotonic clock: for `transmission` of a scheduler's setup. */
export function noteStarts(note: (monotonicMs: number) => void) {
  return (plain: Transmission): Transmission => {
    let isNoted = false;
    return {
      ...plain,
      mayProceed: () => {
        const may = plain.mayProceed();
        if (may && !isNoted) note(performance.now());
        isNoted ||= may;
        return may;
      },
    };
  };
}

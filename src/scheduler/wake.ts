/** A wait that a signal can end: whoever waits is woken by `wake`, or by time. */
export class Wake {
  private woken = false;
  private resolve: (() => void) | undefined;

  /** Ends the wait under way, or the next one at once. */
  readonly wake = (): void => {
    this.woken = true;
    this.resolve?.();
  };

  /** Waits until woken, or `ms` milliseconds at most. */
  async wait(ms: number): Promise<void> {
    if (!this.woken && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
        this.resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.resolve = undefined;
    }
    this.woken = false;
  }
}

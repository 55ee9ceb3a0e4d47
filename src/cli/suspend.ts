/** What a command does with Ctrl-Z while it has changed the terminal. */
export interface Suspension {
  /** Ctrl-Z came as a key, as in raw mode it does. */
  suspend(): void;
  end(): void;
}

/**
 * Lets go of the terminal for the time that the process is stopped, by a signal or by `suspend`.
 * @param letGo    leaves the terminal as the shell wants it
 * @param takeBack goes on when the process does
 */
export function onSuspend(letGo: () => void, takeBack: () => void): Suspension {
  const stop = (target: number): void => {
    // Without a listener the signal does what it always does: here the process stands still until it is continued.
    process.off('SIGTSTP', onSignal);
    letGo();
    process.kill(target, 'SIGTSTP');
    process.on('SIGTSTP', onSignal);
    takeBack();
  };
  const onSignal = (): void => stop(process.pid);
  process.on('SIGTSTP', onSignal);
  return {
    // All of the pipeline stops, as when the terminal itself sends the signal.
    suspend: () => stop(0),
    end: () => void process.off('SIGTSTP', onSignal),
  };
}

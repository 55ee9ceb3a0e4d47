import { type SteeringVerb, trySteering } from '../operations/steer.js';
import type { Workspace } from '../operations/workspace.js';
import type { KeyedView } from '../view/watch-bar.js';
import { CTRL_C, CTRL_Z } from './keys.js';

/** A question that nobody answers is taken back after this long. */
const ASKED_MS = 10_000;

export interface WatchKeysDeps {
  workspace: Workspace;
  id: number;
  view: Pick<KeyedView, 'ask' | 'say' | 'hush'>;
  quit(): void;
  suspend(): void;
}

/**
 * What the keys do: p pauses, r resumes, c cancels once y has confirmed it, q ends the watching. `y` counts exactly as
 * long as its question is on the screen: any other key, or 10 s without one, takes the question back.
 */
export class WatchKeys {
  /** Set while the question is on the screen. */
  private question: NodeJS.Timeout | null = null;
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly deps: WatchKeysDeps) {}

  readonly press = (key: string): void => {
    const { view, quit, suspend } = this.deps;
    const answered = this.takeBack();
    view.hush();
    if (answered && key === 'y') this.steer('cancelling', 'cancelled', 'cancel');
    else if (answered) view.say('not cancelled');
    else if (key === 'c') this.askToCancel();
    else if (key === 'p') this.steer('pausing', 'paused', 'pause');
    else if (key === 'r') this.steer('resuming', 'resumed', 'resume');
    if (key === 'q' || key === CTRL_C) quit();
    if (key === CTRL_Z) suspend();
  };

  /** No key counts any more. @returns when what the last ones began has come to something */
  async end(): Promise<void> {
    this.takeBack();
    await Promise.all(this.underWay);
  }

  private askToCancel(): void {
    const { view } = this.deps;
    this.question = setTimeout(() => {
      this.takeBack();
      view.say('not cancelled: nobody answered', 'until-a-key');
    }, ASKED_MS);
    view.ask('cancel this send for good? y or n');
  }

  /** @returns whether there was a question */
  private takeBack(): boolean {
    if (this.question === null) return false;
    clearTimeout(this.question);
    this.question = null;
    this.deps.view.ask(null);
    return true;
  }

  private steer(doing: string, done: string, verb: SteeringVerb): void {
    const { workspace, id, view } = this.deps;
    view.say(`${doing} …`, 'until-a-key');
    const under = trySteering(workspace, verb, { id }).then(
      (result) => {
        if (result?.done) return view.say(done);
        const status = result ? result.status : 'gone';
        view.say(`not ${done}: the send is ${status}`, 'until-a-key');
      },
      (error: unknown) => {
        const { message } = workspace.explain(error) as Error;
        view.say(`not ${done}: ${message}`, 'until-a-key');
      },
    );
    this.underWay.add(under);
    void under.finally(() => this.underWay.delete(under));
  }
}

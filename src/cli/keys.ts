import { emitKeypressEvents, type Key } from 'node:readline';

export const CTRL_C = '\x03';
export const CTRL_Z = '\x1a';
/** A key that is more than one character to the terminal (an arrow, or with Alt), or a paste. */
export const OTHER_KEY = '';

/** More keys at once than these were not typed but pasted. */
const TYPED_AT_ONCE = 2;

/** From here on a terminal says where a paste begins and ends, if it can (xterm's bracketed paste). */
const MARK_PASTES = '\x1b[?2004h';
const PASTES_UNMARKED = '\x1b[?2004l';

/**
 * Calls back for each key pressed on a terminal, with the character it is to the terminal, or OTHER_KEY. What comes together
 * with such a key was not typed either: it is a paste, or what the mouse, or the terminal itself, has to say.
 * @param screen where the terminal is told what to mark
 * @returns gives the terminal back
 */
export function onKeys(
  stdin: NodeJS.ReadStream,
  screen: NodeJS.WriteStream,
  pressed: (key: string) => void,
): () => void {
  let together: string[] = [];
  let pasting = false;
  const flush = (): void => {
    const keys = together;
    together = [];
    if (keys.includes(CTRL_C)) pressed(CTRL_C);
    else if (keys.length > TYPED_AT_ONCE || keys.includes(OTHER_KEY)) pressed(OTHER_KEY);
    else for (const key of keys) pressed(key);
  };
  const onKeypress = (_text: string | undefined, key: Key): void => {
    // An escape alone is a key only when nothing has followed it for a while: no data comes with it then.
    if (together.length === 0) queueMicrotask(flush);
    if (key.name === 'paste-start') pasting = true;
    const name = nameOf(key);
    together.push(pasting && name !== CTRL_C ? OTHER_KEY : name);
    if (key.name === 'paste-end') pasting = false;
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  screen.write(MARK_PASTES);
  // The first takes apart what the terminal handed over together, by the listener that it brings; then comes the second.
  stdin.on('keypress', onKeypress);
  stdin.on('data', flush);
  stdin.resume();
  return () => {
    stdin.off('keypress', onKeypress);
    stdin.off('data', flush);
    screen.write(PASTES_UNMARKED);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

const nameOf = ({ sequence = '' }: Key): string =>
  [...sequence].length === 1 ? sequence : OTHER_KEY;

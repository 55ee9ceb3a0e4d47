/**
 * Calls back for each key pressed on a terminal; Ctrl-C comes as `\u0003`.
 * @returns gives the terminal back
 */
export function onKeys(stdin: NodeJS.ReadStream, pressed: (key: string) => void): () => void {
  const onData = (data: Buffer | string): void => {
    for (const key of data.toString()) pressed(key);
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** What somebody can do while a replay runs. */
export interface KeyActions {
  readonly togglePause: () => void;
  readonly end: () => void;
}

const CTRL_C = '\u0003';

/**
 * Listens to the keyboard, where there is one. @returns what gives it back
 */
export function listenToKeys({ togglePause, end }: KeyActions): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const onData = (chunk: Buffer): void => {
    for (const key of chunk.toString('utf8')) {
      if (key === ' ') togglePause();
      if (key === 'q' || key === CTRL_C) end();
    }
  };
  stdin.setRawMode(true); // keys arrive one by one, and Ctrl-C as one of them
  stdin.on('data', onData);
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

import { setImmediate } from 'node:timers/promises';
import type { ReplayStep } from '@headwater/persistence';
import { formatTime } from '../output.ts';
import type { ChosenRoot } from '../root-content.ts';
import { GrowingDocument } from './growing-document.ts';
import { listenToKeys } from './keys.ts';
import type { Playback } from './playback.ts';
import { Screen } from './screen.ts';

const PICTURE_EVERY_MS = 33;

/** What to show on a terminal. */
export interface Show {
  readonly root: ChosenRoot;
  readonly from: number;
  readonly to: number;
  readonly steps: AsyncIterable<ReplayStep>;
  readonly playback: Playback;
  /** Called when somebody has seen enough. */
  readonly end: () => void;
}

/** Plays on the terminal: the text as it grows, with a bar. */
export async function showReplay({ root, from, to, steps, playback, end }: Show): Promise<void> {
  const document = new GrowingDocument(root);
  const screen = new Screen(process.stdout);
  const giveBackKeys = listenToKeys({ togglePause: () => playback.togglePause(), end });
  let last: Pick<ReplayStep, 'sequence' | 'timeMs' | 'author'> = { sequence: from, timeMs: 0, author: undefined };
  let drawnMs = Number.NEGATIVE_INFINITY;
  const draw = (): void => {
    const { sequence, timeMs, author } = last;
    const state = playback.isPaused ? 'paused, space goes on' : 'space pauses, q ends';
    screen.draw({
      text: document.text,
      focus: document.focus,
      progress: to === from ? 1 : (sequence - from) / (to - from),
      label: `${sequence} of ${to} · ${formatTime(timeMs)} · ${state}`,
      author,
    });
    drawnMs = performance.now();
  };
  const drawInTime = (): void => {
    if (performance.now() - drawnMs >= PICTURE_EVERY_MS) draw();
  };
  try {
    for await (const step of playback.play(steps, drawInTime)) {
      document.apply(step.update);
      last = step;
      if (performance.now() - drawnMs < PICTURE_EVERY_MS) continue;
      draw();
      await setImmediate(); // keys and signals come in between
    }
    draw();
  } finally {
    giveBackKeys();
    screen.close();
  }
}

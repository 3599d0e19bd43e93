import { setTimeout as delay } from 'node:timers/promises';
import type { ReplayStep } from '@headwater/persistence';

/** A wait is looked after this often, so that a pause and an end are noticed. */
const LOOK_EVERY_MS = 40;
/** Shorter waits than this are not worth a timer. */
const SHORTEST_WAIT_MS = 4;
/** Nobody wants to watch a night pass. */
export const MAX_PAUSE_MS = 2_000;

/** When a step is due, in milliseconds from the beginning. Asked once for each step, in their order. */
export type Pace = (step: Pick<ReplayStep, 'sequence' | 'timeMs'>) => number;

/** At once. */
export const AS_FAST_AS_POSSIBLE: Pace = () => 0;

/** So many times as fast as it happened; no pause is longer than {@link MAX_PAUSE_MS}. */
export function timesAsFast(speed: number): Pace {
  let lastMs: number | undefined;
  let dueMs = 0;
  return ({ timeMs }) => {
    const gapMs = Math.max(0, timeMs - (lastMs ?? timeMs));
    lastMs = timeMs;
    dueMs += Math.min(gapMs / speed, MAX_PAUSE_MS);
    return dueMs;
  };
}

/** All of it in so many milliseconds, every moment taking as long as the others. */
export function within(totalMs: number, from: number, to: number): Pace {
  return ({ sequence }) => (totalMs * (sequence - from)) / Math.max(1, to - from);
}

/** What a playback tells the time by. */
export interface PlaybackClock {
  /** Milliseconds; never goes back. */
  now(): number;
  /** Waits; returns early when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const CLOCK: PlaybackClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
};

/** Hands out the steps of a replay when they are due, by a clock that can be stopped. */
export class Playback {
  readonly #pace: Pace;
  readonly #signal: AbortSignal;
  readonly #clock: PlaybackClock;
  readonly #startMs: number;
  #pausedAtMs: number | undefined;
  #pausedMs = 0;

  constructor(pace: Pace, signal: AbortSignal, clock = CLOCK) {
    this.#pace = pace;
    this.#signal = signal;
    this.#clock = clock;
    this.#startMs = clock.now();
  }

  get isPaused(): boolean {
    return this.#pausedAtMs !== undefined;
  }

  /** Stops the clock, or lets it go on. */
  togglePause(): void {
    if (this.#pausedAtMs === undefined) this.#pausedAtMs = this.#clock.now();
    else {
      this.#pausedMs += this.#clock.now() - this.#pausedAtMs;
      this.#pausedAtMs = undefined;
    }
  }

  /** Ends when the signal aborts. */
  async *play(steps: AsyncIterable<ReplayStep>, onWait: () => void = () => {}): AsyncGenerator<ReplayStep> {
    for await (const step of steps) {
      const dueMs = this.#pace(step);
      while (!this.#signal.aborted && (this.isPaused || this.#leftMs(dueMs) > SHORTEST_WAIT_MS)) {
        onWait();
        const waitMs = this.isPaused ? LOOK_EVERY_MS : Math.min(this.#leftMs(dueMs), LOOK_EVERY_MS);
        await this.#clock.sleep(waitMs, this.#signal);
      }
      if (this.#signal.aborted) return;
      yield step;
    }
  }

  #leftMs(dueMs: number): number {
    return dueMs - (this.#clock.now() - this.#startMs - this.#pausedMs);
  }
}

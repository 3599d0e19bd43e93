import type { ReplayStep } from '@headwater/persistence';
import { expect, test } from 'vitest';
import {
  AS_FAST_AS_POSSIBLE,
  type Pace,
  Playback,
  type PlaybackClock,
  timesAsFast,
  within,
} from '../../server/src/cli/replay/playback.ts';

const stepsAt = (times: readonly number[]): readonly ReplayStep[] =>
  times.map((timeMs, index) => ({
    sequence: index + 1,
    timeMs,
    author: 'ada',
    kind: 'update',
    update: Uint8Array.of(0, 0),
  }));

async function* asked(steps: readonly ReplayStep[]): AsyncGenerator<ReplayStep> {
  yield* steps;
}

/** A clock on which waiting takes no time, and `at` happens on the way. */
function fakeClock(at: ReadonlyMap<number, () => void> = new Map()): PlaybackClock {
  let nowMs = 1_000_000;
  const startMs = nowMs;
  const waiting = [...at];
  return {
    now: () => nowMs,
    async sleep(ms) {
      nowMs += ms;
      while (waiting[0] !== undefined && waiting[0][0] <= nowMs - startMs) waiting.shift()?.[1]();
    },
  };
}

/** When each step was handed out, in milliseconds from the beginning. */
async function play(pace: Pace, times: readonly number[]): Promise<readonly number[]> {
  const clock = fakeClock();
  return handOut(new Playback(pace, new AbortController().signal, clock), times, clock);
}

async function handOut(playback: Playback, times: readonly number[], clock: PlaybackClock): Promise<readonly number[]> {
  const startMs = clock.now();
  const handedOut: number[] = [];
  for await (const { sequence } of playback.play(asked(stepsAt(times)))) {
    handedOut[sequence - 1] = Math.round(clock.now() - startMs);
  }
  return handedOut;
}

test('steps come when they came, so many times as fast, but for long pauses', async () => {
  const handedOut = await play(timesAsFast(10), [5_000, 6_000, 6_500, 10_000_000, 10_001_000]);

  expect(handedOut).toEqual([0, 100, 150, 2_150, 2_250]);
});

test('many short gaps do not add up to more than they are', async () => {
  const times = Array.from({ length: 10_000 }, (_, index) => index * 100);

  const handedOut = await play(timesAsFast(1_000), times);

  expect(handedOut.at(-1)).toBeGreaterThan(990);
  expect(handedOut.at(-1)).toBeLessThan(1_010);
});

test('within a time every moment takes as long as the others', async () => {
  expect(await play(within(1_000, 0, 4), [1, 2, 3_000, 4_000])).toEqual([250, 500, 750, 1_000]);
});

test('as fast as possible waits for nothing, and a time that goes back is no wait', async () => {
  expect(await play(AS_FAST_AS_POSSIBLE, [0, 1e9])).toEqual([0, 0]);
  expect(await play(timesAsFast(1), [5_000, 0, 100])).toEqual([0, 0, 100]);
});

test('a pause stops the clock', async () => {
  const clock = fakeClock(
    new Map([
      [500, () => playback.togglePause()],
      [5_500, () => playback.togglePause()],
    ]),
  );
  const playback = new Playback(timesAsFast(1), new AbortController().signal, clock);

  const [first, second = 0] = await handOut(playback, [0, 1_000], clock);

  expect(first).toBe(0);
  expect(second).toBeGreaterThan(5_900); // whatever the distance in which it is looked after
  expect(second).toBeLessThan(6_100);
});

test('an abort ends it in the middle of a wait', async () => {
  const stop = new AbortController();
  const clock = fakeClock(new Map([[500, () => stop.abort()]]));

  const handedOut = await handOut(new Playback(timesAsFast(1), stop.signal, clock), [0, 1_000], clock);

  expect(handedOut).toEqual([0]);
  expect(clock.now() - 1_000_000).toBeLessThan(600);
});

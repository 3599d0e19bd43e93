import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Heartbeat } from '../../server/src/connection/heartbeat.ts';

const INTERVAL_MS = 20_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A target that notes when it was called. */
function target() {
  const beats: number[] = [];
  const startMs = Date.now();
  return { beats, beat: () => void beats.push(Date.now() - startMs) };
}

test('the first beat comes a whole interval after a target was added, and then one each interval', () => {
  const heartbeat = new Heartbeat(INTERVAL_MS);
  const ada = target();
  heartbeat.add(ada);

  vi.advanceTimersByTime(3 * INTERVAL_MS);

  expect(ada.beats).toEqual([INTERVAL_MS, 2 * INTERVAL_MS, 3 * INTERVAL_MS]);
  heartbeat.close();
});

test('one that is added later keeps the same distance, and so they do not all beat at once', () => {
  const heartbeat = new Heartbeat(INTERVAL_MS);
  const targets = [0, 1, 2, 3].map(() => {
    const one = target();
    heartbeat.add(one);
    vi.advanceTimersByTime(INTERVAL_MS / 4);
    return one;
  });

  vi.advanceTimersByTime(2 * INTERVAL_MS);

  for (const { beats } of targets) expect(beats.slice(0, 2)).toEqual([INTERVAL_MS, 2 * INTERVAL_MS]);
  heartbeat.close();
});

test('one that was removed is left alone, also when it goes during a beat', () => {
  const heartbeat = new Heartbeat(INTERVAL_MS);
  const [ada, bob] = [target(), target()];
  const suicidal = { beat: vi.fn<() => void>(() => heartbeat.remove(suicidal)) };
  for (const one of [ada, suicidal, bob]) heartbeat.add(one);

  heartbeat.remove(ada);
  vi.advanceTimersByTime(2 * INTERVAL_MS);

  expect(ada.beats).toEqual([]);
  expect(suicidal.beat).toHaveBeenCalledOnce();
  expect(bob.beats).toHaveLength(2);
  heartbeat.close();
});

test('it has one timer for everybody, and none once it is closed', () => {
  const heartbeat = new Heartbeat(INTERVAL_MS);
  const targets = Array.from({ length: 100 }, target);
  for (const one of targets) heartbeat.add(one);
  expect(vi.getTimerCount()).toBe(1);

  heartbeat.close();
  vi.advanceTimersByTime(2 * INTERVAL_MS);

  expect(vi.getTimerCount()).toBe(0);
  expect(targets.flatMap(({ beats }) => beats)).toEqual([]);
});

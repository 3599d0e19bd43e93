import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GONE_AFTER_MS, Instances } from '../../../server/src/relay/instances.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch() {
  const around = {
    sayAlive: vi.fn<() => void>(),
    isListening: vi.fn<() => boolean>(() => true),
    onGone: vi.fn<(instanceId: string) => void>(),
    onStalled: vi.fn<() => void>(),
    now: () => performance.now(),
  };
  return { ...around, instances: new Instances(around) };
}

test('an instance says that it is there once a second', () => {
  const { instances, sayAlive } = watch();

  vi.advanceTimersByTime(3_000);
  instances.close();
  vi.advanceTimersByTime(3_000);

  expect(sayAlive).toHaveBeenCalledTimes(3);
});

test('who is not heard for five seconds is gone; who is heard stays', () => {
  const { instances, onGone } = watch();
  instances.heard('silent');
  instances.heard('chatty');

  for (let passedMs = 0; passedMs < GONE_AFTER_MS + 1_000; passedMs += 1_000) {
    vi.advanceTimersByTime(1_000);
    instances.heard('chatty');
  }
  instances.close();

  expect(onGone.mock.calls).toEqual([['silent']]);
  expect(instances.count).toBe(1);
});

test('while nobody can be heard nobody is given up', () => {
  const { instances, isListening, onGone } = watch();
  instances.heard('other');
  isListening.mockReturnValue(false);
  vi.advanceTimersByTime(60_000);
  isListening.mockReturnValue(true);

  vi.advanceTimersByTime(GONE_AFTER_MS);
  expect(onGone).not.toHaveBeenCalled();

  vi.advanceTimersByTime(1_000);
  instances.close();
  expect(onGone).toHaveBeenCalledWith('other');
});

test('a process that was stopped blames nobody else for it, and learns of it', () => {
  let stoppedMs = 0;
  const onGone = vi.fn<(instanceId: string) => void>();
  const onStalled = vi.fn<() => void>();
  const now = (): number => performance.now() + stoppedMs;
  const instances = new Instances({ sayAlive: () => {}, isListening: () => true, onGone, onStalled, now });
  instances.heard('other');
  vi.advanceTimersByTime(1_000);
  expect(onStalled).not.toHaveBeenCalled();

  stoppedMs = 30_000;
  vi.advanceTimersByTime(1_000);
  instances.close();

  expect(onStalled).toHaveBeenCalledTimes(1);
  expect(onGone).not.toHaveBeenCalled();
});

test('who says goodbye is gone once', () => {
  const { instances, onGone } = watch();
  instances.heard('other');

  instances.left('other');
  instances.left('other');
  instances.close();

  expect(onGone).toHaveBeenCalledTimes(1);
});

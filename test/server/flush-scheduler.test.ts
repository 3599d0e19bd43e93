import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FlushScheduler } from '../../server/src/documents/flush-scheduler.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function flushable() {
  const flushedAt: number[] = [];
  return { flushedAt, flush: () => void flushedAt.push(performance.now()) };
}

test('what can wait, and then comes with something that cannot, is flushed when that is due, once', () => {
  const scheduler = new FlushScheduler();
  const document = flushable();
  const start = performance.now();

  scheduler.schedule(document, 32);
  scheduler.schedule(document, 16);
  scheduler.schedule(document, 30);
  vi.advanceTimersByTime(100);

  expect(document.flushedAt.map((at) => at - start)).toEqual([16]);
});

test('what is due at once is flushed at the end of the turn, whatever was to come later', async () => {
  const scheduler = new FlushScheduler();
  const document = flushable();
  const start = performance.now();

  scheduler.schedule(document, 32);
  scheduler.schedule(document, 0);
  await vi.advanceTimersByTimeAsync(100);

  expect(document.flushedAt.map((at) => at - start)).toEqual([0]);
});

test('what was taken back is not flushed', async () => {
  const scheduler = new FlushScheduler();
  const [one, other] = [flushable(), flushable()];

  scheduler.schedule(one, 0);
  scheduler.schedule(other, 16);
  scheduler.cancel(one);
  scheduler.cancel(other);
  await vi.advanceTimersByTimeAsync(100);

  expect([one.flushedAt, other.flushedAt]).toEqual([[], []]);
});

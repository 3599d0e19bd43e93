import { expect, test } from 'vitest';
import { Backoff } from '../../persistence/src/backoff.ts';

test('waits double up to the ceiling, and start again after a success', () => {
  const backoff = new Backoff({ minMs: 50, maxMs: 5_000, random: () => 1 });

  expect(Array.from({ length: 9 }, () => backoff.nextMs())).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  backoff.reset();
  expect(backoff.nextMs()).toBe(50);
});

test('each wait is a random part of its ceiling', () => {
  const parts = [0, 0.5, 0.999];
  const backoff = new Backoff({ minMs: 1_000, maxMs: 1_000, random: () => parts.shift() ?? 0 });

  expect([backoff.nextMs(), backoff.nextMs(), backoff.nextMs()]).toEqual([0, 500, 999]);
});

test('a very long outage does not overflow', () => {
  const backoff = new Backoff({ minMs: 50, maxMs: 5_000, random: () => 0.5 });

  for (let n = 0; n < 2_000; n += 1) expect(backoff.nextMs()).toBeLessThanOrEqual(2_500);
});

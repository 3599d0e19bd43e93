import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Dismissable, dismissAll } from '../../server/src/lifecycle/dismiss-all.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Connections that note when they are dismissed, and with which hint. */
function connections(count: number) {
  const dismissed: { readonly atMs: number; readonly maxMs: number }[] = [];
  const startedMs = Date.now();
  const all: Dismissable[] = Array.from({ length: count }, () => ({
    dismiss: (_error, { maxMs }) => void dismissed.push({ atMs: Date.now() - startedMs, maxMs }),
  }));
  return { all, dismissed };
}

test('a few are dismissed at once', async () => {
  const { all, dismissed } = connections(50);

  await dismissAll(all, 10_000);

  expect(dismissed.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 50 }, () => 0));
});

test('more of them group by group, and are asked to come back over a longer time', async () => {
  const { all, dismissed } = connections(3_000);

  const done = dismissAll(all, 10_000);
  await vi.runAllTimersAsync();
  await done;

  const times = [...new Set(dismissed.map(({ atMs }) => atMs))];
  expect(dismissed).toHaveLength(3_000);
  expect(times).toHaveLength(60);
  expect(times.at(-1)).toBeLessThan(2_000);
  expect(dismissed[0]?.maxMs).toBeGreaterThanOrEqual(3_000);
});

test('very many within two seconds, and within the time there is', async () => {
  const { all, dismissed } = connections(100_000);
  const done = dismissAll(all, 500);
  await vi.runAllTimersAsync();
  await done;

  expect(dismissed).toHaveLength(100_000);
  expect(dismissed.at(-1)?.atMs).toBeLessThanOrEqual(500);
});

test('all at once when there is no time left', async () => {
  const { all, dismissed } = connections(1_000);

  await dismissAll(all, -1);

  expect(dismissed).toHaveLength(1_000);
});

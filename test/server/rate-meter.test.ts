import { expect, test } from 'vitest';
import { RateMeter } from '../../server/src/connection/rate-meter.ts';

function count(meter: RateMeter, messages: number, nowMs: number): boolean {
  let isExceeded = false;
  for (let i = 0; i < messages; i++) isExceeded = meter.isExceededAt(nowMs);
  return isExceeded;
}

test('a limit of 0 is none', () => {
  expect(count(new RateMeter(0), 100_000, 1)).toBe(false);
});

test('a burst is averaged over ten seconds: so many times the limit pass, one more does not', () => {
  const meter = new RateMeter(5);

  expect(count(meter, 50, 1_000_000)).toBe(false);
  expect(count(meter, 1, 1_009_999)).toBe(true);
});

test('the next ten seconds begin anew', () => {
  const meter = new RateMeter(5);
  count(meter, 51, 1_000_000);

  expect(count(meter, 50, 1_010_000)).toBe(false);
  expect(count(meter, 1, 1_010_000)).toBe(true);
});

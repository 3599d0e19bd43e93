import { describe, expect, test } from 'vitest';
import { scaleOf } from '../../bench/src/suites/relay.ts';

describe('what two instances deliver, by what one does', () => {
  test('is twice as much when they have nothing to do for each other', () => {
    expect(scaleOf(1, 1, 0)).toBe(2);
  });

  test('is less by what the owner does for the other one', () => {
    expect(scaleOf(1, 1, 0.25)).toBeCloseTo(1.75);
  });

  test('is less when the other one pays more for the same', () => {
    expect(scaleOf(1, 2, 0)).toBeCloseTo(1.5);
  });

  test('is no more than the owner can store', () => {
    expect(scaleOf(1, 0.1, 0.5)).toBeCloseTo(2);
  });
});

import { describe, expect, test } from 'vitest';
import { FlushPace } from '../../server/src/documents/flush-pace.ts';

const OPTIONS = { crowdSockets: 16, flushIntervalMs: 16 };

/** A pace whose fan-outs have all taken as long. */
function paceOf(fanOutMs: number): FlushPace {
  const pace = new FlushPace(OPTIONS);
  for (let i = 0; i < 100; i++) pace.fannedOut(fanOutMs);
  return pace;
}

describe('the distance of two flushes', () => {
  test('is none while few are there, however dear their fan-out is', () => {
    const pace = paceOf(100);
    pace.flushed(1, 1_000);

    expect(pace.dueInMs('edits', 15, 1_000)).toBe(0);
  });

  test('is the interval in a crowd', () => {
    const pace = paceOf(1);
    pace.flushed(1, 1_000);

    expect(pace.dueInMs('edits', 16, 1_010)).toBe(6);
  });

  test('is none after a pause', () => {
    const pace = paceOf(1);

    expect(pace.dueInMs('edits', 500, 1_000)).toBeLessThanOrEqual(0);
    pace.flushed(1, 1_000);
    expect(pace.dueInMs('edits', 500, 1_016)).toBeLessThanOrEqual(0);
  });

  test('leaves three quarters of the time to others when a fan-out takes long', () => {
    const pace = paceOf(30);
    pace.flushed(1, 1_000);

    expect(pace.dueInMs('edits', 5_000, 1_000)).toBeCloseTo(120, 1);
  });

  test('stays bearable however long a fan-out takes', () => {
    const pace = paceOf(2_000);
    pace.flushed(1, 1_000);

    expect(pace.dueInMs('edits', 5_000, 1_000)).toBe(250);
  });

  test('does not follow one slow fan-out', () => {
    const pace = paceOf(1);
    pace.fannedOut(50);
    pace.flushed(1, 1_000);

    expect(pace.dueInMs('edits', 500, 1_000)).toBeLessThan(50);
  });

  test('is half a display frame in a torrent, also when few are there', () => {
    const pace = paceOf(1);
    pace.flushed(500, 1_000);

    expect(pace.dueInMs('edits', 1, 1_002)).toBe(6);
    pace.flushed(1, 1_008);
    expect(pace.dueInMs('edits', 1, 1_008)).toBe(0);
  });

  test('is twice as long in a crowd when only cursors move', () => {
    const pace = paceOf(1);
    pace.flushed(0, 1_000);

    expect(pace.dueInMs('presence', 16, 1_010)).toBe(22);
    expect(pace.dueInMs('presence', 15, 1_010)).toBeLessThanOrEqual(0);
  });
});

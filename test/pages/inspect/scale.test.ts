import type { Timeline, TimelineBucket } from '@headwater/client/history';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grow } from '../../../pages/src/inspect/timeline/grow.ts';
import { Scale } from '../../../pages/src/inspect/timeline/scale.ts';

const BUCKET_MS = 1_000;

/** A timeline of buckets with so many moments each. */
function timelineOf(counts: readonly number[]): Timeline {
  let sequence = 0;
  const buckets = counts.map((updates, index): TimelineBucket => {
    const before = sequence;
    sequence += updates;
    return {
      fromMs: index * BUCKET_MS,
      toMs: (index + 1) * BUCKET_MS,
      firstSequence: updates === 0 ? before : before + 1,
      lastSequence: sequence,
      updates,
      bytes: updates * 20,
      byAuthor: updates === 0 ? {} : { ada: updates },
    };
  });
  const toMs = counts.length * BUCKET_MS;
  return { fromMs: 0, toMs, firstSequence: Math.min(1, sequence), lastSequence: sequence, buckets, versions: [] };
}

/** Bursts with pauses of any length between them. */
const counts = fc
  .array(fc.tuple(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), fc.nat({ max: 300 })), { maxLength: 12 })
  .map((bursts) => bursts.flatMap(([burst, quiet]) => [...burst, ...Array.from({ length: quiet }, () => 0)]));

test('whoever goes to where a moment is drawn gets that moment, and they are drawn in their order', () => {
  fc.assert(
    fc.property(counts, fc.integer({ min: 10, max: 200 }), (given, maxBars) => {
      const timeline = timelineOf(given);
      const scale = new Scale(timeline, maxBars);
      let before = 0;
      for (let moment = 0; moment <= timeline.lastSequence; moment += 1) {
        const x = scale.xOf(moment);
        expect(x).toBeGreaterThanOrEqual(before - 1e-9);
        expect(x).toBeLessThanOrEqual(1 + 1e-9);
        expect(scale.momentAt(x - 1e-9)).toBe(moment);
        before = x;
      }
    }),
  );
});

test('a night without an edit is folded, and a busy hour gets the room', () => {
  const hour = Array.from({ length: 60 }, () => 5);
  const scale = new Scale(timelineOf([...hour, ...Array.from({ length: 4_000 }, () => 0), ...hour]), 100);

  expect(scale.gaps).toEqual([expect.objectContaining({ fromMs: 60_000, toMs: 4_060_000 })]);
  expect(scale.stretches.map(({ width }) => width > 0.4)).toEqual([true, true]);
});

test('bars are as high as others that are as busy, wherever the buckets fall', () => {
  const scale = new Scale(timelineOf(Array.from({ length: 90 }, () => 4)), 60);

  const heights = new Set(scale.bars.map(({ updates }) => updates));

  expect([...heights]).toEqual([8]);
});

test('what came since is added at the end, and no moment twice', () => {
  const timeline = timelineOf([3, 0, 2]);
  const moment = { authors: ['bob'], updates: 1, bytes: 9, kind: 'record', versions: [] } as const;

  const grown = grow(timeline, [
    { ...moment, sequence: 5, timeMs: 2_900 },
    { ...moment, sequence: 6, timeMs: 9_000 },
  ]);

  expect(grown.lastSequence).toBe(6);
  expect(grown.buckets.slice(3)).toEqual([expect.objectContaining({ firstSequence: 6, byAuthor: { bob: 1 } })]);
  expect(new Scale(grown, 50).momentAt(1)).toBe(6);
});

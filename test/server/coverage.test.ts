import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Coverage } from '../../server/src/documents/coverage.ts';

test('it is as a set of numbers would be, whatever comes in which order', () => {
  const step = fc.record({
    kind: fc.constantFrom('note', 'begin', 'cover', 'coverThrough', 'forgetMissing'),
    sequence: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const coverage = new Coverage();
      const covered = new Set<number>();
      let [last, highest] = [0, 0];
      for (const { kind, sequence } of steps) {
        if (kind !== 'forgetMissing') last = Math.max(last, sequence);
        if (kind !== 'forgetMissing' && kind !== 'note') highest = Math.max(highest, sequence);
        if (kind === 'forgetMissing') last = highest;
        if (kind === 'note' || kind === 'begin') coverage[kind](sequence);
        else if (kind === 'forgetMissing') coverage.forgetMissing();
        else if (kind === 'cover') {
          coverage.cover(sequence);
          covered.add(sequence);
        } else {
          coverage.coverThrough(sequence);
          for (let each = 1; each <= sequence; each++) covered.add(each);
        }
      }
      let through = 0;
      while (covered.has(through + 1)) through++;

      expect(coverage.through).toBe(through);
      expect(coverage.highest).toBe(highest);
      expect(coverage.isComplete).toBe(last <= through);
      for (let each = 1; each <= 31; each++) expect(coverage.has(each)).toBe(covered.has(each));
    }),
  );
});

import { covers, decodeStateVector, deleteSetOf, diffUpdate, updateOfDeleteSet } from '@headwater/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { Random } from '../support/random.ts';
import { contentOf, docOf, playSession, sessionPlans } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';

/** In v2, which Yjs writes from what it read: it drops a flag of v1 that it never reads, and we copy it. */
const readByYjs = (update: Uint8Array): Uint8Array => Y.convertUpdateFormatV1ToV2(update);

test('a difference is that of Yjs', () => {
  fc.assert(
    fc.property(sessionPlans(), (plan) => {
      const { oracle, stateVectors } = playSession(plan);
      const full = Y.encodeStateAsUpdate(oracle);

      for (const stateVector of stateVectors) {
        const ours = diffUpdate(full, decodeStateVector(stateVector));
        expect(readByYjs(ours)).toEqual(readByYjs(Y.diffUpdate(full, stateVector)));
      }
    }),
    { numRuns: runs(60) },
  );
});

test('whoever applies the difference to what they had has everything', () => {
  fc.assert(
    fc.property(sessionPlans(), fc.nat(), (plan, seed) => {
      const { updates, oracle } = playSession(plan);
      const had = docOf(updates.slice(0, new Random(seed).below(updates.length + 1)), plan.gc);
      const full = Y.encodeStateAsUpdate(oracle);

      Y.applyUpdate(had, diffUpdate(full, decodeStateVector(Y.encodeStateVector(had))));

      expect(contentOf(had)).toEqual(contentOf(oracle));
    }),
    { numRuns: runs(60) },
  );
});

test('a delete set alone brings over all deletions', () => {
  fc.assert(
    fc.property(sessionPlans({ steps: 40 }), (plan) => {
      const { oracle } = playSession({ ...plan, formats: false });
      const full = Y.encodeStateAsUpdate(oracle);
      const update = updateOfDeleteSet(deleteSetOf(full));

      expect(Y.decodeUpdate(update)).toEqual({ structs: [], ds: Y.decodeUpdate(full).ds });
    }),
    { numRuns: runs(20) },
  );
});

test('a state vector covers an end when it reaches it', () => {
  const stateVector = new Map([[5, 10]]);

  expect(covers(stateVector, [])).toBe(true);
  expect(covers(stateVector, [[5, 10]])).toBe(true);
  expect(covers(stateVector, [[5, 11]])).toBe(false);
  expect(
    covers(stateVector, [
      [5, 1],
      [6, 1],
    ]),
  ).toBe(false);
});

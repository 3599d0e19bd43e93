import { type Admission, HeadwaterError, Knowledge } from '@headwater/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { forgedUpdate } from '../support/forged-updates.ts';
import { diagnose, itemsOf } from '../support/harm.ts';
import { damaged } from '../support/mutations.ts';
import { Random } from '../support/random.ts';
import { docOf, playSession, sessionPlans } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';

const DAMAGED_RUNS = runs(25);
const FORGED_RUNS = runs(40);
const VARIANTS_PER_SESSION = 60;
const FORGERIES_PER_SESSION = 40;

const NOTHING = { added: undefined, waiting: undefined, deletes: false };

test('a damaged update is refused, or it is harmless to the document and to everybody who loads it', () => {
  let added = 0;
  let waiting = 0;
  fc.assert(
    fc.property(sessionPlans({ steps: 40 }), fc.nat(), (plan, seed) => {
      const random = new Random(seed);
      const { updates, oracle } = playSession(plan);
      fc.pre(updates.length > 0);
      // the damage is done to updates that the document has, and to those that it has not
      const base = updates.slice(0, random.below(updates.length + 1));
      const sources = [...updates, Y.encodeStateAsUpdate(oracle), Y.mergeUpdates([...updates])];

      for (let i = 0; i < VARIANTS_PER_SESSION; i++) {
        const variant = damaged(random.pick(sources), random.pick(sources), random);
        const knowledge = knowledgeOf(base);
        const admission = admitOrRefuse(knowledge, variant);
        // a refused update leaves the knowledge as it was, so it is harmless when nothing at all is
        const dose = { ...(admission ?? NOTHING), stateVector: knowledge.encodeStateVector() };
        const { harm, isBeyondHelp } = diagnose(base, dose, oracle.gc);
        expect(isBeyondHelp ? [] : harm).toEqual([]);
        if (dose.added !== undefined) added++;
        if (dose.waiting !== undefined) waiting++;
      }
    }),
    {
      numRuns: DAMAGED_RUNS,
      // a value of a key made of several clocks, and split
      examples: [[{ seed: 4, clients: 1, steps: 39, gc: false, formats: false }, 305_824_627]],
    },
  );
  // so that a scanner that refuses everything does not pass
  expect(added).toBeGreaterThan(20);
  expect(waiting).toBeGreaterThan(20);
});

test('a forged update, right in form and wrong in what it says, does no harm either', () => {
  let added = 0;
  let waiting = 0;
  fc.assert(
    fc.property(sessionPlans({ steps: 40 }), fc.nat(), (plan, seed) => {
      const random = new Random(seed);
      const { updates, oracle } = playSession(plan);
      const honest = itemsOf(docOf(updates, oracle.gc));
      const base = [...updates];

      // each forgery meets what the ones before it have done to the document
      for (let i = 0; i < FORGERIES_PER_SESSION; i++) {
        const knowledge = knowledgeOf(base);
        const clocks = [...Y.decodeStateVector(knowledge.encodeStateVector())];
        const admission = admitOrRefuse(knowledge, forgedUpdate(clocks, random));
        if (admission === undefined) continue;
        const dose = { ...admission, stateVector: knowledge.encodeStateVector() };
        // where a forger's own items go may differ from replica to replica; what the others wrote may not
        const { harm, isBeyondHelp } = diagnose(base, dose, oracle.gc, honest);
        if (isBeyondHelp) return;
        expect(harm).toEqual([]);
        if (admission.waiting !== undefined) waiting++;
        if (admission.added === undefined) continue;
        added++;
        base.push(admission.added);
      }
    }),
    {
      numRuns: FORGED_RUNS,
      examples: [[{ seed: 0, clients: 1, steps: 6, gc: true, formats: false }, 795_858_534]],
    },
  );
  expect(added).toBeGreaterThan(20);
  expect(waiting).toBeGreaterThan(20);
});

function knowledgeOf(updates: readonly Uint8Array[]): Knowledge {
  const knowledge = Knowledge.empty();
  for (const update of updates) knowledge.admit(update);
  return knowledge;
}

function admitOrRefuse(knowledge: Knowledge, update: Uint8Array): Admission | undefined {
  try {
    return knowledge.admit(update);
  } catch (error) {
    if (error instanceof HeadwaterError && error.code === 'HW_UPDATE_MALFORMED') return undefined;
    throw error;
  }
}

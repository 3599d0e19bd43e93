import { joinUpdates, Knowledge } from '@headwater/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { contentOf, docOf, openDoc, playSession, sessionPlans, settle } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';

/** What was new of each update when it came, which is what gets joined. */
function newParts(updates: readonly Uint8Array[]): Uint8Array[] {
  const knowledge = Knowledge.empty();
  return updates.flatMap((update) => knowledge.admit(update).added ?? []);
}

/** The list cut into pieces of these lengths. */
function cut<T>(list: readonly T[], lengths: readonly number[]): T[][] {
  const pieces: T[][] = [];
  let at = 0;
  for (let i = 0; at < list.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(list.slice(at, at + length));
    at += length;
  }
  return pieces;
}

test('joined in any pieces, the updates of a session make the same document', () => {
  fc.assert(
    fc.property(
      sessionPlans(),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
      (plan, lengths) => {
        const { updates, oracle } = playSession(plan);
        const pieces = cut(newParts(updates), lengths);

        const joined = pieces.map((piece) => joinUpdates(piece) ?? new Uint8Array());
        const doc = settle(docOf(joined, plan.gc));

        expect(doc.store.pendingStructs).toBeNull();
        expect(doc.store.pendingDs).toBeNull();
        expect(contentOf(doc)).toEqual(contentOf(oracle));
        expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(oracle));
      },
    ),
    { numRuns: runs(80) },
  );
});

test('what is joined knows and deletes exactly what the parts did', () => {
  fc.assert(
    fc.property(sessionPlans(), (plan) => {
      const parts = newParts(playSession(plan).updates);
      const apart = Knowledge.empty();
      for (const part of parts) apart.admit(part);

      const together = Knowledge.empty();
      const { waiting } = together.admit(joinUpdates(parts) ?? new Uint8Array());

      expect(waiting).toBeUndefined();
      expect(together.encodeStateVector().length).toBe(apart.encodeStateVector().length);
      expect(Y.decodeStateVector(together.encodeStateVector())).toEqual(Y.decodeStateVector(apart.encodeStateVector()));
      expect(together.encodeDeleteSet()).toEqual(apart.encodeDeleteSet());
    }),
  );
});

test('a gap stays a gap', () => {
  const doc = openDoc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const letter of 'abc') doc.getText('text').insert(0, letter);
  const [first, lost, last] = updates as [Uint8Array, Uint8Array, Uint8Array];

  const copy = docOf([joinUpdates([first, last]) ?? new Uint8Array()]);
  const before = copy.getText('text').toString();
  Y.applyUpdate(copy, lost);

  expect(before).toBe('a');
  expect(settle(copy).getText('text').toString()).toBe('cba');
});

test('updates that hold the same, or come in the wrong order, stay apart', () => {
  const doc = openDoc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const letter of 'ab') doc.getText('text').insert(0, letter);
  const [first, second] = updates as [Uint8Array, Uint8Array];

  expect(joinUpdates([second, first])).toBeUndefined();
  expect(joinUpdates([first, first])).toBeUndefined();
  expect(joinUpdates([Y.encodeStateAsUpdate(doc), second])).toBeUndefined();
});

test('deletions alone are joined too, and nothing is nothing', () => {
  const deletion = Uint8Array.of(0, 1, 5, 1, 3, 2);
  const next = Uint8Array.of(0, 1, 5, 1, 5, 1);

  expect(joinUpdates([deletion, next])).toEqual(Uint8Array.of(0, 1, 5, 1, 3, 3));
  expect(joinUpdates([])).toEqual(Uint8Array.of(0, 0));
});

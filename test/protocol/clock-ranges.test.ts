import { clockRangesOf } from '@headwater/protocol';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { editSomething } from '../support/edits.ts';
import { Random } from '../support/random.ts';

test.each([1, 2, 3, 4, 5])(
  'the clock ranges of an update are those of its structs, gaps left out (seed %i)',
  (seed) => {
    const random = new Random(seed);
    const updates: Uint8Array[] = [];
    for (const clientID of [1, 2, 2 ** 31]) {
      const doc = new Y.Doc();
      doc.clientID = clientID;
      doc.on('update', (update: Uint8Array) => updates.push(update));
      for (let i = 0; i < 20; i += 1) doc.transact(() => editSomething(doc, random, true));
    }
    for (let round = 0; round < 50; round += 1) {
      const update = Y.mergeUpdates(updates.filter(() => random.chance(40))); // what is left out becomes a Skip
      const clocks = new Set<string>();
      for (const { client, clock, length } of clockRangesOf(update)) {
        for (let at = clock; at < clock + length; at += 1) clocks.add(`${client} ${at}`);
      }

      const wanted = new Set<string>();
      for (const { id, length, constructor } of Y.decodeUpdate(update).structs) {
        if (constructor.name === 'Skip') continue;
        for (let at = id.clock; at < id.clock + length; at += 1) wanted.add(`${id.client} ${at}`);
      }
      expect(clocks).toEqual(wanted);
    }
  },
);

test('an update without structs has none, and what is no update is refused', () => {
  expect(clockRangesOf(Uint8Array.of(0, 0))).toEqual([]);
  expect(() => clockRangesOf(Uint8Array.of(1, 2, 3))).toThrow(expect.objectContaining({ code: 'HW_UPDATE_MALFORMED' }));
});

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { missingEdits } from '../../server/src/cli/missing-edits.ts';
import { updatesOf } from '../support/stored-documents.ts';

const nothingKnown = (): number => 0;

/** What a client writes into `text`, one character an update, after having seen some updates. */
function typed(clientId: number, text: string, seen: readonly Uint8Array[] = []): readonly Uint8Array[] {
  return updatesOf(
    (doc) => {
      for (const update of seen) Y.applyUpdate(doc, update);
      doc.clientID = clientId;
    },
    ...text
      .split('')
      .map((character) => (doc: Y.Doc) => doc.getText('text').insert(doc.getText('text').length, character)),
  ).slice(seen.length === 0 ? 0 : 1);
}

const ones = typed(1, 'abcdef');
const at = (index: number): Uint8Array => ones[index] as Uint8Array;

test('edits of the same client that come before', () => {
  expect(missingEdits([at(4)], (clientId) => (clientId === 1 ? 2 : 0))).toEqual([
    { clientId: 1, firstClock: 2, lastClock: 3 },
  ]);
});

test('edits of another client, up to the one that is built on', () => {
  const [two] = typed(2, 'x', ones.slice(0, 3)) as [Uint8Array];

  expect(missingEdits([two], nothingKnown)).toEqual([{ clientId: 1, firstClock: 0, lastClock: 2 }]);
});

test('edits that are deleted', () => {
  const doc = new Y.Doc();
  for (const update of ones) Y.applyUpdate(doc, update);
  const deletions = updatesOf(
    (copy) => Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc)),
    (copy) => copy.getText('text').delete(1, 3),
  )[1];

  expect(missingEdits([deletions as Uint8Array], nothingKnown)).toEqual([{ clientId: 1, firstClock: 0, lastClock: 3 }]);
});

test('what waits itself is not missing, only the first gap before it is', () => {
  expect(missingEdits([at(5), at(2), at(3)], nothingKnown)).toEqual([{ clientId: 1, firstClock: 0, lastClock: 1 }]);
  expect(missingEdits([at(5), at(0), at(1)], nothingKnown)).toEqual([{ clientId: 1, firstClock: 2, lastClock: 4 }]);
});

test('a gap inside one update', () => {
  expect(missingEdits([Y.mergeUpdates([at(0), at(3)])], nothingKnown)).toEqual([
    { clientId: 1, firstClock: 1, lastClock: 2 },
  ]);
});

test('nothing, where everything is there', () => {
  expect(missingEdits([at(1), at(0)], nothingKnown)).toEqual([]);
  expect(missingEdits([at(1)], () => 1)).toEqual([]);
});

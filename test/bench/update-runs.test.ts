import { expect, test } from 'vitest';
import * as Y from 'yjs';
import {
  gapsOfSentence,
  OwnWords,
  Pictures,
  RandomPlaces,
  ROOT_NAME,
  seededRandom,
} from '../../bench/src/load/typing.ts';
import { readRuns } from '../../bench/src/load/update-runs.ts';

function clocksOf(update: Uint8Array): Map<number, number> {
  const clocks = new Map<number, number>();
  readRuns(update, 0, update.length, (client, _clock, length) => {
    clocks.set(client, (clocks.get(client) ?? 0) + length);
  });
  return clocks;
}

function typed(clients: readonly number[], count: number): Uint8Array[] {
  const typist = new OwnWords();
  return Array.from({ length: count }, (_, i) => {
    const client = clients[i % clients.length] as number;
    return typist.type({ client, clock: Math.floor(i / clients.length) });
  });
}

test('an update merged out of many is worth as much as they were', () => {
  const updates = typed([1, 2, 300_000], 30);

  expect(clocksOf(Y.mergeUpdates(updates))).toEqual(
    new Map([
      [1, 10],
      [2, 10],
      [300_000, 10],
    ]),
  );
});

test('a picture is one clock, whatever its size', () => {
  const pictures = new Pictures(70_000);
  const updates = [0, 1, 2].map((clock) => pictures.type({ client: 7, clock }));
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);

  expect(doc.getText(ROOT_NAME).length).toBe(3);
  expect(clocksOf(Y.mergeUpdates(updates))).toEqual(new Map([[7, 3]]));
});

test('text is counted in the units Yjs counts clocks by', () => {
  const doc = new Y.Doc();
  doc.clientID = 9;
  doc.getText('t').insert(0, 'aé漢😀');

  expect(clocksOf(Y.encodeStateAsUpdate(doc))).toEqual(new Map([[9, 5]]));
});

test('a hole between two parts of a merged update is not counted', () => {
  const updates = typed([5], 10);

  expect(clocksOf(Y.mergeUpdates([updates[0] as Uint8Array, updates[9] as Uint8Array]))).toEqual(new Map([[5, 2]]));
});

test('deletions and content other than text are counted too', () => {
  const doc = new Y.Doc();
  doc.clientID = 9;
  doc.getText('t').insert(0, 'abcdef');
  doc.getText('t').delete(1, 3);
  doc.getMap('m').set('k', { nested: [1] });
  doc.getMap('m').set('child', new Y.Array());
  doc.getText('t').format(0, 2, { bold: true });

  const update = Y.encodeStateAsUpdate(doc);

  expect(clocksOf(update).get(9)).toBe(Y.decodeStateVector(Y.encodeStateVector(doc)).get(9));
});

test('everything typed at the end of own words integrates', () => {
  const doc = new Y.Doc();
  for (const update of typed([1, 2, 3], 99)) Y.applyUpdate(doc, update);

  expect(doc.getText(ROOT_NAME).length).toBe(99);
  expect(doc.store.pendingStructs).toBeNull();
});

test('everything typed at random places integrates, also when sockets are read in another order', () => {
  const doc = new Y.Doc();
  doc.clientID = 77;
  doc.getText(ROOT_NAME).insert(0, 'x'.repeat(300));
  const typist = new RandomPlaces(gapsOfSentence(77, 300), seededRandom(1), 64);
  const updates = Array.from({ length: 1000 }, (_, i) =>
    typist.type({ client: 1 + (i % 4), clock: Math.floor(i / 4) }),
  );

  for (let i = 0; i < updates.length; i += 4) {
    for (const update of updates.slice(i, i + 4).reverse()) Y.applyUpdate(doc, update);
  }

  expect(doc.getText(ROOT_NAME).length).toBe(1300);
  expect(doc.store.pendingStructs).toBeNull();
});

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { deferred } from './deferred.ts';
import { enter, FakeSession, openHouse, Typist, turn } from './support.ts';

/** Two of these make a document that is diffed in a worker. */
const LARGE = 20_000;

/** A compacted document of two updates, and a client that has the first of them. */
async function openHalfKnown() {
  const house = openHouse({ compactAfterBytes: LARGE });
  const document = await house.registry.open('doc');
  const writer = enter(document);
  const typist = new Typist(1);
  const type = async (text: string): Promise<void> => {
    document.receive(writer, typist.type(text));
    await document.save();
    await turn();
  };
  await type('a'.repeat(LARGE / 2));
  const known = Y.encodeStateAsUpdate(typist.doc);
  await type('b'.repeat(2 * LARGE));
  expect(house.workers.compactions).toBe(1);
  const knowing = (): Y.Doc => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, known);
    return doc;
  };
  return { ...house, document, typist, type, knowing };
}

describe('a client that has a part of a large document', () => {
  test('gets one diff, shared with everybody who has the same part', async () => {
    const { document, workers, typist, knowing } = await openHalfKnown();

    const readers = [0, 1, 2].map(() => ({ session: new FakeSession(), doc: knowing() }));
    for (const { session, doc } of readers) enter(document, session, doc);
    await turn();

    expect(workers.diffs).toBe(1);
    for (const { session, doc } of readers) {
      expect(session.kinds()).toEqual(['sync-step-1', 'update', 'sync-step-2']);
      expect(session.applyTo(doc).getText('text').toString()).toBe(typist.doc.getText('text').toString());
    }
  });

  test('lacks nothing when a compaction took up what came after the diff', async () => {
    const { document, workers, typist, type, knowing } = await openHalfKnown();
    const [compaction, diff] = [deferred(), deferred()];
    workers.gate = compaction.promise;
    await type('c'.repeat(4 * LARGE));
    expect(workers.compactions).toBe(2);
    workers.gate = diff.promise;
    const reader = new FakeSession();
    const doc = knowing();
    enter(document, reader, doc);

    compaction.resolve();
    await turn();
    expect(document.tailUpdates).toBe(0);
    diff.resolve();
    await turn();
    await turn();

    expect(reader.applyTo(doc).getText('text').toString()).toBe(typist.doc.getText('text').toString());
  });

  test('that asks again meanwhile is answered again, a little later', async () => {
    const { document, workers, typist, knowing } = await openHalfKnown();
    const gate = deferred();
    workers.gate = gate.promise;
    const reader = enter(document, new FakeSession(), knowing());

    document.answer(reader, Y.encodeStateVector(typist.doc));
    gate.resolve();

    await expect.poll(() => reader.kinds()).toEqual(['sync-step-1', 'update', 'sync-step-2', 'sync-step-2']);
  });

  test('that leaves meanwhile is sent nothing more', async () => {
    const { document, workers, knowing } = await openHalfKnown();
    const gate = deferred();
    workers.gate = gate.promise;
    const reader = enter(document, new FakeSession(), knowing());

    document.leave(reader);
    gate.resolve();
    await turn();

    expect(reader.kinds()).toEqual(['sync-step-1']);
  });

  test('gets the whole document when the worker fails', async () => {
    const { document, workers, typist, knowing, logged } = await openHalfKnown();
    workers.gate = Promise.reject(new Error('out of memory'));
    const doc = knowing();
    const reader = enter(document, new FakeSession(), doc);
    await turn();

    expect(reader.applyTo(doc).getText('text').toString()).toBe(typist.doc.getText('text').toString());
    expect(logged.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

test.each([
  ['the tail', 1_000_000],
  ['the snapshot', 1],
])('a client that has every struct is told the deletions in %s all the same', async (_, compactAfterBytes) => {
  const { registry, workers } = openHouse({ compactAfterBytes });
  const document = await registry.open('doc');
  const writer = enter(document);
  const typist = new Typist(1);
  document.receive(writer, typist.type('hello world'));
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(typist.doc));
  document.receive(
    writer,
    typist.edit(() => typist.doc.getText('text').delete(0, 6)),
  );
  await document.save();
  await turn();

  const reader = enter(document, new FakeSession(), doc);

  expect(workers.compactions).toBe(compactAfterBytes === 1 ? 1 : 0);
  expect(reader.kinds().at(-1)).toBe('sync-step-2');
  expect(reader.applyTo(doc).getText('text').toString()).toBe('world');
});

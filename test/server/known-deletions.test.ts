import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { HostedDocument } from '../../server/src/documents/hosted-document.ts';
import { enter, FakeSession, openHouse, Typist, turn } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const REST_AS_TEXT = 'b'.repeat(4_000);

/** A compacted document of 4,000 letters between 4,000 deleted ones, and a client that has all of it. */
async function openMuchDeleted() {
  const house = openHouse({ compactAfterBytes: 1 });
  const document = await house.registry.open('doc');
  const writer = enter(document);
  const typist = new Typist(1);
  document.receive(writer, typist.type('ab'.repeat(4_000)));
  const undeleted = Y.encodeStateAsUpdate(typist.doc);
  const text = typist.doc.getText('text');
  const deletions = typist.edit(() => {
    // From the end: Yjs looks for a place by walking from one it knows, past all that was deleted since.
    for (let at = text.length - 2; at >= 0; at -= 2) text.delete(at, 1);
  });
  document.receive(writer, deletions);
  await compacted(document);
  expect(document.snapshotBytes).toBeGreaterThan(0);
  return { ...house, document, writer, typist, undeleted };
}

async function compacted(document: HostedDocument): Promise<void> {
  await document.save();
  await turn();
  await turn();
}

/** What the client of a session with this document answers to our SyncStep1. */
function answerFrom(document: HostedDocument, session: FakeSession, doc: Y.Doc): void {
  document.receiveState(session, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(doc)));
}

describe('a client that has every struct of a document with many deletions', () => {
  test('is synced when it says its deletions, and gets none that it said', async () => {
    const { document, typist } = await openMuchDeleted();
    const reader = enter(document, new FakeSession(), typist.doc);
    expect(reader.kinds()).toEqual(['sync-step-1']);

    answerFrom(document, reader, typist.doc);

    expect(reader.kinds()).toEqual(['sync-step-1', 'sync-step-2']);
  });

  test('may say them before it asks', async () => {
    const { document, typist } = await openMuchDeleted();
    const reader = new FakeSession();
    document.join(reader);
    answerFrom(document, reader, typist.doc);

    document.answer(reader, Y.encodeStateVector(typist.doc));

    expect(reader.kinds()).toEqual(['sync-step-1', 'sync-step-2']);
  });

  test('gets them all when it lacks some', async () => {
    const { document, undeleted } = await openMuchDeleted();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, undeleted);
    doc.getText('text').delete(0, 1);
    const reader = enter(document, new FakeSession(), doc);

    answerFrom(document, reader, doc);

    expect(reader.kinds()).toEqual(['sync-step-1', 'update', 'sync-step-2']);
    expect(reader.applyTo(doc).getText('text').toString()).toBe(REST_AS_TEXT);
  });

  test('gets them half a second later when it says nothing', async () => {
    const { document, undeleted } = await openMuchDeleted();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, undeleted);
    const reader = enter(document, new FakeSession(), doc);

    await vi.advanceTimersByTimeAsync(499);
    expect(reader.kinds()).toEqual(['sync-step-1']);
    await vi.advanceTimersByTimeAsync(1);

    expect(reader.kinds()).toEqual(['sync-step-1', 'update', 'sync-step-2']);
    expect(reader.applyTo(doc).getText('text').toString()).toBe(REST_AS_TEXT);
  });

  test('gets what was edited and deleted while it was waited for', async () => {
    const { document, writer, typist } = await openMuchDeleted();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(typist.doc));
    const reader = enter(document, new FakeSession(), doc);
    const text = typist.doc.getText('text');
    document.receive(
      writer,
      typist.edit(() => {
        text.insert(0, 'seen ');
        text.delete(text.length - 1, 1);
      }),
    );
    await document.save();
    await turn();

    answerFrom(document, reader, doc);

    expect(reader.kinds().at(-1)).toBe('sync-step-2');
    expect(reader.applyTo(doc).getText('text').toString()).toBe(text.toString());
  });

  test('that asks again after a compaction is not taken to have what that deleted', async () => {
    const { document, writer, typist } = await openMuchDeleted();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(typist.doc));
    const reader = new FakeSession();
    document.join(reader);
    answerFrom(document, reader, doc);
    const text = typist.doc.getText('text');
    // As large as what was there, so that it is compacted away before the reader asks.
    document.receive(
      writer,
      typist.edit(() => text.delete(0, 3_000)),
    );
    document.receive(writer, typist.type('c'.repeat(100_000)));
    await compacted(document);
    expect(document.tailUpdates).toBe(0);

    document.answer(reader, Y.encodeStateVector(typist.doc));

    expect(reader.kinds()).toEqual(['sync-step-1', 'update', 'sync-step-2']);
  });
});

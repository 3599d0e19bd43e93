import { expect, test } from 'vitest';
import * as Y from 'yjs';
// The built one: a worker thread runs what was built, so that is what a pool can start.
import { WorkerPool } from '../../server/dist/workers/worker-pool.js';
import { compact } from '../../server/src/workers/document-tasks.ts';
import { Typist } from './support.ts';

test('a real thread compacts to what a plain document holds, and computes diffs', async () => {
  const pool = new WorkerPool(1);
  const ada = new Typist(1);
  const updates = [ada.type('hello '), ada.type('world'), ada.edit(() => ada.doc.getText('text').delete(0, 6))];
  const halfway = Y.encodeStateVectorFromUpdate(updates[0] ?? new Uint8Array());

  const output = await pool.compact({ snapshot: undefined, updates });
  const diff = await pool.diff(output.update, halfway);
  await pool.close();

  expect(output.refused).toEqual([]);
  expect(output.stateVector).toEqual(Y.encodeStateVector(ada.doc));
  expect(output.update).toEqual(Y.encodeStateAsUpdate(ada.doc));
  expect(diff).toEqual(Y.encodeStateAsUpdate(ada.doc, halfway));
});

test('a compaction goes on from the snapshot before it', () => {
  const ada = new Typist(1);
  const first = compact({ snapshot: undefined, updates: [ada.type('hello '), ada.type('brave ')] });

  const second = compact({ snapshot: first.update, updates: [ada.edit(() => ada.doc.getText('text').delete(6, 6))] });

  const { ds } = Y.snapshot(ada.doc);
  expect(second.update).toEqual(Y.encodeStateAsUpdate(ada.doc));
  expect(Y.decodeSnapshot(Buffer.concat([second.deleteSet, Uint8Array.of(0)])).ds).toEqual(ds);
});

test('what throws or stays pending is refused, and what comes after it is kept', () => {
  const ada = new Typist(1);
  const first = ada.type('a');
  ada.type('lost');
  const ahead = ada.type('ahead');
  const bob = new Typist(2).type('b');

  const output = compact({ snapshot: undefined, updates: [first, ahead, bob, Uint8Array.of(255)] });

  expect(output.refused.map(({ index }) => index)).toEqual([1, 3]);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, output.update);
  expect(doc.getText('text').toString().split('').sort()).toEqual(['a', 'b']);
  expect(doc.store.pendingStructs).toBeNull();
});

test('one that only stays pending is refused too, though nothing was thrown', () => {
  const ada = new Typist(1);
  const first = ada.type('a');
  ada.type('lost');

  const output = compact({ snapshot: undefined, updates: [first, ada.type('ahead')] });

  expect(output.refused.map(({ index }) => index)).toEqual([1]);
  expect(output.update).toEqual(first);
});

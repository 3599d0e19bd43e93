import { readdirSync, readFileSync } from 'node:fs';
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

test.runIf(process.platform === 'linux')('a thread that compacts comes after the event loop', async () => {
  const before = nicenessOfThreads();
  const pool = new WorkerPool(1);
  await pool.compact({ snapshot: undefined, updates: [new Typist(1).type('hello')] });

  const ofNew = [...nicenessOfThreads()].filter(([thread]) => !before.has(thread)).map(([, niceness]) => niceness);
  await pool.close();

  expect(Math.max(...ofNew)).toBeGreaterThan(before.get(process.pid) ?? 0);
});

/** What `/proc` says of the threads of this process (proc(5): the 19th field, the 17th after the name). */
function nicenessOfThreads(): ReadonlyMap<number, number> {
  const ofThreads = readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
    return [Number(thread), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])] as const;
  });
  return new Map(ofThreads);
}

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

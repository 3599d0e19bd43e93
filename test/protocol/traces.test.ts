import { diffUpdate, Knowledge } from '@headwater/protocol';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { findTrace, readTrace, type Trace } from '../support/traces.ts';

/** Enough of a trace to have met everything in it; all of the longest would take half a minute to play. */
const MAX_TRANSACTIONS = 20_000;

for (const name of ['friendsforever', 'sveltecomponent', 'automerge-paper']) {
  const file = findTrace(name);
  const note = file === undefined ? ' (skipped: the recorded trace is not here, see HEADWATER_TRACES)' : '';
  let played: ReturnType<typeof typed> | undefined;
  const session = () => (played ??= typed(readTrace(file ?? '')));

  test.skipIf(file === undefined)(`${name}: every keystroke is new, once${note}`, () => {
    const { doc, updates } = session();
    const knowledge = Knowledge.empty();

    const passedOn = updates.filter((update) => knowledge.admit(update).added === update);

    expect(passedOn.length).toBe(updates.length);
    expect(knowledge.encodeStateVector()).toEqual(Y.encodeStateVector(doc));
    expect(knowledge.admit(Y.encodeStateAsUpdate(doc)).added).toBeUndefined();
  });

  test.skipIf(file === undefined)(`${name}: half of it and the difference are all of it${note}`, () => {
    const { doc, updates } = session();
    const half = docOf(updates.slice(0, updates.length / 2));

    const difference = diffUpdate(Y.encodeStateAsUpdate(doc), Y.decodeStateVector(Y.encodeStateVector(half)));

    Y.applyUpdate(half, difference);
    expect(half.getText('text').toJSON()).toBe(doc.getText('text').toJSON());
  });
}

function docOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  return doc;
}

/** Types a trace into one document per agent; a concurrent trace as its agents would have, one after another. */
function typed(trace: Trace): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('text');
  if (trace.startContent !== '') text.insert(0, trace.startContent);
  for (const { agent, patches } of trace.transactions.slice(0, MAX_TRANSACTIONS)) {
    doc.clientID = agent + 1;
    doc.transact(() => {
      for (const [position, deleteCount, insertedText] of patches) {
        // positions of concurrent transactions are of other states: bounded, they are still edits of their kind
        const at = Math.min(position, text.length);
        const count = Math.min(deleteCount, text.length - at);
        if (count > 0) text.delete(at, count);
        if (insertedText !== '') text.insert(at, insertedText);
      }
    });
  }
  return { doc, updates };
}

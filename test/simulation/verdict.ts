import { Knowledge } from '@headwater/protocol';
import * as Y from 'yjs';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** Without an id of its own, which takes longer to make than the rest of it. */
export function newDoc(): Y.Doc {
  return new Y.Doc({ guid: '' });
}

/** All there is to a document, so that two with the same have the same. */
export function stateOf(doc: Y.Doc): string {
  const everything = Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))).toString('base64');
  return `${everything} ${doc.getText('text').toString()}`;
}

/** What a client has that opens what is stored. */
export async function storedDoc(disk: SimulatedDisk, documentName: string): Promise<Y.Doc> {
  const { snapshot, tail } = await disk.store.load(documentName);
  const doc = newDoc();
  const updates = tail.flatMap(({ entries }) => entries.map(({ update }) => update));
  applyAll(doc, snapshot === undefined ? updates : [snapshot.update, ...updates]);
  return doc;
}

/**
 * What a plain document has that got every edit of those who are there, and of those who are gone what is stored: nothing of
 * it twice.
 */
export function plainDoc(stored: Y.Doc, living: readonly SimulatedClient[], gone: readonly SimulatedClient[]): Y.Doc {
  const doc = newDoc();
  const knowledge = Knowledge.empty();
  knowledge.admit(Y.encodeStateAsUpdate(stored));
  const kept = gone.flatMap(({ edits }) => edits.filter((edit) => knowledge.knows(edit)));
  applyAll(doc, [...living.flatMap(({ edits }) => edits), ...kept]);
  return doc;
}

/** In one transaction, which takes a fraction of the time of many. */
function applyAll(doc: Y.Doc, updates: readonly Uint8Array[]): void {
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
}

import { Knowledge, updateOfDeleteSet } from '@headwater/protocol';
import * as encoding from 'lib0/encoding';
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
  const kept = gone.flatMap(({ edits }) => edits.flatMap(partsOf).filter((part) => knowledge.knows(part)));
  applyAll(doc, [...living.flatMap(({ edits }) => edits), ...kept]);
  return doc;
}

/** A deletion is stored in parts when some of what it deletes has been lost. */
function partsOf(edit: Uint8Array): readonly Uint8Array[] {
  const { structs, ds } = Y.decodeUpdate(edit);
  if (structs.length > 0) return [edit];
  return [...ds.clients].flatMap(([client, ranges]) =>
    ranges.flatMap(({ clock, len }) => Array.from({ length: len }, (_, index) => deletionOf(client, clock + index))),
  );
}

function deletionOf(client: number, clock: number): Uint8Array {
  const deleteSet = encoding.encode((encoder) => {
    for (const part of [1, client, 1, clock, 1]) encoding.writeVarUint(encoder, part);
  });
  return updateOfDeleteSet(deleteSet);
}

/** In one transaction, which takes a fraction of the time of many. */
function applyAll(doc: Y.Doc, updates: readonly Uint8Array[]): void {
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
}

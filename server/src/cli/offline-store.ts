import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type DocumentStore, LevelStore, type StoredDocument } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import * as Y from 'yjs';

/**
 * Opens the store of a server that is not running. A command that only reads must not leave an empty store behind
 * where somebody mistyped a directory, so there has to be one unless `create` is set.
 *
 * @throws HW_STORE_UNUSABLE, HW_STORE_LOCKED, HW_STORE_CORRUPT, HW_STORE_NEWER_FORMAT
 */
export async function openStore(directory: string, { create = false } = {}): Promise<LevelStore> {
  if (!create && !(await mayBeStore(directory))) {
    throw new HeadwaterError(
      'HW_STORE_UNUSABLE',
      `there is no store in ${path.resolve(directory)}: name it with --data`,
    );
  }
  return LevelStore.open(directory);
}

/**
 * Whether opening the directory either finds a store or says what is wrong with it, and makes nothing new. Data without
 * `CURRENT` is a store too: a damaged one, and "there is no store" would have people look for it elsewhere.
 */
export async function mayBeStore(directory: string): Promise<boolean> {
  try {
    const names = await readdir(directory);
    return names.some((name) => name === 'CURRENT' || /^\d+\.(log|ldb|sst)$/.test(name));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'; // it is there and cannot be read: the store says why
  }
}

/**
 * Reads a document that must exist.
 *
 * @throws HW_DOCUMENT_UNKNOWN
 */
export async function loadKnown(store: DocumentStore, documentName: string): Promise<StoredDocument> {
  if ((await store.info(documentName)) === undefined) throw unknownDocument(documentName);
  return store.load(documentName);
}

/** The error for a name nothing is stored under. */
export function unknownDocument(documentName: string): HeadwaterError {
  return new HeadwaterError('HW_DOCUMENT_UNKNOWN', `there is no document ${JSON.stringify(documentName)} in the store`);
}

/**
 * The document as everybody sees it: snapshot and log, without the updates that still wait for something they build
 * on. Whatever cannot integrate is taken out of the `Y.Doc` too: encoded with the rest it would hide valid edits from
 * a fresh reader.
 */
export function toDoc({ snapshot, tail }: StoredDocument): Y.Doc {
  const doc = new Y.Doc();
  doc.transact(() => {
    if (snapshot !== undefined) Y.applyUpdate(doc, snapshot.update);
    for (const record of tail) {
      for (const { update } of record.entries) Y.applyUpdate(doc, update);
    }
  });
  doc.store.pendingStructs = null;
  doc.store.pendingDs = null;
  return doc;
}

import * as Y from 'yjs';

/**
 * Whether something in the document waits for what never came. Yjs notes down only some of what its pending structs
 * miss, and so may sit on structs whose last dependency has arrived: they are tried again before that is believed.
 */
export function hasPending(doc: Y.Doc): boolean {
  for (let pending = doc.store.pendingStructs; pending !== null; pending = doc.store.pendingStructs) {
    const before = Y.encodeStateVector(doc);
    doc.store.pendingStructs = null;
    Y.applyUpdateV2(doc, pending.update);
    if (Buffer.compare(before, Y.encodeStateVector(doc)) === 0) return true;
  }
  return doc.store.pendingDs !== null;
}

/** What is pending in a document, as updates; it is not in the document any longer. */
export function takePending(doc: Y.Doc): Uint8Array[] {
  if (!hasPending(doc)) return [];
  const { pendingStructs, pendingDs } = doc.store;
  doc.store.pendingStructs = null;
  doc.store.pendingDs = null;
  return [pendingStructs?.update, pendingDs ?? undefined]
    .filter((update) => update !== undefined)
    .map((update) => Y.convertUpdateFormatV2ToV1(update));
}

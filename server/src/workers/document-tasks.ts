import * as Y from 'yjs';

/** What a compaction takes up: the snapshot so far and the updates after it, in order. */
export interface CompactionInput {
  readonly snapshot: Uint8Array | undefined;
  readonly updates: readonly Uint8Array[];
}

export interface CompactionOutput {
  readonly update: Uint8Array;
  readonly stateVector: Uint8Array;
  readonly deleteSet: Uint8Array;
  /** Updates (by index) that did not integrate, and why; they are no part of the result. */
  readonly refused: readonly { readonly index: number; readonly reason: string }[];
}

/**
 * Turns a snapshot and the updates after it into the next snapshot, through a `Y.Doc` with garbage collection.
 *
 * Every update given here passed inspection, so all of them should integrate. One that does not (it throws, or leaves
 * something pending) may have damaged the `Y.Doc` halfway through: the work starts over without it, so that only what
 * integrated goes into a snapshot.
 */
export function compact(input: CompactionInput): CompactionOutput {
  const refused = new Map<number, string>();
  let doc = integrateTogether(input);
  while (doc === undefined) {
    const attempt = integrateOneByOne(input, refused);
    if (attempt instanceof Y.Doc) doc = attempt;
    else refused.set(attempt.index, attempt.reason);
  }
  const output = {
    update: Y.encodeStateAsUpdate(doc),
    stateVector: Y.encodeStateVector(doc),
    deleteSet: encodeDeleteSet(doc),
    refused: [...refused].map(([index, reason]) => ({ index, reason })),
  };
  doc.destroy();
  return output;
}

/** The usual case: one transaction, which is several times cheaper than one for each update. */
function integrateTogether(input: CompactionInput): Y.Doc | undefined {
  const doc = new Y.Doc();
  try {
    doc.transact(() => {
      if (input.snapshot !== undefined) Y.applyUpdate(doc, input.snapshot);
      for (const update of input.updates) Y.applyUpdate(doc, update);
    });
  } catch {
    return undefined; // integrateOneByOne finds out which one
  }
  return hasPending(doc) ? undefined : doc;
}

function integrateOneByOne(
  input: CompactionInput,
  without: ReadonlyMap<number, string>,
): Y.Doc | { readonly index: number; readonly reason: string } {
  const doc = new Y.Doc();
  if (input.snapshot !== undefined) Y.applyUpdate(doc, input.snapshot);
  for (const [index, update] of input.updates.entries()) {
    if (without.has(index)) continue;
    try {
      Y.applyUpdate(doc, update);
    } catch (error) {
      return { index, reason: `did not integrate: ${error instanceof Error ? error.message : String(error)}` };
    }
    if (hasPending(doc)) {
      return { index, reason: 'did not integrate: depends on something that is not in the document' };
    }
  }
  return doc;
}

/**
 * Whether something in the document waits for what never came. Yjs notes down only some of what its pending structs
 * miss, and so may sit on structs whose last dependency has arrived: they are tried again before that is believed.
 */
function hasPending(doc: Y.Doc): boolean {
  for (let pending = doc.store.pendingStructs; pending !== null; pending = doc.store.pendingStructs) {
    const before = Y.encodeStateVector(doc);
    doc.store.pendingStructs = null;
    Y.applyUpdateV2(doc, pending.update);
    if (Buffer.compare(before, Y.encodeStateVector(doc)) === 0) return true;
  }
  return doc.store.pendingDs !== null;
}

/** A Yjs snapshot is a delete set followed by a state vector; an empty state vector is the one byte 0. */
function encodeDeleteSet(doc: Y.Doc): Uint8Array {
  return Y.encodeSnapshot(Y.createSnapshot(Y.snapshot(doc).ds, new Map())).slice(0, -1);
}

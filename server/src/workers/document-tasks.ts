import * as Y from 'yjs';
import { collected, opens } from './collected.ts';
import { hasPending } from './pending.ts';
import { type Refusal, Salvage } from './salvage.ts';

/** What a compaction takes up: the snapshot so far and the updates after it, in order. */
export interface CompactionInput {
  readonly snapshot: Uint8Array | undefined;
  readonly updates: readonly Uint8Array[];
  /** Whether to give up, with nothing taken, when something does not integrate, rather than to find out what it is. */
  readonly allOrNothing?: boolean | undefined;
  /** How many of the updates have to be taken for the result to be of use. Default: one */
  readonly minTaken?: number | undefined;
}

export interface CompactionOutput {
  readonly update: Uint8Array;
  readonly stateVector: Uint8Array;
  readonly deleteSet: Uint8Array;
  /** No part of the result; at most one per update. */
  readonly refused: readonly Refusal[];
  /** So many of the updates, from the first on, are in the result or refused. Usually all. */
  readonly taken: number;
}

/**
 * Turns a snapshot and the updates after it into the next snapshot, through a `Y.Doc` with garbage collection.
 *
 * Every update given here passed inspection, so all of them should integrate. Where they do not:
 *
 * - It may be just the collection that throws (Yjs does on a map value of several clocks that was split). Integrated without
 *   it and encoded, the same document is often collected without complaint, and nothing is lost.
 * - Else only what does not integrate is left out, and no more of its update than that ({@link Salvage}).
 *
 * The result always comes from a document with garbage collection: what only goes without it no client could open. Off the
 * usual way it is opened once more to be sure, and there is none if that fails.
 */
export function compact(input: CompactionInput): CompactionOutput {
  const doc = integrateTogether(input, true) ?? collectedLater(input);
  if (doc !== undefined) return outputOf(doc, [], input.updates.length);
  if (input.allOrNothing === true) return outputOf(new Y.Doc(), [], 0);
  const salvage = new Salvage(input.snapshot);
  const { refused, taken } = salvage.run(input.updates, input.minTaken ?? 1);
  if (!opens(salvage.doc)) throw new Error('what was salvaged of the document does not open');
  return outputOf(salvage.doc, refused, taken);
}

function collectedLater(input: CompactionInput): Y.Doc | undefined {
  const doc = integrateTogether(input, false);
  return doc && collected(doc);
}

/** The usual case: one transaction, which is several times cheaper than one for each update. */
function integrateTogether({ snapshot, updates }: CompactionInput, gc: boolean): Y.Doc | undefined {
  const doc = new Y.Doc({ gc });
  try {
    doc.transact(() => {
      if (snapshot !== undefined) Y.applyUpdate(doc, snapshot);
      for (const update of updates) Y.applyUpdate(doc, update);
    });
  } catch {
    return undefined;
  }
  return hasPending(doc) ? undefined : doc;
}

function outputOf(doc: Y.Doc, refused: readonly Refusal[], taken: number): CompactionOutput {
  const output = {
    update: Y.encodeStateAsUpdate(doc),
    stateVector: Y.encodeStateVector(doc),
    deleteSet: encodeDeleteSet(doc),
    refused,
    taken,
  };
  doc.destroy();
  return output;
}

/** A Yjs snapshot is a delete set followed by a state vector; an empty state vector is the one byte 0. */
function encodeDeleteSet(doc: Y.Doc): Uint8Array {
  return Y.encodeSnapshot(Y.createSnapshot(Y.snapshot(doc).ds, new Map())).slice(0, -1);
}

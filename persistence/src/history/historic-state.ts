import { HeadwaterError, joinUpdates } from '@headwater/protocol';
import * as Y from 'yjs';

/** Updates that Yjs throws on are left out, but no more than these: each one costs a new beginning. */
const MAX_REFUSED = 32;

/** What a document was at one moment. */
export class HistoricState {
  /** The last record in it. */
  readonly sequence: number;
  /** When that was received, in milliseconds since the epoch, as far as it is known; `undefined` before the first record. */
  readonly timeMs: number | undefined;
  /** What makes the state when they are applied in this order. */
  readonly updates: readonly Uint8Array[];
  #encoded: Uint8Array | undefined;

  constructor(sequence: number, timeMs: number | undefined, updates: readonly Uint8Array[]) {
    this.sequence = sequence;
    this.timeMs = timeMs;
    this.updates = updates;
  }

  /** A new `Y.Doc` of this state, the caller's to destroy. */
  doc(): Y.Doc {
    return docOf(this.updates);
  }

  /** The state as one Yjs v1 update, without what was deleted. */
  get update(): Uint8Array {
    this.#encoded ??= encodedStateOf(this.updates);
    return this.#encoded;
  }
}

/** The state that updates make when they are applied in this order, as one Yjs v1 update, without what was deleted. */
export function encodedStateOf(updates: readonly Uint8Array[]): Uint8Array {
  const doc = docOf(updates);
  const state = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return state;
}

/**
 * A `Y.Doc` with garbage collection that holds these updates, applied in this order.
 *
 * Without what waits for something that is not among them: it is no part of the state, and encoded with the rest it would
 * hide valid structs from whoever loads it. Without updates that Yjs throws on, as compaction sets them aside too.
 */
export function docOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = appliedWhole(joined(updates)) ?? applied(updates) ?? appliedWithoutRefused(updates);
  doc.store.pendingStructs = null;
  doc.store.pendingDs = null;
  return doc;
}

/** As one update: applying thousands one by one takes Yjs many times as long. */
function joined(updates: readonly Uint8Array[]): readonly Uint8Array[] {
  if (updates.length < 2) return updates;
  try {
    const update = joinUpdates(updates);
    return update === undefined ? updates : [update];
  } catch {
    return updates; // one that does not decode; which one is found out below
  }
}

/** Unless something of it waits: joined, one that has no place may keep others waiting that come after it. */
function appliedWhole(updates: readonly Uint8Array[]): Y.Doc | undefined {
  const doc = applied(updates);
  if (doc?.store.pendingStructs == null && doc?.store.pendingDs == null) return doc;
  doc.destroy();
  return undefined;
}

function applied(updates: readonly Uint8Array[]): Y.Doc | undefined {
  const doc = new Y.Doc();
  try {
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update);
    });
    return doc;
  } catch {
    doc.destroy();
    return undefined;
  }
}

function appliedWithoutRefused(updates: readonly Uint8Array[]): Y.Doc {
  let taken: Uint8Array[] = [];
  let doc = new Y.Doc();
  let refused = 0;
  for (const [index, update] of updates.entries()) {
    try {
      Y.applyUpdate(doc, update);
      taken.push(update);
    } catch (cause) {
      if (index === 0) {
        doc.destroy();
        const problem = `the state it begins with does not integrate: ${(cause as Error).message}`;
        throw new HeadwaterError('HW_STORE_CORRUPT', problem, { cause });
      }
      refused += 1;
      if (refused > MAX_REFUSED) {
        const problem = `more than ${MAX_REFUSED} updates do not integrate: ${(cause as Error).message}`;
        throw new HeadwaterError('HW_STORE_CORRUPT', problem, { cause });
      }
      // It may have come half way: begin again, with what was good.
      doc.destroy();
      doc = applied(joined(taken)) ?? new Y.Doc();
      taken = [Y.encodeStateAsUpdate(doc)];
    }
  }
  return doc;
}

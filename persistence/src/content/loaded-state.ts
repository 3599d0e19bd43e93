import * as Y from 'yjs';

/** An item that is not deleted, or the stretch of it from its `from`th clock to before its `to`th. */
export interface Slice {
  readonly item: Y.Item;
  readonly from: number;
  readonly to: number;
}

/** @param state - An encoded Yjs state (update v1). What waits in it for something missing is no part of the document. */
export function loadState(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc({ gc: false }); // nothing is deleted here, so there is nothing to collect
  Y.applyUpdate(doc, state);
  return doc;
}

/** Whether `doc` has seen every item `earlier` has seen. */
export function hasSeen(doc: Y.Doc, earlier: Y.Doc): boolean {
  return [...earlier.store.clients.keys()].every(
    (client) => Y.getState(earlier.store, client) <= Y.getState(doc.store, client),
  );
}

/** What a document has at a clock of a client, and for how many clocks on that is the answer. */
export function lookUp(doc: Y.Doc, client: number, clock: number): { alive: Slice | undefined; length: number } {
  if (clock >= Y.getState(doc.store, client)) return { alive: undefined, length: Number.POSITIVE_INFINITY };
  const structs = doc.store.clients.get(client) ?? [];
  const struct = structs[Y.findIndexSS(structs, clock)];
  if (struct === undefined) throw new RangeError(`client ${client} has no struct at clock ${clock}`);
  const from = clock - struct.id.clock;
  const length = struct.length - from;
  const isAlive = struct instanceof Y.Item && !struct.deleted;
  return { alive: isAlive ? { item: struct, from, to: struct.length } : undefined, length };
}

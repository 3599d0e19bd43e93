import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';

/** The state vector as text: cheap to compare, and blind to deletions. */
export function stateKey(doc: Y.Doc): string {
  const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b);
  return clocks.map(([client, clock]) => `${client}:${clock}`).join(' ');
}

/** Whether two documents know the same, deletions too, and show the same. */
export function sameState(a: Y.Doc, b: Y.Doc): boolean {
  return Y.equalSnapshots(Y.snapshot(a), Y.snapshot(b)) && isDeepStrictEqual(contentOf(a), contentOf(b));
}

function contentOf(doc: Y.Doc): unknown {
  return [doc.getText('text').toDelta(), doc.getArray('marks').toJSON(), doc.getMap('map').toJSON()];
}

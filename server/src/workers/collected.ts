import * as Y from 'yjs';
import { hasPending } from './pending.ts';

/**
 * What garbage collection makes of a document without it, as clients will: they open what is stored with it. Undefined
 * when they could not, as where Yjs collects by recursion what is nested too deeply; then it must not be stored.
 */
export function collected(doc: Y.Doc): Y.Doc | undefined {
  const copy = reopened(doc);
  return copy !== undefined && opens(copy) ? copy : undefined;
}

/** Whether the encoding of a document loads, with garbage collection, as the same document. */
export function opens(doc: Y.Doc): boolean {
  const copy = reopened(doc);
  copy?.destroy();
  return copy !== undefined;
}

function reopened(doc: Y.Doc): Y.Doc | undefined {
  const copy = new Y.Doc();
  try {
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  } catch {
    return undefined;
  }
  if (hasPending(copy)) return undefined;
  return Buffer.compare(Y.encodeStateVector(copy), Y.encodeStateVector(doc)) === 0 ? copy : undefined;
}

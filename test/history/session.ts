import type { DocumentStore, LogRecord } from '@headwater/persistence';
import * as Y from 'yjs';
import { visibleContent } from '../content/visible-content.ts';
import { editSomething } from '../support/edits.ts';
import { Random } from '../support/random.ts';

/** What several people did to one document, and what it was after each record, by a plain `Y.Doc`. */
export interface Session {
  readonly records: readonly LogRecord[];
  /** By record number; 0 is the empty document. */
  readonly contents: readonly unknown[];
}

export const START_MS = 1_700_000_000_000;
/** How long after its last record {@link compact} makes a snapshot. */
export const COMPACTED_AFTER_MS = 500;
const AUTHORS = ['ada', 'bob 😀', 'connection 3'];

/**
 * Replicas edit, each knowing only some of what the others did; what they send arrives in records of one to three updates.
 *
 * @param bulk - lets texts of kilobytes come and go, so that the log outgrows the document again and again
 */
export function recordSession(seed: number, count: number, { bulk = false, stepMs = 1_000 } = {}): Session {
  const random = new Random(seed);
  const sent: { readonly update: Uint8Array; readonly author: string }[] = [];
  const replicas = AUTHORS.map((author, index) => {
    const doc = new Y.Doc();
    doc.clientID = index + 1;
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'sync') sent.push({ update, author });
    });
    return { doc, seen: 0 };
  });
  const oracle = new Y.Doc();
  const records: LogRecord[] = [];
  const contents: unknown[] = [visibleContent(oracle)];
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const from = sent.length;
    while (sent.length - from < 1 + random.below(3)) {
      const replica = random.pick(replicas);
      if (random.chance(40)) {
        for (; replica.seen < from; replica.seen += 1) {
          const known = sent[replica.seen];
          if (known !== undefined) Y.applyUpdate(replica.doc, known.update, 'sync');
        }
      }
      if (bulk && random.chance(30)) replica.doc.transact(() => editBulk(replica.doc.getText('text'), random));
      else replica.doc.transact(() => editSomething(replica.doc, random, true));
    }
    const entries = sent.slice(from);
    records.push({ sequence, timeMs: START_MS + sequence * stepMs, entries });
    for (const { update } of entries) Y.applyUpdate(oracle, update);
    contents.push(visibleContent(oracle));
  }
  for (const { doc } of replicas) doc.destroy();
  return { records, contents };
}

function editBulk(text: Y.Text, random: Random): void {
  if (text.length > 20_000) text.delete(100, text.length - 200);
  const words = Array.from({ length: 1_000 + random.below(1_000) }, () => random.below(2 ** 31).toString(36));
  text.insert(random.below(text.length + 1), words.join(' '));
}

/** Compacts as the server does: what is there becomes the snapshot, up to a record. */
export async function compact(store: DocumentStore, name: string, upTo = Number.POSITIVE_INFINITY): Promise<void> {
  const { snapshot, tail } = await store.load(name);
  const contained = tail.filter(({ sequence }) => sequence <= upTo);
  const last = contained.at(-1);
  if (last === undefined) return;
  const { sequence, timeMs } = last;
  const doc = new Y.Doc();
  if (snapshot !== undefined) Y.applyUpdate(doc, snapshot.update);
  for (const { entries } of contained) for (const { update } of entries) Y.applyUpdate(doc, update);
  await store.replaceSnapshot(name, {
    sequence,
    update: Y.encodeStateAsUpdate(doc),
    stateVector: Y.encodeStateVector(doc),
    deleteSet: Y.encodeSnapshot(Y.createSnapshot(Y.snapshot(doc).ds, new Map())).slice(0, -1),
    timeMs: timeMs + COMPACTED_AFTER_MS,
  });
  doc.destroy();
}

import { LevelStore, type LogEntry } from '@headwater/persistence';
import * as Y from 'yjs';

const AUTHOR = 'test';

/** What to put into a store before a command looks at it. */
export interface DocumentToStore {
  readonly updates: readonly Uint8Array[];
  readonly waiting?: readonly Uint8Array[];
}

/** Fills the store of a directory as a server would have left it, every update a log record of its own. */
export async function storeDocuments(
  directory: string,
  documents: Readonly<Record<string, DocumentToStore>>,
): Promise<void> {
  await using store = await LevelStore.open(directory);
  const appends = Object.entries(documents).flatMap(([documentName, { updates, waiting = [] }]) => [
    ...updates.map((update) => store.append(documentName, { timeMs: Date.now(), entries: [toEntry(update)] })),
    ...waiting.map((update) =>
      store.append(documentName, { timeMs: Date.now(), entries: [], addWaiting: [toEntry(update)] }),
    ),
  ]);
  await Promise.all(appends.map((append) => append.durable));
}

function toEntry(update: Uint8Array): LogEntry {
  return { update, author: AUTHOR };
}

/** The update of a document that somebody edited like this. */
export function updateOf(edit: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  edit(doc);
  return Y.encodeStateAsUpdate(doc);
}

/** The updates of a document, one for each of these edits. */
export function updatesOf(...edits: readonly ((doc: Y.Doc) => void)[]): readonly Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const edit of edits) doc.transact(() => edit(doc));
  return updates;
}

import type { DocumentChange, LogEntry, StoredDocument } from '@headwater/persistence';
import { Knowledge } from '@headwater/protocol';

/** What merging an update into a stored document writes. */
export type MergeChange = DocumentChange & { readonly addWaiting: readonly LogEntry[] };

/**
 * Merges under the rules that hold for an update from a socket: only what is new and integrates goes into the log, what
 * refers to something missing waits, and what waited for this one waits no longer.
 *
 * @throws HW_UPDATE_MALFORMED
 */
export function changeByMerging(stored: StoredDocument, imported: LogEntry): MergeChange {
  const knowledge = knowledgeOf(stored);
  const entries: LogEntry[] = [];

  // What one entry adds may be what another waits for, so go on until a round over all of them adds nothing.
  let waiting: readonly LogEntry[] = [imported, ...stored.waiting];
  for (let addedBefore = -1; entries.length > addedBefore; ) {
    addedBefore = entries.length;
    waiting = waiting.flatMap(({ update, author }) => {
      const { added, waiting: rest } = knowledge.admit(update);
      if (added !== undefined) entries.push({ update: added, author });
      return rest === undefined ? [] : [{ update: rest, author }];
    });
  }
  return {
    timeMs: Date.now(),
    entries,
    addWaiting: waiting.filter((entry) => !includes(stored.waiting, entry)),
    removeWaiting: stored.waiting.filter((entry) => !includes(waiting, entry)).map(({ update }) => update),
  };
}

function knowledgeOf({ snapshot, tail }: StoredDocument): Knowledge {
  const knowledge =
    snapshot === undefined ? Knowledge.empty() : Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
  for (const record of tail) {
    for (const { update } of record.entries) knowledge.admit(update);
  }
  return knowledge;
}

function includes(entries: readonly LogEntry[], { update }: LogEntry): boolean {
  return entries.some((entry) => Buffer.compare(entry.update, update) === 0);
}

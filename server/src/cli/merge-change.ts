import type { DocumentChange, LogEntry, StoredDocument } from '@headwater/persistence';
import { Knowledge } from '@headwater/protocol';
import { PendingBatch } from '../documents/pending-batch.ts';
import { WaitingUpdates } from '../documents/waiting-updates.ts';

/**
 * What merging an update into a stored document writes, under the rules that hold for an update from a socket: only what
 * is new and integrates goes into the log, what refers to something missing waits, and what waited for this one waits no
 * longer. `undefined` when it brings nothing.
 *
 * @throws HW_UPDATE_MALFORMED, HW_TOO_MUCH_WAITING
 */
export function changeByMerging(stored: StoredDocument, imported: LogEntry): DocumentChange | undefined {
  const knowledge = knowledgeOf(stored);
  const waiting = new WaitingUpdates(Number.POSITIVE_INFINITY);
  waiting.restore(stored.waiting);
  const batch = new PendingBatch(Date.now());

  const admission = knowledge.admit(imported.update);
  if (admission.added !== undefined) batch.add(admission.added, imported.author, admission);
  if (admission.waiting !== undefined) waiting.keep({ ...imported, update: admission.waiting }, batch);
  waiting.retry(knowledge, batch);
  return batch.change();
}

function knowledgeOf({ snapshot, tail }: StoredDocument): Knowledge {
  const knowledge =
    snapshot === undefined ? Knowledge.empty() : Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
  for (const record of tail) {
    for (const { update } of record.entries) knowledge.admit(update);
  }
  return knowledge;
}

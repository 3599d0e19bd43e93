import type { DocumentChange, LogEntry, StoredDocument } from '@headwater/persistence';
import { Knowledge } from '@headwater/protocol';
import { PendingBatch } from '../documents/pending-batch.ts';
import { WaitingUpdates } from '../documents/waiting-updates.ts';
import { type MissingEdits, missingEdits } from './missing-edits.ts';

/** What merging an update does to a document. */
export interface Merge {
  /** What is to be written; `undefined` when the update brings nothing. */
  readonly change: DocumentChange | undefined;
  /** Of the update: what is new and integrates. */
  readonly addedBytes: number;
  /** Of what was kept before: what waits no longer. */
  readonly releasedBytes: number;
  /** Of the update: what waits, kept now or before. */
  readonly waitingBytes: number;
  /** What the document waits for as a whole; empty when nothing of the update waits. */
  readonly missing: readonly MissingEdits[];
}

/**
 * Merges an update into a stored document, under the rules that hold for an update from a socket: only what is new and
 * integrates goes into the log, what refers to something missing waits, and what waited for this one waits no longer.
 *
 * @throws HW_UPDATE_MALFORMED, HW_TOO_MUCH_WAITING
 */
export function mergeUpdate(stored: StoredDocument, imported: LogEntry): Merge {
  const knowledge = knowledgeOf(stored);
  const waiting = new WaitingUpdates(Number.POSITIVE_INFINITY);
  waiting.restore(stored.waiting);
  const batch = new PendingBatch(Date.now());

  const admission = knowledge.admit(imported.update);
  if (admission.added !== undefined) batch.add(admission.added, imported.author, admission);
  if (admission.waiting !== undefined) waiting.keep({ ...imported, update: admission.waiting }, batch);
  while (!waiting.retry(knowledge, batch)); // nobody else is here who could not wait for all of it

  const change = batch.change();
  const addedBytes = admission.added?.length ?? 0;
  const releasedBytes = sumOf(change?.entries) - addedBytes;
  const counts = { change, addedBytes, releasedBytes };
  if (admission.waiting === undefined) return { ...counts, waitingBytes: 0, missing: [] };

  // It waits as it was kept; or what was kept before has let a part of it in, and the rest was kept anew.
  const waitingBytes = waiting.has(admission.waiting) ? admission.waiting.length : sumOf(change?.addWaiting);
  const stillWaiting = [...stored.waiting, ...(change?.addWaiting ?? [])].filter(({ update }) => waiting.has(update));
  const updates = stillWaiting.map(({ update }) => update);
  return { ...counts, waitingBytes, missing: missingEdits(updates, (clientId) => knowledge.clock(clientId)) };
}

function knowledgeOf({ snapshot, tail }: StoredDocument): Knowledge {
  const knowledge =
    snapshot === undefined ? Knowledge.empty() : Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
  for (const record of tail) {
    for (const { update } of record.entries) knowledge.admit(update);
  }
  return knowledge;
}

function sumOf(entries: readonly LogEntry[] = []): number {
  return entries.reduce((sum, { update }) => sum + update.length, 0);
}

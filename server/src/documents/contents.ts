import type { StoredDocument } from '@headwater/persistence';
import { Knowledge, updateOfDeleteSet } from '@headwater/protocol';
import { yWebsocketFraming } from '../wire/y-websocket-framing.ts';
import { LoadedSnapshot } from './answer.ts';
import type { CompactionResult } from './compactor.ts';
import { PendingBatch } from './pending-batch.ts';
import { Tail } from './tail.ts';
import { WaitingUpdates } from './waiting-updates.ts';

/** What a document consists of in memory: its compacted state, the updates since, what waits, and what is known of all that. */
export class DocumentContents {
  readonly tail = new Tail();
  readonly waiting: WaitingUpdates;
  #knowledge = Knowledge.empty();
  #snapshot: LoadedSnapshot | undefined;

  /** `maxWaitingBytes`: how much may wait. */
  constructor(maxWaitingBytes: number) {
    this.waiting = new WaitingUpdates(maxWaitingBytes);
  }

  get knowledge(): Knowledge {
    return this.#knowledge;
  }

  get snapshot(): LoadedSnapshot | undefined {
    return this.#snapshot;
  }

  /** Takes up what the store has, into a document that is empty so far. What that takes to put right joins `repairs`. */
  restore({ snapshot, tail, waiting }: StoredDocument, repairs: PendingBatch): void {
    if (snapshot !== undefined) {
      this.#snapshot = new LoadedSnapshot(snapshot);
      this.#knowledge = Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
    }
    this.waiting.restore(waiting);
    for (const record of tail) {
      const batch = new PendingBatch(record.timeMs);
      for (const { update, author } of record.entries) {
        const admission = this.#knowledge.admit(update);
        if (admission.added !== undefined) batch.add(admission.added, author, admission);
        // A power cut can take a record that nobody was told is saved, and leave a later one that builds on it.
        if (admission.waiting !== undefined) this.waiting.keepAnyway({ update: admission.waiting, author }, repairs);
      }
      if (batch.hasUpdates) this.tail.push({ ...batch.toTailBatch(yWebsocketFraming), sequence: record.sequence });
    }
  }

  /**
   * Switches to a new snapshot; the part of the tail that it contains has gone.
   *
   * @param pending - taken up and not in the tail yet
   */
  adopt({ snapshot, quarantined }: CompactionResult, next: LoadedSnapshot, pending: Iterable<Uint8Array>): void {
    this.#snapshot = next;
    if (quarantined.length === 0) {
      // Integration deletes more than the updates say (concurrent map entries, what was put into a deleted parent).
      this.#knowledge.admit(updateOfDeleteSet(snapshot.deleteSet));
      return;
    }
    this.#knowledge = Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
    for (const batch of this.tail.since(0)) for (const update of batch.updates) this.#knowledge.admit(update);
    for (const update of pending) this.#knowledge.admit(update);
  }
}

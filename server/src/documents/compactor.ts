import type { DocumentStore, LogEntry, QuarantinedUpdate, Snapshot } from '@headwater/persistence';
import { covers, decodeStateVector } from '@headwater/protocol';
import type { DocumentWorkers } from '../workers/worker-pool.ts';
import type { TailBatch } from './tail.ts';

/** What a compaction needs of a document, taken at one moment. */
export interface CompactionJob {
  readonly documentName: string;
  readonly snapshot: Snapshot | undefined;
  /** The oldest batches of the tail, all with a sequence. */
  readonly batches: readonly TailBatch[];
  /** The state vector of the snapshot and the batches together. */
  readonly stateVector: ReadonlyMap<number, number>;
}

export interface CompactionResult {
  readonly snapshot: Snapshot;
  readonly quarantined: readonly QuarantinedUpdate[];
}

/** Makes the next snapshot in a worker and switches the store to it. */
export class Compactor {
  readonly #store: DocumentStore;
  readonly #workers: DocumentWorkers;

  constructor(store: DocumentStore, workers: DocumentWorkers) {
    this.#store = store;
    this.#workers = workers;
  }

  /**
   * Resolves once the new snapshot is on disk.
   *
   * @throws Error when the result would lose something; the stored document is untouched then
   */
  async run(job: CompactionJob): Promise<CompactionResult> {
    const sequence = job.batches.at(-1)?.sequence;
    if (sequence === undefined) throw new RangeError(`nothing to compact in "${job.documentName}"`);
    const input = { snapshot: job.snapshot?.update, updates: job.batches.flatMap((batch) => batch.updates) };
    let output = await this.#workers.compact(input);
    let entries: readonly LogEntry[] = [];
    if (output.refused.length > 0) {
      // The batches are folded: which of the updates in them is to blame only the log can tell.
      entries = await this.#entriesUpTo(job.documentName, sequence);
      output = await this.#workers.compact({ ...input, updates: entries.map((entry) => entry.update) });
    }

    if (output.refused.length === 0 && !covers(decodeStateVector(output.stateVector), job.stateVector)) {
      throw new Error(`compacting "${job.documentName}" would have lost structs; its log is kept as it is`);
    }
    const timeMs = Date.now();
    const { update, stateVector, deleteSet } = output;
    const snapshot = { sequence, update, stateVector, deleteSet, timeMs };
    const quarantined = output.refused.map(({ index, reason }) => ({
      update: entries[index]?.update ?? new Uint8Array(),
      author: entries[index]?.author ?? '',
      reason,
      timeMs,
    }));
    await this.#store.replaceSnapshot(job.documentName, snapshot, quarantined);
    return { snapshot, quarantined };
  }

  async #entriesUpTo(documentName: string, sequence: number): Promise<readonly LogEntry[]> {
    const { tail } = await this.#store.load(documentName);
    return tail.filter((record) => record.sequence <= sequence).flatMap((record) => record.entries);
  }
}

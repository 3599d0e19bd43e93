import type { DocumentStore, QuarantinedUpdate, Snapshot } from '@headwater/persistence';
import { covers, decodeStateVector } from '@headwater/protocol';
import type { CompactionInput, CompactionOutput } from '../workers/document-tasks.ts';
import { CompactionTimeoutError, type DocumentWorkers } from '../workers/worker-pool.ts';
import type { TailBatch } from './tail.ts';

/** What a compaction needs of a document, taken at one moment. */
export interface CompactionJob {
  readonly documentName: string;
  readonly snapshot: Snapshot | undefined;
  /** Which document of that name it is, when that is known. */
  readonly documentId?: number | undefined;
  /** The oldest batches of the tail. */
  readonly batches: readonly TailBatch[];
  /** Snapshot and batches contain the log up to this record. */
  readonly sequence: number;
  /** Whether the store has such a snapshot by now, from another instance: then this one is for here only. */
  readonly isStored?: (() => boolean) | undefined;
  /** The state vector of the snapshot and the batches together. */
  readonly stateVector: ReadonlyMap<number, number>;
  /** Whether the document it was taken from is still the one in memory. */
  readonly isCurrent: () => boolean;
}

export interface CompactionResult {
  readonly snapshot: Snapshot;
  readonly quarantined: readonly QuarantinedUpdate[];
  /** Whether everything that went in is in it. */
  readonly isWhole: boolean;
}

/** After a compaction that took too long the next one waits for this, twice as long each time. */
const FIRST_RETRY_MS = 60_000;
const MAX_RETRY_MS = 6 * 60 * 60 * 1000;
/** So many documents that took too long are remembered, whether they are in memory or not. */
const MAX_SLOW_DOCUMENTS = 1_000;

/** Makes the next snapshot in a worker and switches the store to it. */
export class Compactor {
  readonly #store: DocumentStore;
  readonly #workers: DocumentWorkers;
  readonly #now: () => number;
  readonly #onCompacted: (documentName: string) => void;
  /** By name; who took too long last comes last. */
  readonly #slow = new Map<string, { readonly delayMs: number; readonly untilMs: number }>();

  /** `now`: milliseconds since the epoch; `onCompacted`: called when a new snapshot is on disk. */
  constructor(
    store: DocumentStore,
    workers: DocumentWorkers,
    now: () => number = Date.now,
    onCompacted: (documentName: string) => void = () => {},
  ) {
    this.#store = store;
    this.#workers = workers;
    this.#now = now;
    this.#onCompacted = onCompacted;
  }

  /** Whether the last compaction of this document took too long for another attempt so soon. */
  isBackingOff(documentName: string): boolean {
    return (this.#slow.get(documentName)?.untilMs ?? 0) > this.#now();
  }

  /**
   * Resolves once the new snapshot is on disk. It may contain only the oldest log records of the job, when too much of
   * the others does not integrate.
   *
   * @throws CompactionTimeoutError when it took too long
   * @throws Error when the result would lose something; in both cases the stored document is untouched
   */
  async run(job: CompactionJob): Promise<CompactionResult> {
    try {
      const result = await this.#run(job);
      this.#slow.delete(job.documentName);
      return result;
    } catch (error) {
      if (error instanceof CompactionTimeoutError) this.#backOff(job.documentName);
      throw error;
    }
  }

  async #run(job: CompactionJob): Promise<CompactionResult> {
    const input = { snapshot: job.snapshot?.update, updates: job.batches.flatMap((batch) => batch.updates) };
    const output = await this.#workers.compact({ ...input, allOrNothing: true });
    // The batches are folded: which of the updates in them is to blame only the log can tell.
    if (output.taken < input.updates.length) return this.#runFromLog(job);
    expectToCover(job, output);
    const snapshot = { sequence: job.sequence, ...snapshotOf(output), timeMs: this.#now() };
    await this.#replace(job, snapshot, []);
    return { snapshot, quarantined: [], isWhole: true };
  }

  async #runFromLog(job: CompactionJob): Promise<CompactionResult> {
    const { documentName } = job;
    // The stored snapshot, and not that of the job: another instance may have replaced it, and taken records out of the log.
    const { snapshot: base, tail } = await this.#store.load(documentName);
    const records = tail.filter((record) => record.sequence <= job.sequence);
    const entries = records.flatMap((record) => record.entries);
    const input: CompactionInput = {
      snapshot: base?.update,
      updates: entries.map((entry) => entry.update),
      minTaken: records[0]?.entries.length,
    };
    const output = await this.#workers.compact(input);
    if (output.refused.length === 0 && output.taken === entries.length) expectToCover(job, output);

    // A snapshot stands for whole records. One that was begun stays in the log: to have part of it twice does no harm.
    let sequence: number | undefined;
    let covered = 0;
    for (const record of records) {
      if (covered + record.entries.length > output.taken) break;
      covered += record.entries.length;
      sequence = record.sequence;
    }
    if (sequence === undefined) throw new Error(`no log record of "${documentName}" was taken; it is kept as it is`);
    const timeMs = this.#now();
    const quarantined = output.refused
      .filter(({ index }) => index < covered)
      .map(({ index, update, reason }) => ({ update, author: entries[index]?.author ?? '', reason, timeMs }));
    const snapshot = { sequence, ...snapshotOf(output), timeMs };
    await this.#replace(job, snapshot, quarantined);
    return { snapshot, quarantined, isWhole: false };
  }

  async #replace(
    { documentName, documentId, isCurrent, isStored }: CompactionJob,
    snapshot: Snapshot,
    quarantined: readonly QuarantinedUpdate[],
  ): Promise<void> {
    // Loaded anew meanwhile, or of another epoch: its log may hold what this snapshot does not.
    if (!isCurrent()) throw new Error(`"${documentName}" was let go during its compaction`);
    if (quarantined.length === 0 && isStored?.() === true) return;
    await this.#store.replaceSnapshot(documentName, snapshot, quarantined, documentId);
    this.#onCompacted(documentName);
  }

  #backOff(documentName: string): void {
    const before = this.#slow.get(documentName)?.delayMs ?? FIRST_RETRY_MS / 2;
    const delayMs = Math.min(before * 2, MAX_RETRY_MS);
    this.#slow.delete(documentName);
    this.#slow.set(documentName, { delayMs, untilMs: this.#now() + delayMs });
    const [oldest] = this.#slow.keys();
    if (this.#slow.size > MAX_SLOW_DOCUMENTS && oldest !== undefined) this.#slow.delete(oldest);
  }
}

function expectToCover({ documentName, stateVector }: CompactionJob, output: CompactionOutput): void {
  if (covers(decodeStateVector(output.stateVector, Number.POSITIVE_INFINITY), stateVector)) return;
  throw new Error(`compacting "${documentName}" would have lost structs; its log is kept as it is`);
}

function snapshotOf(output: CompactionOutput): Pick<Snapshot, 'update' | 'stateVector' | 'deleteSet'> {
  const { update, stateVector, deleteSet } = output;
  return { update, stateVector, deleteSet };
}

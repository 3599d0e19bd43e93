import type { Logger } from '../logging/logger.ts';
import { CompactionTimeoutError } from '../workers/worker-pool.ts';
import { advance, type LoadedSnapshot } from './answer.ts';
import type { CompactionResult, Compactor } from './compactor.ts';
import type { Tail } from './tail.ts';

/** A tail of this many updates is compacted when the document goes idle, however large its snapshot is. */
const IDLE_COMPACTION_UPDATES = 500;
/** Otherwise a tail is, once it is worth this share of the snapshot. */
const IDLE_COMPACTION_SHARE = 1 / 8;

/** A document's part in a cluster, as far as compactions go. */
export interface CompactedReplica {
  /** Every record of the log up to this one is in the snapshot or the tail. */
  readonly through: number;
  /** How far the snapshot reaches that is known to be in the store. */
  readonly storedSnapshot: number;
  /** In which epoch of the store that is so, and whether the store is still in it. */
  readonly epoch: { readonly known: number; readonly isCurrent: boolean };
  /** Which document of its name it is; `undefined` while that is not known. */
  readonly documentId: number | undefined;
  letOthersCompact(): Promise<void>;
  storedNewSnapshot(sequence: number): void;
  outdateAll(): void;
}

/** What the schedule needs of its document. */
export interface CompactedDocument {
  readonly name: string;
  readonly tail: Tail;
  /** The one of the moment. */
  snapshot(): LoadedSnapshot | undefined;
  /** Switches to the result, which contains the tail up to a position. */
  adopt(result: CompactionResult, tailEnd: number): void;
  readonly replica?: CompactedReplica | undefined;
}

/**
 * When one document is compacted: once its tail has outgrown its snapshot, so that the work is in proportion to what was
 * written since, and when it goes idle, so that whoever comes next finds it small. One compaction at a time.
 */
export class CompactionSchedule {
  readonly #document: CompactedDocument;
  readonly #compactor: Compactor;
  readonly #compactAfterBytes: number;
  readonly #logger: Logger;
  #running: Promise<void> | undefined;
  #notBelowBytes = 0;
  #isStopped = false;

  constructor(document: CompactedDocument, compactor: Compactor, compactAfterBytes: number, logger: Logger) {
    this.#document = document;
    this.#compactor = compactor;
    this.#compactAfterBytes = compactAfterBytes;
    this.#logger = logger;
  }

  /** To be called whenever the tail has grown. */
  tailGrew(): void {
    const limit = Math.max(this.#compactAfterBytes, this.#snapshotBytes, this.#notBelowBytes);
    if (this.#document.tail.byteLength > limit) void this.#start();
  }

  /**
   * The document goes idle: waits for what runs, and compacts once more when that is worth it and still wanted by then.
   * Resolves when that is over, whether it succeeded or not.
   */
  async wentIdle(isStillWanted: () => boolean): Promise<void> {
    await this.#running;
    if (isStillWanted() && this.#isWorthIt) await this.#start();
  }

  get #isWorthIt(): boolean {
    const { tail } = this.#document;
    if (tail.updateCount === 0 || this.#isBackingOff) return false;
    return tail.updateCount >= IDLE_COMPACTION_UPDATES || tail.byteLength > this.#snapshotBytes * IDLE_COMPACTION_SHARE;
  }

  /** What fails from now on was cut off by the stop of the server: the stored document is as it was. */
  stop(): void {
    this.#isStopped = true;
  }

  get #snapshotBytes(): number {
    return this.#document.snapshot()?.stored.update.length ?? 0;
  }

  get #isBackingOff(): boolean {
    return this.#compactor.isBackingOff(this.#document.name);
  }

  /**
   * Never rejects: a compaction that fails is logged, and tried again when the tail has doubled. One that took too long is
   * tried again after a while, longer each time; until then the tail stays as it is, and the document may be unloaded with it.
   */
  async #start(): Promise<void> {
    if (this.#running === undefined && this.#isBackingOff) return;
    this.#running ??= this.#compact().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #compact(): Promise<void> {
    const document = this.#document;
    const { replica } = document;
    if (replica !== undefined) await replica.letOthersCompact();
    if (this.#isStopped) return;
    // What several instances wrote lies in the tail in any order. All of it together holds the log as far as it is covered.
    const { batches, end } = document.tail.take(replica !== undefined);
    const sequence = replica?.through ?? batches.at(-1)?.sequence;
    if (batches.length === 0 || sequence === undefined) return;
    const snapshot = document.snapshot();
    const epoch = replica?.epoch.known;
    const isCurrent = (): boolean =>
      !this.#isStopped && (replica === undefined || (replica.epoch.isCurrent && replica.epoch.known === epoch));
    try {
      const result = await this.#compactor.run({
        documentName: document.name,
        documentId: replica?.documentId,
        snapshot: snapshot?.stored,
        batches,
        sequence,
        isStored: () => replica !== undefined && sequence <= replica.storedSnapshot,
        stateVector: advance(snapshot?.clocks, batches),
        isCurrent,
      });
      if (replica === undefined) document.adopt(result, this.#positionBehind(result.snapshot.sequence, end));
      else this.#adoptShared(replica, result, end);
      this.#notBelowBytes = 0;
      for (const { reason, author } of result.quarantined) {
        this.#logger.warn({ documentName: document.name, author, reason }, 'update quarantined');
      }
    } catch (error) {
      if (!isCurrent()) return;
      if (error instanceof CompactionTimeoutError) {
        this.#logger.warn({ documentName: document.name, err: error }, 'compaction took too long');
        return;
      }
      this.#notBelowBytes = document.tail.byteLength * 2;
      this.#logger.error({ documentName: document.name, err: error }, 'compaction failed');
    }
  }

  #adoptShared(replica: CompactedReplica, result: CompactionResult, end: number): void {
    if (result.isWhole) this.#document.adopt(result, end);
    else replica.outdateAll();
    if (result.snapshot.sequence > replica.storedSnapshot) replica.storedNewSnapshot(result.snapshot.sequence);
  }

  /** The last position, of those that were compacted, before which there is nothing after this log record. */
  #positionBehind(sequence: number, end: number): number {
    const { tail } = this.#document;
    let position = end;
    while (position > tail.start && (tail.before(position).at(-1)?.sequence ?? 0) > sequence) position--;
    return position;
  }
}

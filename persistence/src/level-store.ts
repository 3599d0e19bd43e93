import { HeadwaterError } from '@headwater/protocol';
import { Commit } from './commit.ts';
import { CommitQueue } from './commit-queue.ts';
import { type DocumentSlot, DocumentSlots, type Step } from './document-slots.ts';
import type {
  Append,
  DocumentChange,
  DocumentInfo,
  DocumentStore,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
  StoreHealth,
} from './document-store.ts';
import { LevelDisk, type Reopened, type StoreDisk } from './level-disk.ts';
import { clearedKey } from './level-keys.ts';
import type { StoreMeta } from './level-meta.ts';
import { type LevelStoreOptions, type ResolvedLevelStoreOptions, resolveLevelStoreOptions } from './level-options.ts';
import { LevelPlanner, type Plan, type PlannedChange } from './level-planner.ts';
import { LevelReader } from './level-reader.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { encodeQuarantined } from './record-codec.ts';
import { packBody } from './snapshot-body.ts';

const LIST_PAGE = 100;
const SWEEP_PAGE = 1_000;

/**
 * Documents in LevelDB: one directory, one process.
 *
 * Appends of all documents share one group commit: what is appended in one turn of the event loop is one write, and an
 * fsync runs behind the writes without holding them up. A store that cannot write keeps every change in memory,
 * reports it in {@link LevelStore.health}, opens LevelDB again and retries until it succeeds; meanwhile it can still
 * be read, but for documents with changes it has not saved.
 *
 * @example
 * ```ts
 * await using store = await LevelStore.open('./data');
 * const { written, durable } = store.append('notes', { timeMs: Date.now(), entries: [{ update, author: 'ada' }] });
 * await written; // survives kill -9: show it to others
 * await durable; // survives a power cut: say "saved"
 * ```
 */
export class LevelStore implements DocumentStore {
  /** Given to the store when it was made, and kept for as long as it exists. */
  readonly storeId: string;
  readonly #disk: StoreDisk;
  readonly #options: ResolvedLevelStoreOptions;
  readonly #queue: CommitQueue;
  readonly #slots: DocumentSlots;
  readonly #planner: LevelPlanner;
  readonly #lookUps = new Set<Promise<void>>();
  /** Snapshots that are being packed. */
  readonly #packing = new Set<Promise<unknown>>();
  readonly #largeReads = new OneAtATime();
  #sweeping: Promise<void> = Promise.resolve();
  /** How often another process had the store during an outage. */
  #takeovers = 0;
  #closing: Promise<void> | undefined;

  private constructor(disk: StoreDisk, meta: StoreMeta, options: ResolvedLevelStoreOptions) {
    this.storeId = meta.storeId;
    this.#disk = disk;
    this.#options = options;
    this.#queue = new CommitQueue(disk, options, (reopened, commits) => this.#planAnew(reopened, commits));
    this.#slots = new DocumentSlots(options.maxCachedDocuments);
    this.#planner = new LevelPlanner(meta.nextId);
  }

  /**
   * Opens the store in a directory, and makes both when there are none.
   *
   * @param wrapDisk - for tests of ours, which let the disk fail
   * @throws HW_STORE_LOCKED when it is open already, here or in another process
   * @throws HW_STORE_UNUSABLE when the directory cannot be used, or holds another program's LevelDB
   * @throws HW_STORE_NEWER_FORMAT when a newer Headwater wrote it; no record is touched
   * @throws HW_STORE_CORRUPT when LevelDB finds damage beyond a torn last write
   */
  static async open(
    directory: string,
    options: LevelStoreOptions = {},
    wrapDisk: (disk: StoreDisk) => StoreDisk = (disk) => disk,
  ): Promise<LevelStore> {
    const resolved = resolveLevelStoreOptions(options);
    const { disk, meta } = await LevelDisk.open(directory, resolved);
    const store = new LevelStore(wrapDisk(disk), meta, resolved);
    store.#sweeping = store.#finishDeletions();
    return store;
  }

  get health(): StoreHealth {
    return this.#queue.health;
  }

  async load(documentName: string): Promise<StoredDocument> {
    return this.#withSlot(documentName, async (slot) => {
      const { document, position } = await this.#read(documentName, (reader) => reader.document(documentName));
      // Spares the first append its look-up; unless one has begun, whose answer may be younger.
      if (!slot.isLookedUp) slot.position ??= position;
      return document;
    });
  }

  append(documentName: string, change: DocumentChange): Append {
    const planned = this.#planner.prepareAppend(change);
    const commit = this.#submit(documentName, planned, { canReplan: true });
    return new AppendOf(commit);
  }

  async replaceSnapshot(
    documentName: string,
    snapshot: Snapshot,
    quarantine: readonly QuarantinedUpdate[] = [],
  ): Promise<void> {
    this.#assertOpen();
    const submitting = this.#submitSnapshot(documentName, snapshot, quarantine);
    const settled = submitting.catch(() => {}).finally(() => this.#packing.delete(settled));
    this.#packing.add(settled);
    const commit = await submitting;
    await commit.durable.promise;
  }

  /** Packs the body before the change takes its place in the order: appends do not wait for a thread to pack it. */
  async #submitSnapshot(
    documentName: string,
    { update, stateVector, deleteSet, ...rest }: Snapshot,
    quarantine: readonly QuarantinedUpdate[],
  ): Promise<Commit> {
    const slot = this.#slots.acquire(documentName);
    try {
      const { deletions } = slot;
      const takeovers = this.#takeovers;
      const copies = { ...rest, stateVector: stateVector.slice(), deleteSet: deleteSet.slice() };
      const quarantined = quarantine.map(encodeQuarantined);
      const planned = this.#planner.prepareSnapshot({
        snapshot: { ...copies, updateBytes: update.byteLength },
        packed: await packBody(update.slice()),
        quarantine: quarantined,
        deletions,
      });
      // Its caller did not see what another process wrote in between: the records it claims to contain may be theirs.
      if (takeovers !== this.#takeovers) throw unavailable('another process has changed the store in between');
      return this.#place(new Commit(documentName, planned.bytes), planned.plan);
    } finally {
      this.#slots.release(slot);
    }
  }

  async quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]> {
    return this.#withSlot(documentName, () => this.#read(documentName, (reader) => reader.quarantined(documentName)));
  }

  async *list(
    range: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): AsyncIterable<DocumentInfo> {
    this.#assertOpen();
    if (!this.#queue.isDegraded) await Promise.all(this.#lookUps);
    await this.#queue.attempted();
    let after = range.after ?? '';
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const page = Math.min(left, LIST_PAGE);
      const infos = await this.#read(undefined, async (reader) => {
        const names = await reader.names(after, page);
        return Promise.all(names.map((name) => reader.info(name)));
      });
      for (const info of infos) {
        if (info === undefined) continue;
        yield info;
        after = info.documentName;
      }
      left -= infos.length;
      if (infos.length < page) return;
    }
  }

  async info(documentName: string): Promise<DocumentInfo | undefined> {
    return this.#withSlot(documentName, () => this.#read(documentName, (reader) => reader.info(documentName)));
  }

  async delete(documentName: string): Promise<boolean> {
    const planned = this.#planner.prepareDelete();
    this.#assertOpen();
    const slot = this.#slots.acquire(documentName);
    slot.deletions += 1;
    this.#slots.release(slot);
    const commit = this.#submit(documentName, planned);
    await commit.durable.promise;
    const id = planned.deletedId();
    if (id === undefined) return false;
    await this.#sweep(id);
    return true;
  }

  /** @throws HW_STORE_WRITE_FAILED when there were changes it could not save; it is closed all the same */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#queue.hurry();
    try {
      await Promise.all(this.#packing); // handed in before the close, so they are saved
      await Promise.all(this.#lookUps);
      await this.#queue.close();
    } finally {
      await this.#sweeping;
      await this.#disk.close();
    }
  }

  #submit(
    documentName: string,
    { bytes, plan }: PlannedChange,
    { canReplan }: { readonly canReplan: boolean } = { canReplan: false },
  ): Commit {
    const commit = new Commit(documentName, bytes, canReplan ? () => this.#run(commit, plan) : undefined);
    if (this.#closing === undefined) this.#place(commit, plan);
    else commit.reject(closedError());
    return commit;
  }

  /**
   * Gives a change its place: planned at once when the document is known, after the look-up otherwise. Either way
   * changes of a document are planned in the order of the calls.
   */
  #place(commit: Commit, plan: Plan): Commit {
    try {
      const slot = this.#slots.acquire(commit.documentName);
      this.#queue.expect(commit);
      slot.lastUnsaved = commit;
      commit.onSettled = () => {
        if (slot.lastUnsaved === commit) slot.lastUnsaved = undefined;
        this.#slots.release(slot);
      };
      if (slot.position !== undefined && slot.steps.length === 0) this.#runIn(slot, commit, plan);
      else this.#runAfterLookUp(slot, { commit, run: () => this.#run(commit, plan) });
    } catch (error) {
      commit.reject(error as Error);
    }
    return commit;
  }

  #run(commit: Commit, plan: Plan): void {
    const slot = this.#slots.acquire(commit.documentName);
    this.#runIn(slot, commit, plan);
    this.#slots.release(slot);
  }

  #runIn(slot: DocumentSlot, commit: Commit, plan: Plan): void {
    try {
      commit.operations = plan(slot, commit);
      this.#queue.add(commit);
    } catch (error) {
      this.#queue.abandon(commit, error as Error);
    }
  }

  #runAfterLookUp(slot: DocumentSlot, step: Step): void {
    slot.steps.push(step);
    if (this.#queue.isDegraded) step.commit.written.reject(unavailable('the store cannot save at present'));
    if (slot.isLookedUp) return;
    slot.isLookedUp = true;
    const lookUp = this.#lookUp(slot).finally(() => this.#lookUps.delete(lookUp));
    this.#lookUps.add(lookUp);
  }

  /** Reads a document's position, for as long as it takes, and lets the changes that wait for it go on. */
  async #lookUp(slot: DocumentSlot): Promise<void> {
    let failure: Error | undefined;
    while (slot.position === undefined && failure === undefined) {
      try {
        slot.position = await this.#read(slot.documentName, (reader) => reader.position(slot.documentName));
      } catch (error) {
        for (const { commit } of slot.steps) commit.written.reject(error as Error);
        if (!isRetryable(error)) failure = error as Error;
        else if (this.#closing !== undefined) failure = closedError();
        else await this.#waitForDisk();
      }
    }
    // From here to the end nothing waits, so no change can come in between.
    slot.isLookedUp = false;
    const steps = slot.steps;
    slot.steps = [];
    for (const { commit, run } of steps) {
      if (failure === undefined) run();
      else this.#queue.abandon(commit, failure);
    }
  }

  async #waitForDisk(): Promise<void> {
    if (this.#queue.isDegraded) await this.#queue.recovered();
    else await this.#options.clock.sleep(this.#options.retryMaxMs, this.#queue.closing);
  }

  /** The store was in other hands: ids and sequences are given anew, and what cannot be is handed back. */
  #planAnew({ meta }: Reopened, commits: readonly Commit[]): void {
    this.#options.logger.warn({ changes: commits.length }, 'another process had the store open in between');
    this.#planner.nextId = meta.nextId;
    this.#slots.forgetAll();
    for (const commit of commits) {
      if (commit.replan === undefined) {
        this.#queue.abandon(commit, unavailable('another process has changed the store in between'));
        continue;
      }
      const slot = this.#slots.acquire(commit.documentName);
      this.#runAfterLookUp(slot, { commit, run: commit.replan });
      this.#slots.release(slot);
    }
    this.#takeovers += 1;
    this.#options.onTakenOver();
  }

  /** Clears what a deleted document left behind, page by page. */
  async #sweep(id: number): Promise<void> {
    try {
      let isDone = false;
      while (!isDone) {
        const keys = await this.#read(undefined, (reader) => reader.keysOf(id, SWEEP_PAGE));
        isDone = keys.length < SWEEP_PAGE;
        const commit = new Commit('', 0);
        commit.operations = [...keys, ...(isDone ? [clearedKey(id)] : [])].map((key) => ({ type: 'del', key }));
        this.#queue.expect(commit);
        this.#queue.add(commit);
        await commit.durable.promise;
      }
    } catch (error) {
      // The mark is still there: the next one who opens the store goes on.
      this.#options.logger.warn({ err: error }, 'a deleted document is cleared when the store is next opened');
    }
  }

  async #finishDeletions(): Promise<void> {
    try {
      for (const id of await this.#read(undefined, (reader) => reader.clearedIds())) await this.#sweep(id);
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'deleted documents are cleared when the store is next opened');
    }
  }

  async #withSlot<T>(documentName: string, work: (slot: DocumentSlot) => Promise<T>): Promise<T> {
    this.#assertOpen();
    const slot = this.#slots.acquire(documentName);
    try {
      await this.#seeUnsaved(slot);
      return await work(slot);
    } finally {
      this.#slots.release(slot);
    }
  }

  /** Waits until what was appended before can be read. */
  async #seeUnsaved({ documentName, lastUnsaved }: DocumentSlot): Promise<void> {
    if (lastUnsaved === undefined) return;
    try {
      await lastUnsaved.written.promise;
    } catch (error) {
      // A change that was refused for good is nothing to wait for, and reading says what is wrong.
      if (!isRetryable(error)) return;
    }
    if (this.#queue.isDegraded)
      throw unavailable(`document "${documentName}" has changes the store could not save yet`);
  }

  #read<T>(documentName: string | undefined, work: (reader: LevelReader) => Promise<T>): Promise<T> {
    const what = documentName === undefined ? 'the store' : `document "${documentName}"`;
    return this.#disk.read((db) => LevelReader.with(db, { what, largeReads: this.#largeReads }, work));
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

/** What became of a commit, as far as somebody asks. */
class AppendOf implements Append {
  readonly #commit: Commit;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  get written(): Promise<number> {
    return this.#commit.written.promise;
  }

  get durable(): Promise<number> {
    return this.#commit.durable.promise;
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof HeadwaterError && error.isRetryable;
}

function closedError(): HeadwaterError {
  return new HeadwaterError('HW_STORE_CLOSED', 'the store is closed');
}

function unavailable(problem: string): HeadwaterError {
  return new HeadwaterError('HW_STORE_UNAVAILABLE', problem);
}

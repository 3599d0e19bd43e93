import type { Commit } from './commit.ts';
import { checkNameMayBeFree } from './deletion.ts';
import type {
  Append,
  DeletedDocument,
  DeleteOptions,
  DocumentChange,
  DocumentInfo,
  DocumentStore,
  LogEnd,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
  StoreHealth,
} from './document-store.ts';
import type { AttributedRange, HistoryChange, HistoryOutline, KeyFrame, RecordBlock } from './history/history-store.ts';
import { type CompactionPlan, packKeyFrames } from './history/level-history-writer.ts';
import { LevelChanges } from './level-changes.ts';
import { LevelDisk, type StoreDisk } from './level-disk.ts';
import { clearedKey, META_KEYS } from './level-keys.ts';
import { encodeMeta, readGeneration, type StoreMeta } from './level-meta.ts';
import { type LevelStoreOptions, type ResolvedLevelStoreOptions, resolveLevelStoreOptions } from './level-options.ts';
import { LevelPlanner } from './level-planner.ts';
import { LevelReclaimer } from './level-reclaimer.ts';
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
  readonly #planner: LevelPlanner;
  readonly #changes: LevelChanges;
  readonly #reclaimer: LevelReclaimer;
  #sweeping: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(disk: StoreDisk, meta: StoreMeta, options: ResolvedLevelStoreOptions) {
    this.storeId = meta.storeId;
    this.#disk = disk;
    this.#options = options;
    this.#planner = new LevelPlanner(meta.nextId);
    this.#changes = new LevelChanges(disk, options, this.#planner, meta.epoch);
    this.#reclaimer = new LevelReclaimer((work) => disk.read(work));
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
    return this.#changes.health;
  }

  get epoch(): number {
    return this.#changes.epoch;
  }

  /** How often the store was taken up by a cluster; a directory that was copied before the last time has a lower one. */
  async generation(): Promise<number> {
    return this.#disk.read(readGeneration);
  }

  /** Resolves once it is durable. */
  async setGeneration(generation: number): Promise<void> {
    await this.#changes.writeApart([{ type: 'put', key: META_KEYS.generation, value: encodeMeta(generation) }]);
  }

  async load(documentName: string): Promise<StoredDocument> {
    return this.#changes.withSlot(documentName, async (slot) => {
      const { document, position } = await this.#changes.read(documentName, (reader) => reader.document(documentName));
      // Spares the first append its look-up; unless one has begun, whose answer may be younger.
      if (!slot.isLookedUp) slot.learn(position);
      return document;
    });
  }

  append(documentName: string, change: DocumentChange): Append {
    const planned = this.#planner.prepareAppend(change);
    const commit = this.#changes.submit(documentName, planned, { canReplan: true });
    return new AppendOf(commit);
  }

  async replaceSnapshot(
    documentName: string,
    { update, stateVector, deleteSet, ...rest }: Snapshot,
    quarantine: readonly QuarantinedUpdate[] = [],
    documentId?: number,
  ): Promise<void> {
    this.#changes.assertOpen();
    const snapshot = { ...rest, stateVector: stateVector.slice(), deleteSet: deleteSet.slice() };
    const quarantined = quarantine.map(encodeQuarantined);
    const packing = packBody(update.slice());
    let removed: CompactionPlan | undefined;
    await this.#changes.handIn(documentName, packing, async (slot, packed, deletions) => {
      removed = await this.#changes.readSaved(slot, ({ historyWriter }) =>
        historyWriter.compaction(documentName, snapshot.sequence, this.#options.retention),
      );
      return this.#planner.prepareSnapshot({
        snapshot: { ...snapshot, updateBytes: update.byteLength },
        packed,
        quarantine: quarantined,
        history: removed.operations,
        deletions,
        documentId,
      });
    });
    if (removed?.id !== undefined) this.#reclaimer.note(removed.id, snapshot.sequence, removed.removedBytes);
  }

  async changeHistory(documentName: string, change: HistoryChange): Promise<void> {
    this.#changes.assertOpen();
    const packing = packKeyFrames(change.addKeyFrames);
    await this.#changes.handIn(documentName, packing, async (slot, keyFrames, deletions) => {
      const operations = await this.#changes.readSaved(slot, ({ historyWriter }) =>
        historyWriter.change(documentName, change, keyFrames),
      );
      return this.#planner.prepareHistory(operations, deletions);
    });
  }

  async history(documentName: string): Promise<HistoryOutline | undefined> {
    const { retention } = this.#options;
    return this.#changes.withReader(documentName, ({ history }) => history.outline(documentName, retention));
  }

  async *recordBlocks(
    documentName: string,
    { after, upTo = Number.POSITIVE_INFINITY }: { readonly after: number; readonly upTo?: number | undefined },
  ): AsyncIterable<RecordBlock> {
    // A view for each block: a reader that takes its time holds nothing, and sees every record wherever it lies by then.
    let at = after;
    for (;;) {
      const block = await this.#changes.withReader(documentName, ({ history }) =>
        history.block(documentName, at, upTo),
      );
      if (block === undefined) return;
      yield block;
      at = block.last;
    }
  }

  async keyFrame(documentName: string, sequence: number): Promise<KeyFrame | undefined> {
    return this.#changes.withReader(documentName, ({ history }) => history.keyFrame(documentName, sequence));
  }

  async attribution(documentName: string): Promise<readonly AttributedRange[]> {
    return this.#changes.withReader(documentName, ({ history }) => history.attribution(documentName));
  }

  async quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]> {
    return this.#changes.withReader(documentName, (reader) => reader.quarantined(documentName));
  }

  async *list(
    range: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): AsyncIterable<DocumentInfo> {
    this.#changes.assertOpen();
    await this.#changes.attempted();
    let after = range.after ?? '';
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const page = Math.min(left, LIST_PAGE);
      const infos = await this.#changes.read(undefined, async (reader) => {
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
    return this.#changes.withReader(documentName, (reader) => reader.info(documentName));
  }

  async logEnds(documentNames: readonly string[]): Promise<readonly LogEnd[]> {
    return this.#changes.logEnds(documentNames);
  }

  async delete(documentName: string, { allowReuse = false, deletedForMs = 0 }: DeleteOptions = {}): Promise<boolean> {
    const now = this.#options.clock.now();
    if (allowReuse && deletedForMs > 0) {
      const { id, deletedMs } = await this.#changes.position(documentName);
      checkNameMayBeFree(documentName, { exists: id !== undefined, deletedMs }, deletedForMs, now);
    }
    const planned = this.#planner.prepareDelete(allowReuse ? undefined : now);
    this.#changes.assertOpen();
    this.#changes.noteDeletion(documentName);
    const commit = this.#changes.submit(documentName, planned);
    await commit.durable.promise;
    const id = planned.deletedId();
    if (id === undefined) return false;
    await this.#sweep(id);
    return true;
  }

  async *listDeleted(
    range: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): AsyncIterable<DeletedDocument> {
    this.#changes.assertOpen();
    await this.#changes.attempted();
    let after = range.after ?? '';
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const limit = Math.min(left, LIST_PAGE);
      const page = await this.#changes.read(undefined, (reader) => reader.deleted(after, limit));
      yield* page;
      left -= page.length;
      after = page.at(-1)?.documentName ?? after;
      if (page.length < limit) return;
    }
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
    try {
      await this.#changes.close();
    } finally {
      await this.#reclaimer.close();
      await this.#sweeping;
      await this.#disk.close();
    }
  }

  /** Clears what a deleted document left behind, page by page. */
  async #sweep(id: number): Promise<void> {
    try {
      let isDone = false;
      while (!isDone) {
        const keys = await this.#changes.read(undefined, (reader) => reader.keysOf(id, SWEEP_PAGE));
        isDone = keys.length < SWEEP_PAGE;
        const gone = isDone ? [...keys, clearedKey(id)] : keys;
        await this.#changes.writeApart(gone.map((key) => ({ type: 'del', key })));
      }
    } catch (error) {
      // The mark is still there: the next one who opens the store goes on.
      this.#options.logger.warn({ err: error }, 'a deleted document is cleared when the store is next opened');
    }
  }

  async #finishDeletions(): Promise<void> {
    try {
      for (const id of await this.#changes.read(undefined, (reader) => reader.clearedIds())) await this.#sweep(id);
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'deleted documents are cleared when the store is next opened');
    }
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

import { HeadwaterError, isRetryable } from '@headwater/protocol';
import { Commit } from './commit.ts';
import { CommitQueue } from './commit-queue.ts';
import { type DocumentSlot, DocumentSlots, type Step } from './document-slots.ts';
import type { LogEnd, StoreHealth } from './document-store.ts';
import type { Reopened, StoreDisk } from './level-disk.ts';
import type { Operation } from './level-open.ts';
import type { ResolvedLevelStoreOptions } from './level-options.ts';
import type { LevelPlanner, Plan, PlannedChange } from './level-planner.ts';
import { LevelReader, type WritePosition } from './level-reader.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { Turns } from './turns.ts';

/**
 * The changes of a store on their way to the disk, and reads that see them: every change of a document gets its place
 * behind those that came before, and a read waits for the ones it has to see.
 */
export class LevelChanges {
  readonly #disk: StoreDisk;
  readonly #options: ResolvedLevelStoreOptions;
  readonly #planner: LevelPlanner;
  readonly #queue: CommitQueue;
  readonly #slots: DocumentSlots;
  readonly #lookUps = new Set<Promise<void>>();
  /** Changes that were handed in and are being prepared. */
  readonly #preparing = new Set<Promise<unknown>>();
  readonly #turns = new Turns();
  readonly #largeReads = new OneAtATime();
  /** How often another process had the store during an outage. */
  #takeovers = 0;
  #epoch: number;
  /** One function for all commits: there are many. */
  readonly #onSettled = (commit: Commit): void => {
    const { slot } = commit;
    if (slot === undefined) return;
    commit.slot = undefined;
    if (slot.lastUnsaved === commit) slot.lastUnsaved = undefined;
    this.#slots.release(slot);
  };
  #isClosing = false;

  constructor(disk: StoreDisk, options: ResolvedLevelStoreOptions, planner: LevelPlanner, epoch: number) {
    this.#epoch = epoch;
    this.#disk = disk;
    this.#options = options;
    this.#planner = planner;
    this.#queue = new CommitQueue(disk, options, (reopened, commits) => this.#planAnew(reopened, commits));
    this.#slots = new DocumentSlots(options.maxCachedDocuments);
  }

  get epoch(): number {
    return this.#epoch;
  }

  get health(): StoreHealth {
    return this.#queue.health;
  }

  submit(
    documentName: string,
    { bytes, plan }: PlannedChange,
    { canReplan }: { readonly canReplan: boolean } = { canReplan: false },
  ): Commit {
    const commit = new Commit(documentName, bytes, canReplan ? () => this.#run(commit, plan) : undefined);
    if (!this.#isClosing) this.#place(commit, plan);
    else commit.reject(closedError());
    return commit;
  }

  /**
   * Hands in a change that takes time to prepare. What needs nothing of the document (`packing`) is done before it takes its
   * turn; then changes of one document are prepared one after the other, each seeing the ones before. Appends never wait.
   */
  async handIn<T>(
    documentName: string,
    packing: Promise<T>,
    prepare: (slot: DocumentSlot, packed: T, deletions: number) => Promise<PlannedChange>,
  ): Promise<void> {
    const submitting = this.#submitPrepared(documentName, packing, prepare);
    const settled = submitting.catch(() => {}).finally(() => this.#preparing.delete(settled));
    this.#preparing.add(settled);
    const commit = await submitting;
    await commit.durable.promise;
  }

  async #submitPrepared<T>(
    documentName: string,
    packing: Promise<T>,
    prepare: (slot: DocumentSlot, packed: T, deletions: number) => Promise<PlannedChange>,
  ): Promise<Commit> {
    packing.catch(() => {}); // it is awaited, but not while the document's name is refused
    const slot = this.#slots.acquire(documentName);
    try {
      const { deletions } = slot;
      const takeovers = this.#takeovers;
      const packed = await packing;
      return await this.#turns.run(documentName, async () => {
        const { bytes, plan } = await prepare(slot, packed, deletions);
        // Its caller did not see what another process wrote in between: the records it claims to contain may be theirs.
        if (takeovers !== this.#takeovers) throw unavailable('another process has changed the store in between');
        return this.#place(new Commit(documentName, bytes), plan);
      });
    } finally {
      this.#slots.release(slot);
    }
  }

  /**
   * Reads for a change that was handed in: waits for a store that cannot be read at present, for as long as it takes.
   *
   * @throws HW_STORE_CLOSED when it is closed before
   */
  async readSaved<T>(slot: DocumentSlot, work: (reader: LevelReader) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        await this.#seeUnsaved(slot);
        return await this.read(slot.documentName, work);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (this.#isClosing) throw closedError();
        await this.#waitForDisk();
      }
    }
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
      commit.slot = slot;
      commit.onSettled = this.#onSettled;
      if (slot.position !== undefined && slot.steps.length === 0) this.#runIn(slot, commit, plan);
      else this.#runAfterLookUp(slot, { commit, run: this.#unlessTakenOver(commit, () => this.#run(commit, plan)) });
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

  /** What cannot be planned anew is refused when another process had the store while it waited for its look-up. */
  #unlessTakenOver(commit: Commit, run: () => void): () => void {
    const takeovers = this.#takeovers;
    return () => {
      if (commit.replan !== undefined || takeovers === this.#takeovers) run();
      else this.#queue.abandon(commit, unavailable('another process has changed the store in between'));
    };
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
        slot.learn(await this.read(slot.documentName, (reader) => reader.position(slot.documentName)));
      } catch (error) {
        for (const { commit } of slot.steps) commit.written.reject(error as Error);
        if (!isRetryable(error)) failure = error as Error;
        else if (this.#isClosing) failure = closedError();
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
    this.#epoch = meta.epoch;
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

  withReader<T>(documentName: string, work: (reader: LevelReader) => Promise<T>): Promise<T> {
    return this.withSlot(documentName, () => this.read(documentName, work));
  }

  async withSlot<T>(documentName: string, work: (slot: DocumentSlot) => Promise<T>): Promise<T> {
    this.assertOpen();
    const slot = this.#slots.acquire(documentName);
    try {
      await this.#seeUnsaved(slot);
      return await work(slot);
    } finally {
      this.#slots.release(slot);
    }
  }

  /** Where a document stands. */
  position(documentName: string): Promise<WritePosition> {
    return this.withSlot(
      documentName,
      async (slot) => slot.position ?? (await this.#readPositions([slot])).get(slot) ?? slot.current,
    );
  }

  /** Of documents in use from memory; the others are read from one view, and are known from then on. */
  async logEnds(documentNames: readonly string[]): Promise<readonly LogEnd[]> {
    this.assertOpen();
    const slots: DocumentSlot[] = [];
    try {
      for (const name of documentNames) slots.push(this.#slots.acquire(name));
      const unknown = slots.filter(({ position }) => position === undefined);
      const found = unknown.length > 0 ? await this.#readPositions(unknown) : undefined;
      return slots.map((slot) => {
        const { id = 0, nextSequence, deletedMs } = slot.position ?? found?.get(slot) ?? slot.current;
        const isDeleted = deletedMs !== undefined;
        return { documentId: id, sequence: nextSequence - 1, atOpening: slot.atOpening, isDeleted };
      });
    } finally {
      for (const slot of slots) this.#slots.release(slot);
    }
  }

  async #readPositions(slots: readonly DocumentSlot[]): Promise<ReadonlyMap<DocumentSlot, WritePosition>> {
    const positions = await this.read(undefined, (reader) =>
      Promise.all(slots.map(async (slot) => [slot, await reader.position(slot.documentName)] as const)),
    );
    // What an append has looked up meanwhile, or is about to, is younger.
    for (const [slot, position] of positions) if (!slot.isLookedUp) slot.learn(position);
    return new Map(positions);
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

  read<T>(documentName: string | undefined, work: (reader: LevelReader) => Promise<T>): Promise<T> {
    const what = documentName === undefined ? 'the store' : `document "${documentName}"`;
    return this.#disk.read((db) => LevelReader.with(db, { what, largeReads: this.#largeReads }, work));
  }

  assertOpen(): void {
    if (this.#isClosing) throw closedError();
  }

  /** Waits until what was appended to any document before can be read, or has failed. */
  async attempted(): Promise<void> {
    if (!this.#queue.isDegraded) await Promise.all(this.#lookUps);
    await this.#queue.attempted();
  }

  /** Takes note that a document is to be deleted: what is on its way to it must not reach the next one of its name. */
  noteDeletion(documentName: string): void {
    const slot = this.#slots.acquire(documentName);
    slot.deletions += 1;
    this.#slots.release(slot);
  }

  /** Writes operations that belong to no document; resolves once they are durable. */
  async writeApart(operations: readonly Operation[]): Promise<void> {
    const commit = new Commit('', 0);
    commit.operations = operations;
    this.#queue.expect(commit);
    this.#queue.add(commit);
    await commit.durable.promise;
  }

  /** @throws HW_STORE_WRITE_FAILED when there were changes it could not save */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#queue.hurry();
    await Promise.all(this.#preparing); // handed in before the close, so they are saved
    await Promise.all(this.#lookUps);
    await this.#queue.close();
  }
}

function closedError(): HeadwaterError {
  return new HeadwaterError('HW_STORE_CLOSED', 'the store is closed');
}

function unavailable(problem: string): HeadwaterError {
  return new HeadwaterError('HW_STORE_UNAVAILABLE', problem);
}

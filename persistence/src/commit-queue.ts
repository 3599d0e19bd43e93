import { HeadwaterError } from '@headwater/protocol';
import { Backoff } from './backoff.ts';
import type { Commit } from './commit.ts';
import type { StoreHealth } from './document-store.ts';
import type { Reopened, StoreDisk } from './level-disk.ts';
import type { Operation } from './level-open.ts';
import type { ResolvedLevelStoreOptions } from './level-options.ts';

/** One LevelDB batch holds at most about this much, so that copying it does not hold up the event loop for long. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/**
 * An fsync that takes less than this may be waited for before an edit is shown: an eighth of a display frame. Then a group
 * that finds nothing under way is written and fsynced in one trip to the thread pool, which spares half of the time.
 */
const FAST_SYNC_MS = 2;

/** How much the latest fsync counts in their average. */
const SYNC_WEIGHT = 1 / 8;

type State = 'healthy' | 'recovering' | 'closed';

/**
 * Group commit. What is added during one turn of the event loop is one batch; one batch is written at a time while the
 * next gathers; and one fsync runs at a time, behind the writes and without holding them up.
 *
 * ```
 * gathering ──write──▶ unsynced ──fsync──▶ durable
 *     ▲                   │ any failure
 *     └── write again ◀───┘ after LevelDB was opened anew
 * ```
 *
 * On a disk whose fsync takes next to nothing, a group that finds everything before it durable is written and fsynced in
 * one (docs/decisions/0002).
 *
 * Why everything is written again after any failure, from the first change that is not known to be durable:
 * - after a failed write LevelDB's log may end in half a record, and its writer no longer knows where in the file it
 *   is: records that it adds later can be unreadable. Only opening it again cuts the half record off;
 * - after a failed background compaction LevelDB refuses every write until it is opened again;
 * - after a failed fsync the kernel may have dropped the pages and report the next fsync as a success.
 * The keys are the same, so what did arrive is only overwritten with itself.
 */
export class CommitQueue {
  readonly #disk: StoreDisk;
  readonly #options: ResolvedLevelStoreOptions;
  readonly #onReopened: (reopened: Reopened, replanned: readonly Commit[]) => void;
  readonly #backoff: Backoff;
  readonly #stopWaiting = new AbortController();

  #state: State = 'healthy';
  #isClosing = false;
  #error: Error | undefined;
  #unsavedBytes = 0;

  /** Not written yet, in order. */
  #gathering: Commit[] = [];
  /** In the batch that is being written. */
  #writing: Commit[] = [];
  /** Written, and waiting for the next fsync. */
  #unsynced: Commit[] = [];
  /** Covered by the fsync that runs. */
  #syncing: Commit[] = [];

  /** What an fsync takes, on average; unknown at first. */
  #syncMs = Number.POSITIVE_INFINITY;

  #isScheduled = false;
  #write: Promise<void> | undefined;
  #sync: Promise<void> | undefined;
  #recovery: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  /**
   * @param onReopened - called after LevelDB was opened again and before anything is written; the commits are those to
   * plan anew, and given only when another process had the store in between
   */
  constructor(
    disk: StoreDisk,
    options: ResolvedLevelStoreOptions,
    onReopened: (reopened: Reopened, replanned: readonly Commit[]) => void,
  ) {
    this.#disk = disk;
    this.#options = options;
    this.#onReopened = onReopened;
    this.#backoff = new Backoff({ minMs: options.retryMinMs, maxMs: options.retryMaxMs, random: options.random });
  }

  get health(): StoreHealth {
    return this.#error === undefined
      ? { status: 'ok', unsavedBytes: this.#unsavedBytes }
      : { status: 'degraded', error: this.#error, unsavedBytes: this.#unsavedBytes };
  }

  /** Aborts when closing begins. */
  get closing(): AbortSignal {
    return this.#stopWaiting.signal;
  }

  get isDegraded(): boolean {
    return this.#state === 'recovering';
  }

  /** Counts a change that cannot be added yet, because its document is still being looked up. */
  expect(commit: Commit): void {
    this.#unsavedBytes += commit.bytes;
  }

  /** Takes back an expected change that will never be added. */
  abandon(commit: Commit, error: Error): void {
    this.#unsavedBytes -= commit.bytes;
    commit.reject(error);
  }

  /** Adds an expected change: it is written after all that were added before. */
  add(commit: Commit): void {
    if (this.#state === 'closed') {
      this.abandon(commit, closedError());
      return;
    }
    this.#gathering.push(commit);
    if (this.#state === 'recovering') commit.written.reject(this.#writeFailed());
    else this.#schedule();
  }

  /** Resolves once everything added before has been attempted. */
  async attempted(): Promise<void> {
    const last = this.#gathering.at(-1) ?? this.#writing.at(-1);
    await last?.written.promise.catch(() => {});
  }

  /** For those who wait for the disk: resolves once it works again, or the queue is closed. */
  async recovered(): Promise<void> {
    await this.#recovery;
  }

  /** Waits no more before retries, and makes the next failed one the last. */
  hurry(): void {
    this.#isClosing = true;
    this.#stopWaiting.abort();
  }

  /**
   * Makes everything durable, with one more attempt when degraded, and stops.
   *
   * @throws HW_STORE_WRITE_FAILED when changes are lost
   */
  async close(): Promise<void> {
    this.hurry();
    await this.#recovery;
    if (this.#state === 'healthy') await this.#untilIdle();
    await this.#recovery;
    this.#state = 'closed';
    const lost = this.#takeUnsaved();
    if (lost.length === 0) return;
    const bytes = this.#unsavedBytes;
    for (const commit of lost) this.abandon(commit, closedError(this.#error));
    throw new HeadwaterError('HW_STORE_WRITE_FAILED', `the store was closed with ${bytes} bytes it could not save`, {
      cause: this.#error,
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#write !== undefined || this.#gathering.length === 0) return;
    this.#isScheduled = true;
    // The end of the turn, not the next microtask: all that arrives in this turn shall share one batch.
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#state === 'healthy' && this.#write === undefined) this.#write = this.#writeGroup();
    });
  }

  async #writeGroup(): Promise<void> {
    const isSynced = this.#syncMs < FAST_SYNC_MS && this.#unsynced.length + this.#syncing.length === 0;
    const group = takeGroup(this.#gathering);
    this.#writing = group;
    try {
      const operations = operationsOf(group);
      if (isSynced) await this.#timed(this.#disk.writeDurably(operations));
      else await this.#disk.write(operations);
    } catch (error) {
      this.#write = undefined;
      this.#fail(error as Error);
      return;
    }
    this.#write = undefined;
    this.#writing = [];
    for (const commit of group) commit.written.resolve(commit.sequence);
    if (isSynced) {
      this.#settle(group);
      this.#schedule();
      this.#noticeIdle();
      return;
    }
    this.#unsynced.push(...group);
    if (this.#state !== 'healthy') return;
    this.#schedule();
    this.#sync ??= this.#syncGroups();
  }

  async #syncGroups(): Promise<void> {
    while (this.#unsynced.length > 0 && this.#state === 'healthy') {
      this.#syncing = this.#unsynced;
      this.#unsynced = [];
      try {
        await this.#timed(this.#disk.sync());
      } catch (error) {
        this.#sync = undefined;
        this.#fail(error as Error);
        return;
      }
      this.#settle(this.#syncing);
      this.#syncing = [];
      // Who waited for this goes on now. A write that is about to end is waited for, one at most, and its end begins
      // the next fsync: otherwise two halves of the load take turns for ever, each with an fsync of its own.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#isScheduled || this.#write !== undefined) break;
    }
    this.#sync = undefined;
    this.#noticeIdle();
  }

  /** Takes an fsync into the average. */
  async #timed(sync: Promise<void>): Promise<void> {
    const startedAt = performance.now();
    await sync;
    const ms = performance.now() - startedAt;
    this.#syncMs = Number.isFinite(this.#syncMs) ? this.#syncMs + (ms - this.#syncMs) * SYNC_WEIGHT : ms;
  }

  #settle(commits: readonly Commit[]): void {
    for (const commit of commits) {
      this.#unsavedBytes -= commit.bytes;
      commit.resolve();
    }
  }

  #fail(error: Error): void {
    if (this.#state !== 'healthy') return; // the write and the fsync of one outage
    this.#state = 'recovering';
    this.#report(error);
    this.#recovery = this.#recover();
  }

  async #recover(): Promise<void> {
    await this.#retryUntilSaved();
    this.#recovery = undefined;
    this.#noticeIdle();
  }

  async #retryUntilSaved(): Promise<void> {
    while (this.#state === 'recovering') {
      await this.#write;
      await this.#sync;
      this.#gathering = this.#takeUnsaved();
      for (const commit of this.#gathering) commit.written.reject(this.#writeFailed());
      await this.#options.clock.sleep(this.#backoff.nextMs(), this.#stopWaiting.signal);
      const isLastAttempt = this.#isClosing;
      try {
        await this.#writeAgain();
      } catch (error) {
        this.#report(error as Error);
        if (isLastAttempt) return;
      }
    }
  }

  async #writeAgain(): Promise<void> {
    const reopened = await this.#disk.reopen(this.#unsavedBytes);
    if (reopened.wasTakenOver) {
      const commits = this.#gathering;
      this.#gathering = [];
      this.#onReopened(reopened, commits);
    }
    // Until nothing is left: what arrives meanwhile is part of it, so order is kept without a second queue.
    while (this.#gathering.length > 0) {
      while (this.#gathering.length > 0) {
        const group = takeGroup(this.#gathering);
        this.#writing = group;
        await this.#disk.write(operationsOf(group));
        this.#writing = [];
        this.#unsynced.push(...group);
      }
      this.#syncing = this.#unsynced;
      this.#unsynced = [];
      await this.#disk.sync();
      this.#settle(this.#syncing);
      this.#syncing = [];
    }
    // Nothing has waited since the last of them was settled: who hears of that finds the store healthy.
    this.#backoff.reset();
    this.#state = 'healthy';
    this.#error = undefined;
    this.#options.logger.info({}, 'the store works again; everything it had to keep is saved');
    this.#announce();
  }

  /** Everything not known to be durable, in the order it was added. */
  #takeUnsaved(): Commit[] {
    const unsaved = [...this.#syncing, ...this.#unsynced, ...this.#writing, ...this.#gathering];
    this.#syncing = [];
    this.#unsynced = [];
    this.#writing = [];
    this.#gathering = [];
    return unsaved;
  }

  #report(error: Error): void {
    const isNews = this.#error?.message !== error.message;
    this.#error = error;
    if (!isNews) return;
    this.#options.logger.error(
      { err: error, unsavedBytes: this.#unsavedBytes },
      'the store cannot save; it keeps trying',
    );
    this.#announce();
  }

  /** An error of the listener's is its own: it must not end the retries. */
  #announce(): void {
    try {
      this.#options.onHealth(this.health);
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the onHealth listener of the store threw');
    }
  }

  #writeFailed(): HeadwaterError {
    return new HeadwaterError('HW_STORE_WRITE_FAILED', 'not saved yet: the store keeps the change and tries again', {
      cause: this.#error,
    });
  }

  async #untilIdle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  #isIdle(): boolean {
    return this.#unsavedCount() === 0 || this.#state === 'recovering';
  }

  #unsavedCount(): number {
    return this.#gathering.length + this.#writing.length + this.#unsynced.length + this.#syncing.length;
  }

  #noticeIdle(): void {
    if (this.#isIdle()) this.#whenIdle?.();
  }
}

/** Takes from the front until a batch is full. */
function takeGroup(queue: Commit[]): Commit[] {
  let bytes = 0;
  let count = 0;
  for (const commit of queue) {
    if (count > 0 && bytes + commit.bytes > MAX_BATCH_BYTES) break;
    bytes += commit.bytes;
    count += 1;
  }
  return queue.splice(0, count);
}

function operationsOf(commits: readonly Commit[]): Operation[] {
  const all: Operation[] = [];
  for (const { operations } of commits) for (const operation of operations) all.push(operation);
  return all;
}

function closedError(cause?: Error): HeadwaterError {
  return new HeadwaterError('HW_STORE_CLOSED', 'the store was closed', { cause });
}

import type {
  Append,
  DocumentChange,
  DocumentStore,
  HistoryChange,
  QuarantinedUpdate,
  Snapshot,
  StoreHealth,
} from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { type Deferred, deferred } from '../server/deferred.ts';
import type { Random } from '../support/random.ts';
import type { Opening, SimulatedDisk } from './simulated-disk.ts';

interface Pending {
  readonly documentName: string;
  /** `undefined`: the document is to be deleted. */
  readonly change: DocumentChange | undefined;
  readonly written: Deferred<number>;
  readonly durable: Deferred<number>;
  /** Once it is written. */
  sequence: number;
}

const RETRY_MS = 100;
/** How long reading takes at most. */
const MAX_READ_MS = 8;
/** How long closing waits for what a failing disk does not take. */
const CLOSE_MS = 500;

/** What `LevelStore` promises, on a simulated disk: one log, group commit, written first and then fsynced, retries for ever. */
export class SimulatedLevelStore implements DocumentStore {
  readonly storeId = 'the store';
  readonly #disk: SimulatedDisk;
  readonly #opening: Opening;
  readonly #random: Random;
  /** Not written yet, in order. */
  #pending: Pending[] = [];
  /** Written and not durable. */
  #unsynced: Pending[] = [];
  #isWriting = false;
  #isSyncing = false;
  #isDegraded = false;
  #isClosed = false;

  /** The lock of the disk has to be had. */
  constructor(disk: SimulatedDisk, opening: Opening, random: Random) {
    this.#disk = disk;
    this.#opening = opening;
    this.#random = random;
  }

  get epoch(): number {
    return this.#opening.epoch;
  }

  get health(): StoreHealth {
    const unsavedBytes = this.#pending.length + this.#unsynced.length;
    return this.#isDegraded ? { status: 'degraded', error: failed(), unsavedBytes } : { status: 'ok', unsavedBytes };
  }

  append(documentName: string, change: DocumentChange): Append {
    // The caller's buffers are its own after this call.
    return this.#handIn(documentName, structuredClone(change));
  }

  #handIn(documentName: string, change: DocumentChange | undefined): Append {
    const written = deferred<number>();
    const durable = deferred<number>();
    for (const { promise } of [written, durable]) promise.catch(() => {});
    if (this.#isClosed) {
      for (const each of [written, durable]) each.reject(closed());
    } else {
      if (this.#isDegraded) written.reject(failed());
      this.#pending.push({ documentName, change, written, durable, sequence: 0 });
      void this.#write();
    }
    return { written: written.promise, durable: durable.promise };
  }

  async load(documentName: string) {
    return this.#read(documentName, () => this.#disk.store.load(documentName));
  }

  async replaceSnapshot(documentName: string, snapshot: Snapshot, quarantine: readonly QuarantinedUpdate[] = []) {
    await this.#delay(this.#disk.maxSyncMs);
    // LevelDB shows nobody what is written with an fsync before that is over.
    await this.#read(documentName, () => this.#disk.replaceSnapshot(documentName, snapshot, quarantine));
    this.#disk.synced(this.#disk.length);
  }

  async *recordBlocks(documentName: string, range: { readonly after: number; readonly upTo?: number | undefined }) {
    const blocks = this.#disk.store.recordBlocks(documentName, range)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#read(documentName, () => blocks.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async logEnds(documentNames: readonly string[]) {
    const ends = await this.#read(undefined, () => this.#disk.store.logEnds(documentNames));
    return ends.map((end, index) => ({
      ...end,
      atOpening: this.#opening.ends.get(documentNames[index] ?? '') ?? 0,
    }));
  }

  async quarantined(documentName: string) {
    return this.#read(documentName, () => this.#disk.store.quarantined(documentName));
  }

  async info(documentName: string) {
    return this.#read(documentName, () => this.#disk.store.info(documentName));
  }

  async history(documentName: string) {
    return this.#read(documentName, () => this.#disk.store.history(documentName));
  }

  async keyFrame(documentName: string, sequence: number) {
    return this.#read(documentName, () => this.#disk.store.keyFrame(documentName, sequence));
  }

  async attribution(documentName: string) {
    return this.#read(documentName, () => this.#disk.store.attribution(documentName));
  }

  async changeHistory(_documentName: string, _change: HistoryChange): Promise<void> {
    throw new Error('nobody changes a history in the simulation');
  }

  async delete(documentName: string): Promise<boolean> {
    await this.#handIn(documentName, undefined).durable;
    return true;
  }

  listDeleted(range?: { readonly after?: string | undefined; readonly limit?: number | undefined }) {
    return this.#disk.store.listDeleted(range);
  }

  list(range?: { readonly after?: string | undefined; readonly limit?: number | undefined }) {
    return this.#disk.store.list(range);
  }

  /** Saves what it can. */
  async close(): Promise<void> {
    const saved = [...this.#pending, ...this.#unsynced].map(({ durable }) => durable.promise);
    await Promise.race([Promise.allSettled(saved), wait(CLOSE_MS)]);
    this.#isClosed = true;
    for (const { written, durable } of [...this.#pending, ...this.#unsynced]) {
      written.reject(closed());
      durable.reject(closed());
    }
    this.#disk.unlock(this.#opening.process);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Sees what was handed in before, as the contract says. */
  async #read<T>(documentName: string | undefined, read: () => Promise<T>): Promise<T> {
    const before = this.#pending.findLast((pending) => (documentName ?? pending.documentName) === pending.documentName);
    await before?.written.promise.catch(() => {
      throw new HeadwaterError('HW_STORE_UNAVAILABLE', 'it has changes the store could not save yet');
    });
    await this.#delay(MAX_READ_MS);
    if (this.#isClosed) throw closed();
    if (!this.#disk.isOpenIn(this.#opening)) throw new HeadwaterError('HW_STORE_UNAVAILABLE', 'another process has it');
    return read();
  }

  get #isFailing(): boolean {
    return this.#disk.isFailing || !this.#disk.isOpenIn(this.#opening);
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      await this.#delay(this.#disk.maxWriteMs);
      if (this.#isClosed) return;
      this.#isDegraded = this.#isFailing;
      if (this.#isDegraded) {
        for (const { written } of this.#pending) written.reject(failed());
        await this.#delay(RETRY_MS);
      } else {
        const batch = this.#pending;
        this.#pending = [];
        for (const pending of batch) await this.#perform(pending);
        for (const { written, sequence } of batch) written.resolve(sequence);
        void this.#sync();
      }
    }
    this.#isWriting = false;
  }

  async #perform(pending: Pending): Promise<void> {
    const { documentName, change, written, durable } = pending;
    try {
      if (change === undefined) await this.#disk.delete(documentName);
      else pending.sequence = await this.#disk.append(documentName, change);
      this.#unsynced.push(pending);
    } catch (error) {
      written.reject(error as Error); // the document was deleted: that is final
      durable.reject(error as Error);
    }
  }

  async #sync(): Promise<void> {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    while (this.#unsynced.length > 0) {
      const length = this.#disk.length;
      const batch = [...this.#unsynced];
      await this.#delay(this.#disk.maxSyncMs);
      if (this.#isClosed) return;
      if (this.#isFailing) continue;
      this.#disk.synced(length);
      this.#unsynced = this.#unsynced.slice(batch.length);
      for (const { durable, sequence } of batch) durable.resolve(sequence);
    }
    this.#isSyncing = false;
  }

  async #delay(maxMs: number): Promise<void> {
    await wait(this.#random.below(maxMs));
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function failed(): HeadwaterError {
  return new HeadwaterError('HW_STORE_WRITE_FAILED', 'the disk fails');
}

function closed(): HeadwaterError {
  return new HeadwaterError('HW_STORE_CLOSED', 'the store is closed');
}

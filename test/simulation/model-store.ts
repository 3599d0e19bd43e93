import {
  type Append,
  type DocumentChange,
  type DocumentStore,
  type HistoryChange,
  type LogEntry,
  MemoryStore,
  type QuarantinedUpdate,
  type Snapshot,
  type StoreHealth,
} from '@headwater/persistence';
import { HeadwaterError, Knowledge } from '@headwater/protocol';
import { type Deferred, deferred } from '../server/deferred.ts';
import type { Random } from '../support/random.ts';

/** What the store of a cluster has: every record ever written, besides what a store keeps of them. */
export class SharedDisk {
  readonly store = new MemoryStore();
  readonly #log = new Map<string, Map<number, readonly LogEntry[]>>();
  /** While its owner is away nothing is read or written. */
  isAway = false;

  /** Writes a change at once. */
  async write(documentName: string, change: DocumentChange): Promise<number> {
    const sequence = await this.store.append(documentName, change).durable;
    if (change.entries.length === 0) return sequence;
    const log = this.#log.get(documentName) ?? new Map<number, readonly LogEntry[]>();
    this.#log.set(documentName, log);
    log.set(
      sequence,
      change.entries.map(({ update, author }) => ({ update: update.slice(), author })),
    );
    return sequence;
  }

  /** The promise every snapshot makes, whoever stores it. @throws Error when it is broken */
  checkSnapshot(documentName: string, { sequence, stateVector, deleteSet }: Snapshot): void {
    const knowledge = Knowledge.fromEncoded(stateVector, deleteSet);
    for (const [at, entries] of this.#log.get(documentName) ?? []) {
      if (at > sequence) continue;
      for (const { update } of entries) {
        if (!knowledge.knows(update)) throw new Error(`a snapshot up to record ${sequence} lacks record ${at}`);
      }
    }
  }
}

interface Pending {
  readonly documentName: string;
  readonly change: DocumentChange;
  readonly written: Deferred<number>;
  readonly durable: Deferred<number>;
}

const RETRY_MS = 200;
/** How long a change, and an answer, takes at most. */
const MAX_DELAY_MS = 10;

/**
 * One instance's way to the shared store, as `RemoteStore` promises it: changes of an instance are written in their order, kept
 * while the owner is away, and gone with the instance.
 */
export class ModelStore implements DocumentStore {
  readonly #disk: SharedDisk;
  readonly #random: Random;
  readonly #pending: Pending[] = [];
  #isRunning = false;
  #isDead = false;

  constructor(disk: SharedDisk, random: Random) {
    this.#disk = disk;
    this.#random = random;
  }

  get health(): StoreHealth {
    return { status: this.#disk.isAway ? 'degraded' : 'ok', unsavedBytes: 0 };
  }

  /** Its process dies: what is not written is gone, and nothing is answered any more. */
  die(): void {
    this.#isDead = true;
    this.#pending.length = 0;
  }

  append(documentName: string, change: DocumentChange): Append {
    // The caller's buffers are its own after this call.
    const pending = {
      documentName,
      change: structuredClone(change),
      written: deferred<number>(),
      durable: deferred<number>(),
    };
    pending.written.promise.catch(() => {});
    this.#pending.push(pending);
    if (!this.#isRunning) void this.#writeAll();
    return { written: pending.written.promise, durable: pending.durable.promise };
  }

  async load(documentName: string) {
    return this.#read(() => this.#disk.store.load(documentName));
  }

  async replaceSnapshot(documentName: string, snapshot: Snapshot, quarantine?: readonly QuarantinedUpdate[]) {
    await this.#read(() => {
      this.#disk.checkSnapshot(documentName, snapshot);
      return this.#disk.store.replaceSnapshot(documentName, snapshot, quarantine);
    });
  }

  async *recordBlocks(documentName: string, range: { readonly after: number; readonly upTo?: number | undefined }) {
    const blocks = this.#disk.store.recordBlocks(documentName, range)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#read(() => blocks.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async sequences(documentNames: readonly string[]) {
    return this.#read(() => this.#disk.store.sequences(documentNames));
  }

  async quarantined(documentName: string) {
    return this.#read(() => this.#disk.store.quarantined(documentName));
  }

  async info(documentName: string) {
    return this.#read(() => this.#disk.store.info(documentName));
  }

  async history(documentName: string) {
    return this.#read(() => this.#disk.store.history(documentName));
  }

  async keyFrame(documentName: string, sequence: number) {
    return this.#read(() => this.#disk.store.keyFrame(documentName, sequence));
  }

  async attribution(documentName: string) {
    return this.#read(() => this.#disk.store.attribution(documentName));
  }

  async changeHistory(documentName: string, change: HistoryChange) {
    await this.#read(() => this.#disk.store.changeHistory(documentName, change));
  }

  async delete(documentName: string) {
    return this.#read(() => this.#disk.store.delete(documentName));
  }

  list(range?: { readonly after?: string | undefined; readonly limit?: number | undefined }) {
    return this.#disk.store.list(range);
  }

  async close(): Promise<void> {
    this.die();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.die();
  }

  /** Sees what was handed in before, as the contract says, and takes its time. */
  async #read<T>(read: () => Promise<T>): Promise<T> {
    const before = this.#pending.at(-1);
    await this.#delay(MAX_DELAY_MS);
    if (this.#disk.isAway) throw new HeadwaterError('HW_STORE_UNAVAILABLE', 'the owner of the store is away');
    await before?.durable.promise;
    const result = await read();
    await this.#delay(MAX_DELAY_MS);
    if (this.#isDead) await new Promise(() => {});
    return result;
  }

  async #writeAll(): Promise<void> {
    this.#isRunning = true;
    for (;;) {
      await this.#delay(MAX_DELAY_MS);
      const [next] = this.#pending;
      if (next === undefined) break;
      if (this.#disk.isAway) {
        const failure = new HeadwaterError('HW_STORE_WRITE_FAILED', 'the owner of the store is away');
        for (const { written } of this.#pending) written.reject(failure);
        await this.#delay(RETRY_MS);
      } else {
        this.#pending.shift();
        await this.#write(next);
      }
    }
    this.#isRunning = false;
  }

  async #write({ documentName, change, written, durable }: Pending): Promise<void> {
    const sequence = await this.#disk.write(documentName, change);
    const isAnswerLost = this.#disk.isAway;
    setTimeout(() => {
      if (this.#isDead) return;
      if (isAnswerLost) written.reject(new HeadwaterError('HW_STORE_WRITE_FAILED', 'no answer'));
      else written.resolve(sequence);
      setTimeout(() => {
        if (!this.#isDead) durable.resolve(sequence);
      }, this.#random.below(MAX_DELAY_MS));
    }, this.#random.below(MAX_DELAY_MS));
  }

  async #delay(maxMs: number): Promise<void> {
    const ms = this.#random.below(maxMs);
    await new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }
}

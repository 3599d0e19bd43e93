import { type DocumentChange, MemoryStore, type QuarantinedUpdate, type Snapshot } from '@headwater/persistence';
import { Knowledge } from '@headwater/protocol';
import * as Y from 'yjs';
import type { Random } from '../support/random.ts';
import type { VirtualProcess } from './virtual-time.ts';

/** One change of what is on the disk. */
type Change =
  | { readonly kind: 'delete'; readonly documentName: string }
  | { readonly kind: 'append'; readonly documentName: string; readonly change: DocumentChange }
  | {
      readonly kind: 'snapshot';
      readonly documentName: string;
      readonly snapshot: Snapshot;
      readonly quarantine: readonly QuarantinedUpdate[];
    };

/** What somebody finds who opens it. */
export interface Opening {
  readonly process: VirtualProcess;
  readonly epoch: number;
  /** The last sequences, by document. */
  readonly ends: ReadonlyMap<string, number>;
}

/** What updates hold together, whatever order they came in. */
class Holdings {
  readonly knowledge = Knowledge.empty();
  /** They build on what had not come yet. */
  #early: Uint8Array[] = [];

  add(update: Uint8Array): void {
    this.#early.push(update);
    for (let isNews = true; isNews; ) {
      const early = this.#early;
      this.#early = early.filter((each) => this.knowledge.admit(each).waiting !== undefined);
      isNews = this.#early.length > 0 && this.#early.length < early.length;
    }
  }
}

/** What is known of a document, besides what a store keeps of it. */
class Ledger {
  /** Everything its log ever held, and what of that is fsynced. */
  readonly written = new Holdings();
  readonly durable = new Holdings();
  /** Per client how far what waits durably, or did, reaches. */
  readonly durablyWaiting = new Map<number, number>();
  /** By sequence. */
  readonly records = new Map<number, readonly Uint8Array[]>();
}

/**
 * The data directory: one log of changes. What is written outlives the process that wrote it; a power cut takes any part of the
 * end that is not fsynced.
 */
export class SimulatedDisk {
  /** Writes fail. */
  isFailing = false;
  /** How long a write, and an fsync, take at most. */
  maxWriteMs = 8;
  maxSyncMs = 16;
  #store = new MemoryStore();
  #changes: Change[] = [];
  #durableCount = 0;
  #ledgers = new Map<string, Ledger>();
  /** Documents that cannot be made anew. */
  #deleted = new Set<string>();
  #lockedBy: VirtualProcess | undefined;
  #epoch = 0;

  get store(): MemoryStore {
    return this.#store;
  }

  /** How many changes were written. */
  get length(): number {
    return this.#changes.length;
  }

  /** The kernel gives a lock back when its process ends, and not before. @returns whether the process has it now */
  lock(process: VirtualProcess): boolean {
    if (this.#lockedBy !== undefined && this.#lockedBy !== process && !this.#lockedBy.isDead) return false;
    this.#lockedBy = process;
    return true;
  }

  unlock(process: VirtualProcess): void {
    if (this.#lockedBy === process) this.#lockedBy = undefined;
  }

  /** Whether it is still that opening; who has lost the lock gets it back while nobody else has opened it. */
  isOpenIn({ process, epoch }: Opening): boolean {
    return epoch === this.#epoch && this.lock(process);
  }

  /** Opens it. What LevelDB finds in its log it puts into a table, and syncs that. */
  async open(process: VirtualProcess): Promise<Opening> {
    this.synced(this.length);
    const ends = new Map<string, number>();
    for await (const { documentName, sequence } of this.#store.list()) ends.set(documentName, sequence);
    return { process, epoch: ++this.#epoch, ends };
  }

  /** @returns the sequence of the record, or of the last one @throws HW_DOCUMENT_DELETED, and nothing was written */
  append(documentName: string, change: DocumentChange): Promise<number> {
    if (this.#deleted.has(documentName)) return this.#store.append(documentName, change).durable;
    return this.#perform({ kind: 'append', documentName, change });
  }

  async delete(documentName: string): Promise<void> {
    await this.#perform({ kind: 'delete', documentName });
  }

  isDeleted(documentName: string): boolean {
    return this.#deleted.has(documentName);
  }

  /** @throws Error when it breaks the promise every snapshot makes; HW_DOCUMENT_UNKNOWN */
  async replaceSnapshot(
    documentName: string,
    snapshot: Snapshot,
    quarantine: readonly QuarantinedUpdate[],
  ): Promise<void> {
    if (!this.#deleted.has(documentName)) await this.#checkSnapshot(documentName, snapshot);
    await this.#perform({ kind: 'snapshot', documentName, snapshot: structuredClone(snapshot), quarantine });
  }

  /** An fsync that began when so many changes were written is over. */
  synced(count: number): void {
    for (; this.#durableCount < count; this.#durableCount++) {
      const change = this.#changes[this.#durableCount];
      if (change?.kind !== 'append') continue;
      const { durable, durablyWaiting } = this.#ledger(change.documentName);
      for (const { update } of change.change.entries) durable.add(update);
      for (const { update } of change.change.addWaiting ?? []) noteEnds(durablyWaiting, update);
    }
  }

  /** What is not fsynced is gone, or some of it. */
  async cutPower(random: Random): Promise<void> {
    const kept = this.#durableCount + random.below(this.#changes.length - this.#durableCount + 1);
    const changes = this.#changes.slice(0, kept);
    this.#store = new MemoryStore();
    this.#changes = [];
    this.#durableCount = 0;
    this.#ledgers = new Map();
    this.#deleted = new Set();
    for (const change of changes) await this.#perform(change);
    this.synced(kept);
  }

  /** Whether a process that starts now finds an update. */
  isWritten(documentName: string, update: Uint8Array): boolean {
    return this.#ledger(documentName).written.knowledge.knows(update);
  }

  /** Whether it is there after a power cut, be it as something that waits for what it builds on. */
  isDurable(documentName: string, update: Uint8Array): boolean {
    const { durable, durablyWaiting } = this.#ledger(documentName);
    return isThere(update, durable.knowledge, durablyWaiting);
  }

  /** The same, as whoever opens the store finds it. */
  async isStored(documentName: string, update: Uint8Array): Promise<boolean> {
    const waitingEnds = await this.#waitingEnds(documentName);
    return isThere(update, this.#ledger(documentName).durable.knowledge, waitingEnds);
  }

  async #perform(change: Change): Promise<number> {
    const { documentName } = change;
    if (change.kind === 'snapshot' && this.#deleted.has(documentName)) {
      await this.#store.replaceSnapshot(documentName, change.snapshot, change.quarantine); // which refuses it
    }
    this.#changes.push(change);
    if (change.kind === 'delete') {
      this.#deleted.add(documentName);
      await this.#store.delete(documentName);
      return 0;
    }
    if (change.kind === 'snapshot') {
      await this.#store.replaceSnapshot(documentName, change.snapshot, change.quarantine);
      return change.snapshot.sequence;
    }
    const { entries } = change.change;
    const written = this.#store.append(documentName, change.change).durable;
    const ledger = this.#ledger(documentName);
    for (const { update } of entries) ledger.written.add(update);
    const sequence = await written;
    const updates = entries.map(({ update }) => update);
    if (entries.length > 0) ledger.records.set(sequence, updates);
    return sequence;
  }

  /** Every record it reaches over is in it, or waits beside it for what a power cut took. */
  async #checkSnapshot(documentName: string, { sequence, stateVector, deleteSet }: Snapshot): Promise<void> {
    const knowledge = Knowledge.fromEncoded(stateVector, deleteSet);
    const lacking = [...this.#ledger(documentName).records].flatMap(([at, updates]) =>
      at > sequence ? [] : updates.filter((update) => !knowledge.knows(update)).map((update) => ({ at, update })),
    );
    if (lacking.length === 0) return;
    const waitingEnds = await this.#waitingEnds(documentName);
    const lost = lacking.find(({ update }) => !isThere(update, knowledge, waitingEnds));
    if (lost !== undefined) throw new Error(`a snapshot up to record ${sequence} lacks record ${lost.at}`);
  }

  async #waitingEnds(documentName: string): Promise<ReadonlyMap<number, number>> {
    const ends = new Map<number, number>();
    for (const entry of (await this.#store.load(documentName)).waiting) noteEnds(ends, entry.update);
    return ends;
  }

  #ledger(documentName: string): Ledger {
    const ledger = this.#ledgers.get(documentName) ?? new Ledger();
    this.#ledgers.set(documentName, ledger);
    return ledger;
  }
}

function isThere(update: Uint8Array, knowledge: Knowledge, waitingEnds: ReadonlyMap<number, number>): boolean {
  if (knowledge.knows(update)) return true;
  const ends = [...Y.parseUpdateMeta(update).to];
  return ends.every(([client, end]) => knowledge.clock(client) >= end || (waitingEnds.get(client) ?? 0) >= end);
}

function noteEnds(ends: Map<number, number>, update: Uint8Array): void {
  for (const [client, end] of Y.parseUpdateMeta(update).to) ends.set(client, Math.max(ends.get(client) ?? 0, end));
}

import type { DocumentStore, LogEnd, LogEntry } from '@headwater/persistence';
import type { Relay, RelayChannel, RelayedBatch, RelayListener, RelayMessage } from '../relay/relay.ts';
import { CatchUp } from './catch-up.ts';
import { Coverage } from './coverage.ts';
import type { DocumentSurroundings } from './hosted-document.ts';
import { LogEpoch } from './log-epoch.ts';
import type { OthersEdits } from './others-edits.ts';
import type { PendingBatch } from './pending-batch.ts';
import type { Presence } from './presence.ts';
import type { Sweep, Swept } from './sweep.ts';

/** So many batches are kept while the document is being loaded; of more, the store is asked. */
const MAX_EARLY_BATCHES = 256;
/** How long an instance has to say whether a client of its is still there. */
const CLAIM_TIMEOUT_MS = 5_000;

/** Instances that have a document open wait this long at most before they compact it, each for as long as it likes. */
const MAX_COMPACTION_WAIT_MS = 500;

/** What makes a server one of several. */
export interface ClusterSurroundings {
  readonly relay: Relay;
  readonly sweep: Sweep;
}

/** A batch of this instance, and how many records of others had been taken up when it was handed in. */
interface SyncedBatch {
  readonly batch: PendingBatch;
  readonly sequence: number;
  readonly taken: number;
}

/** What was read of a document's log. */
interface LoadedLog {
  readonly documentId: number;
  /** Of the store, or one before. */
  readonly epoch: number;
  /** The last record. */
  readonly through: number;
  /** The last one in the snapshot. */
  readonly snapshotSequence: number;
}

/** What a replica needs of its document. */
export interface Replicated {
  readonly name: string;
  readonly presence: Presence;
  readonly edits: OthersEdits;
  onceShown(then: () => void): void;
  showPresence(): void;
  showStateless(payload: string): void;
  /** Whether edits made here were given up by a store that is in other hands now. */
  hasLostEdits(): boolean;
  outdate(): void;
  discard(): void;
}

/**
 * A document's part in a cluster: tells the other instances that have it open what was shown here, takes up what they tell, and
 * notices what it missed (docs/architecture.md, "Several instances").
 */
export class Replica implements RelayListener, Swept {
  readonly coverage = new Coverage();
  /** In which epoch of the store that is so. */
  readonly epoch: LogEpoch;
  readonly #document: Replicated;
  readonly #relay: Relay;
  readonly #sweep: Sweep;
  readonly #store: DocumentStore;
  readonly #maxUnsavedBytes: number;
  readonly #channel: RelayChannel;
  readonly #catchUp: CatchUp;
  /** What was heard while the document was being loaded. */
  #early: RelayedBatch[] | undefined = [];
  /** How far the snapshot reaches that is known to be in the store. */
  storedSnapshot = 0;
  /** Records taken up that others wrote, and how many of them are known to be durable. */
  taken = 0;
  #synced = 0;
  /** 0 as long as it was not stored when it was looked at. */
  #documentId = 0;
  /** Questions to other instances, by instance and client. */
  readonly #questions = new Map<string, (isThere: boolean) => void>();

  constructor(document: Replicated, { relay, sweep }: ClusterSurroundings, around: DocumentSurroundings) {
    const { store, logger, options } = around;
    this.#document = document;
    this.#relay = relay;
    this.#sweep = sweep;
    this.#store = store;
    this.#maxUnsavedBytes = options.maxUnsavedBytes;
    this.epoch = new LogEpoch(store);
    const behind = {
      name: document.name,
      coverage: this.coverage,
      isCurrent: () => this.epoch.isCurrent,
      takeRecord: (entries: readonly LogEntry[], sequence: number) => {
        this.taken++;
        document.edits.takeRecord(entries, sequence, true);
      },
      onceShown: (then: () => void) => document.onceShown(then),
    };
    this.#catchUp = new CatchUp(behind, store, logger);
    this.#channel = relay.attach(document.name, this);
  }

  get name(): string {
    return this.#document.name;
  }

  get through(): number {
    return this.coverage.through;
  }

  get documentId(): number | undefined {
    return this.#documentId === 0 ? undefined : this.#documentId;
  }

  /** Whether something is known here that is written, and may not be fsynced yet: nobody may be told that it is saved. */
  get isUnsynced(): boolean {
    return this.taken > this.#synced;
  }

  /** Resolves when nothing that is said from now on is missed, or nothing can be heard. */
  whenListening(): Promise<void> {
    return this.#channel.whenListening;
  }

  /** The document was loaded. */
  loaded({ documentId, epoch, through, snapshotSequence }: LoadedLog): void {
    this.#documentId = documentId;
    this.epoch.enter(epoch);
    this.coverage.coverThrough(through);
    this.storedSnapshot = snapshotSequence;
    // A snapshot is fsynced before the store gives it out; of a record, only who wrote it knows that.
    if (through > snapshotSequence) this.taken++;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const batch of early) this.#take(batch);
    if (early.length === MAX_EARLY_BATCHES) this.#sweep.soon(); // there may have been more
    this.#channel.readRetained();
    this.#channel.tell({ kind: 'awareness-query' });
    this.#sweep.add(this);
  }

  /** A batch of this instance was shown; `sequence`: its record, unless the store could not write it yet. */
  shown(batch: PendingBatch, sequence: number | undefined): void {
    const { entries = [], addWaiting = [] } = batch.change() ?? {};
    if (sequence === undefined || entries.length === 0) {
      if (entries.length + addWaiting.length > 0) {
        this.#channel.publish({ kind: 'unwritten', entries, waiting: addWaiting });
      }
      return;
    }
    if (this.epoch.isCurrent) this.coverage.cover(sequence);
    this.#channel.publish({
      kind: 'written',
      epoch: this.#store.epoch, // still the one of the sequence, in the turn in which that came
      sequence,
      updates: entries.map(({ update }) => update),
      waiting: addWaiting,
    });
    this.#catchUp.soon();
  }

  /**
   * A batch of this instance is durable, in this record. So is what was `taken` before it was handed in: the store writes one
   * log. Of that, what was taken in another epoch may be gone, and `then` is called once it is known not to be.
   */
  synced({ batch, sequence, taken }: SyncedBatch, then: () => void): void {
    // The store could not write it when it was shown.
    if (batch.hasUpdates && this.epoch.isCurrent) this.#document.onceShown(() => this.coverage.cover(sequence));
    this.epoch.whenCurrent(() => {
      this.#synced = Math.max(this.#synced, taken);
      then();
    });
  }

  /** Tells the others. */
  tell(message: RelayMessage): void {
    this.#channel.tell(message);
  }

  /** Whether a client of another instance is still there: asks that instance. */
  ask(instanceId: string, clientId: number): Promise<boolean> {
    const key = `${instanceId} ${clientId}`;
    return new Promise((resolve) => {
      const answered = (isThere: boolean): void => {
        clearTimeout(timer);
        this.#questions.delete(key);
        resolve(isThere);
      };
      const timer = setTimeout(() => answered(false), CLAIM_TIMEOUT_MS).unref();
      this.#questions.get(key)?.(false);
      this.#questions.set(key, answered);
      this.#channel.tell({ kind: 'claim', to: instanceId, clientId });
    });
  }

  onBatch(batch: RelayedBatch): void {
    if (this.#early === undefined) this.#take(batch);
    else if (this.#early.length < MAX_EARLY_BATCHES) this.#early.push(batch);
  }

  onMessage(message: RelayMessage, from: string): void {
    switch (message.kind) {
      case 'awareness':
        this.#document.presence.receiveFrom(from, message.update);
        this.#document.showPresence();
        break;
      case 'awareness-query':
        this.#tellPresence();
        break;
      case 'claim':
        if (message.to === this.#relay.instanceId) void this.#answerClaim(from, message.clientId);
        break;
      case 'claim-answer':
        if (message.to === this.#relay.instanceId)
          this.#questions.get(`${from} ${message.clientId}`)?.(message.isThere);
        break;
      case 'stateless':
        this.#document.showStateless(message.payload);
        break;
      case 'snapshot':
        this.storedSnapshot = Math.max(this.storedSnapshot, message.sequence);
        break;
      case 'outdated':
        this.#document.outdate();
        break;
      case 'deleted':
        this.#sweep.soon(); // whether that is still so, only the store knows
        break;
    }
  }

  onInterrupted(): void {
    this.#sweep.soon();
    this.#channel.tell({ kind: 'awareness-query' });
    this.#tellPresence();
  }

  onInstanceGone(instanceId: string): void {
    this.#document.presence.instanceLeft(instanceId);
    this.#document.showPresence();
  }

  compare({ documentId, sequence, atOpening, isDeleted }: LogEnd, epoch: number, throughBefore: number): void {
    if (isDeleted) return this.#document.discard();
    // It was deleted, and what has its name by now is another one: nothing of this one belongs into that.
    if (this.#documentId !== 0 && documentId !== this.#documentId) return this.#document.outdate();
    this.#documentId = documentId;
    if (epoch !== this.epoch.known) {
      // What happened in an epoch that was missed altogether is not known.
      const intact = epoch === this.epoch.known + 1 ? atOpening : 0;
      if (this.coverage.highest > intact || this.#document.hasLostEdits()) return this.#lost(intact);
      this.coverage.forgetMissing();
      this.epoch.enter(epoch);
    } else if (sequence < throughBefore) {
      return this.#document.outdate(); // it was deleted
    }
    this.coverage.note(sequence);
    this.#catchUp.soon();
  }

  /** Before it stores a snapshot of its own, an instance leaves the others a moment to be first. */
  async letOthersCompact(): Promise<void> {
    if (this.#relay.health.instances === 0) return;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_COMPACTION_WAIT_MS));
  }

  /** What was compacted is less than what was there: everybody loads it anew. */
  outdateAll(): void {
    this.#channel.tell({ kind: 'outdated' });
    this.#document.outdate();
  }

  /** The store has a new snapshot. */
  storedNewSnapshot(sequence: number): void {
    this.storedSnapshot = Math.max(this.storedSnapshot, sequence);
    this.#channel.tell({ kind: 'snapshot', sequence });
  }

  /** Hears nothing any more. */
  dispose(): void {
    this.#catchUp.stop();
    this.#sweep.delete(this);
    this.#channel.detach();
    for (const answer of this.#questions.values()) answer(false);
  }

  /** A power cut, or another owner, took records that are here: nobody had been told that they are saved. */
  #lost(intact: number): void {
    this.#document.edits.storeAgain(intact);
    this.#document.outdate();
  }

  #take(batch: RelayedBatch): void {
    if (batch.kind !== 'unwritten' && batch.epoch !== this.epoch.known) return this.#takeOfOtherEpoch(batch);
    switch (batch.kind) {
      case 'written':
        this.#document.edits.takeWaiting(batch.waiting);
        this.#takeWritten(batch);
        break;
      case 'unwritten':
        this.#document.edits.takeWaiting(batch.waiting);
        if (!this.#isFull) this.#document.edits.takeUnwritten(batch.entries);
        break;
      case 'stored':
        this.coverage.note(batch.sequence);
        this.#catchUp.now();
        break;
    }
  }

  /**
   * Whether no more is kept that is not saved. What is not taken up nobody sees here, so nothing depends on this instance; it is
   * read from the store once the other instance could write it.
   */
  get #isFull(): boolean {
    return this.#store.health.unsavedBytes > this.#maxUnsavedBytes;
  }

  /**
   * What was written before is in the log, or lost: then those who saw it bring it back. What is written in an epoch that this
   * instance has not come to may be shown, and its number is not one of those known here.
   */
  #takeOfOtherEpoch(batch: RelayedBatch & { readonly epoch: number }): void {
    if (batch.epoch < this.epoch.known) return;
    this.#sweep.soon();
    if (batch.kind !== 'written') return;
    this.taken++;
    this.#document.edits.takeRecord(anonymous(batch.updates), batch.sequence, false);
  }

  #takeWritten({ sequence, updates }: RelayedBatch & { readonly kind: 'written' }): void {
    if (this.coverage.has(sequence)) return;
    this.taken++;
    const entries = anonymous(updates);
    this.coverage.begin(sequence);
    // What waits comes once more, after what it waits for, when the hole before it is read.
    const isWhole = this.#document.edits.takeRecord(entries, sequence, false);
    if (isWhole) this.#document.onceShown(() => this.coverage.cover(sequence));
    this.#document.onceShown(() => this.#catchUp.soon());
  }

  async #answerClaim(from: string, clientId: number): Promise<void> {
    const isThere = await this.#document.presence.isHere(clientId).catch(() => false);
    this.#channel.tell({ kind: 'claim-answer', to: from, clientId, isThere });
  }

  #tellPresence(): void {
    const update = this.#document.presence.encodeOwn();
    if (update !== undefined) this.#channel.tell({ kind: 'awareness', update });
  }
}

/** Records as the relay carries them: who made them is in the store. */
function anonymous(updates: readonly Uint8Array[]): readonly LogEntry[] {
  return updates.map((update) => ({ update, author: '' }));
}

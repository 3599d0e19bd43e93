import type { DocumentStore } from '@headwater/persistence';
import { type Admission, decodeStateVector, HeadwaterError } from '@headwater/protocol';
import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';
import { AddressedFraming } from '../wire/addressed-framing.ts';
import { type Framing, frameMessage } from '../wire/framing.ts';
import { yWebsocketFraming } from '../wire/y-websocket-framing.ts';
import type { DocumentWorkers } from '../workers/worker-pool.ts';
import { LoadedSnapshot } from './answer.ts';
import { Audience } from './audience.ts';
import { CompactionSchedule } from './compaction-schedule.ts';
import type { CompactionResult, Compactor } from './compactor.ts';
import { DocumentContents } from './contents.ts';
import { documentDeleted } from './deletion.ts';
import { DocumentLife } from './document-life.ts';
import type { DocumentState } from './document-state.ts';
import { FanOut } from './fan-out.ts';
import type { FlushScheduler } from './flush-scheduler.ts';
import { OthersEdits } from './others-edits.ts';
import { PendingBatch } from './pending-batch.ts';
import { Presence } from './presence.ts';
import { type ClusterSurroundings, Replica, type Replicated } from './replica.ts';
import type { Session } from './session.ts';
import type { TailBatch } from './tail.ts';
import { WaitingRetries } from './waiting-retries.ts';
import { WritePath } from './write-path.ts';

/** How long an empty document without sessions stays in memory, at most. */
const EMPTY_UNLOAD_AFTER_MS = 1_000;

/** What a document needs of the house around it. */
export interface DocumentSurroundings {
  readonly store: DocumentStore;
  readonly workers: DocumentWorkers;
  readonly compactor: Compactor;
  readonly scheduler: FlushScheduler;
  readonly options: ResolvedServerOptions;
  readonly logger: Logger;
  /** The other instances, when there may be some. */
  readonly cluster?: ClusterSurroundings | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called once, when the document is gone from memory. */
  readonly onClosed: (document: HostedDocument) => void;
}

/**
 * One document in memory: its compacted state, the updates since, what both know, and who is there. There is no
 * `Y.Doc`: an update is inspected, written, shown to every session and then synced to disk, at a cost that does not
 * depend on what the document holds (docs/architecture.md, "The way of an update").
 */
export class HostedDocument {
  readonly name: string;
  readonly #around: DocumentSurroundings;
  readonly #loaded: Promise<void>;
  readonly #life: DocumentLife;

  readonly #contents: DocumentContents;
  readonly #retries: WaitingRetries;

  #batch: PendingBatch | undefined;
  readonly #writes: WritePath;

  #addressedFraming: Framing | undefined;
  readonly #audience: Audience;
  readonly #fanOut: FanOut;
  readonly #presence: Presence;
  /** Its part in a cluster. */
  readonly #replica: Replica | undefined;

  readonly #compaction: CompactionSchedule;

  /** Starts loading at once; {@link join} waits for it. */
  constructor(name: string, around: DocumentSurroundings) {
    this.name = name;
    this.#around = around;
    this.#writes = new WritePath(around.store, name);
    const { compactor, options, logger } = around;
    this.#contents = new DocumentContents(options.maxWaitingBytes);
    this.#audience = new Audience(this.#contents.tail, around.workers, logger);
    this.#fanOut = new FanOut(name, this.#contents.tail, this.#audience, around);
    this.#presence = new Presence(
      options,
      around.now,
      () => this.#schedule('presence'),
      (instanceId, clientId) => this.#replica?.ask(instanceId, clientId) ?? Promise.resolve(false),
    );
    this.#retries = new WaitingRetries(this.#contents.waiting, () => this.#retry());
    this.#replica = around.cluster && new Replica(this.#replicated(), around.cluster, around);
    const compacted = {
      name,
      tail: this.#contents.tail,
      snapshot: () => this.#contents.snapshot,
      adopt: (result: CompactionResult, tailEnd: number) => this.#adoptCompaction(result, tailEnd),
      replica: this.#replica,
    };
    this.#compaction = new CompactionSchedule(compacted, compactor, options.compactAfterBytes, logger);
    this.#life = new DocumentLife({
      isDeserted: () => this.#audience.size === 0,
      isSaved: () => this.isSaved,
      idleMs: () => this.#idleMs(),
      save: () => this.save(),
      tidyUp: (isStillDraining) => this.#compaction.wentIdle(isStillDraining),
      end: () => this.#end(),
    });
    this.#loaded = this.#load();
    this.#loaded.catch(() => {}); // every join gets the error; a load nobody waits for concerns nobody
  }

  get state(): DocumentState {
    return this.#life.state;
  }

  get sessionCount(): number {
    return this.#audience.size;
  }

  /** How messages are framed for sessions that know the document by its plain name: made once for all of them. */
  get addressedFraming(): Framing {
    this.#addressedFraming ??= new AddressedFraming(this.name, true);
    return this.#addressedFraming;
  }

  /** Bytes of the compacted state held in memory. */
  get snapshotBytes(): number {
    return this.#contents.snapshot?.stored.update.length ?? 0;
  }

  /** Updates after the snapshot. */
  get tailUpdates(): number {
    return this.#contents.tail.updateCount;
  }

  /** Resolves once the document can be joined. @throws HW_STORE_CORRUPT, or whatever else kept the store from reading it */
  whenLoaded(): Promise<void> {
    return this.#loaded;
  }

  /**
   * Adds a session: asks for what its client has and tells it who is there. Only call it on a document that is loaded
   * and not closed.
   */
  join(session: Session): void {
    if (this.state === 'closed' || this.state === 'loading') {
      throw new Error(`"${this.name}" cannot be joined: it is ${this.state}`);
    }
    this.#life.joined();
    const subscription = this.#audience.add(session);
    const greeting = frameMessage(session.framing, 'sync-step-1', this.#contents.knowledge.encodeStateVector());
    const awareness = this.#presence.encodeAll();
    if (awareness !== undefined) greeting.push(...frameMessage(session.framing, 'awareness', awareness));
    subscription.send(greeting);
  }

  /** Removes a session and its awareness states. Idempotent. */
  leave(session: Session): void {
    if (!this.#audience.remove(session)) return;
    this.silence(session);
    if (this.#audience.size === 0) this.#life.deserted();
  }

  /** Removes the awareness states of a session that may still be there but has not been heard for too long. */
  silence(session: Session): void {
    this.#presence.leave(session);
    this.#showPresence();
  }

  /** Answers a SyncStep1: what the state vector lacks, then SyncStep2, which tells the client that it is synced. */
  answer(session: Session, stateVector: Uint8Array): void {
    // Of the clients nobody here knows nothing is missing: what is kept is bounded by the document, not by the peer.
    const { knowledge } = this.#contents;
    const clocks = new Map([...decodeStateVector(stateVector)].filter(([client]) => knowledge.clock(client) > 0));
    this.#audience.answer(session, clocks);
  }

  /** The connection of a session has room again. */
  drained(session: Session): void {
    this.#audience.drained(session, this.#presence.encodeAllAndGone());
    if (this.#contents.waiting.size > 0) this.ask(session); // a full connection was not asked for what is missing
  }

  /** Takes up a SyncStep2: an update, and what its client has. @throws as {@link receive} */
  receiveState(session: Session, update: Uint8Array): void {
    this.#audience.heardState(session, this.receive(session, update).saysAllDeletions);
  }

  /**
   * Takes up an update. It is acknowledged exactly once, after an fsync that covers it, also when it brought nothing new.
   *
   * @throws HW_UPDATE_MALFORMED when it does not decode, HW_TOO_MUCH_WAITING when too much of it depends on what is missing
   */
  receive(session: Session, update: Uint8Array): Pick<Admission, 'saysAllDeletions'> {
    if (session.isReadOnly) return this.#compare(session, update);
    const { knowledge, waiting } = this.#contents;
    const admission = knowledge.admit(update);
    const isKnown =
      admission.added === undefined && (admission.waiting === undefined || waiting.has(admission.waiting));
    if (isKnown) {
      this.#settleKnown(session);
      return admission;
    }
    const batch = this.#pending();
    if (admission.added !== undefined) batch.add(admission.added, session.author, admission);
    if (admission.waiting !== undefined) {
      const isNew = waiting.keep({ update: admission.waiting, author: session.author }, batch);
      if (isNew) batch.askers.add(session);
    }
    batch.owe(session);
    return admission;
  }

  /** Sends text that is no part of the document to every session whose client knows such. */
  broadcastStateless(payload: string): void {
    this.#showStateless(payload);
    this.#replica?.tell({ kind: 'stateless', payload });
  }

  /** Takes up awareness states. @throws HW_AWARENESS_MALFORMED, HW_AWARENESS_TOO_LARGE */
  receiveAwareness(session: Session, update: Uint8Array): void {
    this.#presence.receive(session, update);
    this.#showPresence();
  }

  /** Answers a query for awareness. */
  answerAwarenessQuery(session: Session): void {
    const awareness = this.#presence.encodeAll();
    if (awareness !== undefined) this.#audience.sendTo(session, frameMessage(session.framing, 'awareness', awareness));
  }

  /** Hands everything that is pending to the store and to the sessions. Called by the scheduler. */
  flush(): void {
    const batch = this.#batch;
    this.#fanOut.flushed(batch?.updateCount ?? 0);
    this.#batch = undefined;
    const changes = this.#presence.takeChanges();
    if (changes?.own !== undefined) this.#replica?.tell({ kind: 'awareness', update: changes.own });
    const awareness = changes?.all;
    if (batch === undefined) {
      this.#fanOut.showAwareness(awareness);
      return;
    }
    if (batch.hasUpdates) this.#retries.tryNews(this.#contents.knowledge, batch);
    const change = batch.change();
    if (change === undefined) {
      this.#fanOut.showAwareness(awareness);
      this.#afterLast((sequence) => batch.acknowledge(sequence));
      this.#writes.noteChange();
    } else {
      const shown = batch.hasUpdates ? batch.toTailBatch(yWebsocketFraming) : undefined;
      const taken = this.#replica?.taken ?? 0;
      this.#writes.write(change, shown, {
        show: (sequence) => {
          this.#show(shown, awareness);
          this.#replica?.shown(batch, sequence);
          for (const then of batch.onceShown) then();
        },
        acknowledge: (sequence) => {
          const acknowledge = (): void => batch.acknowledge(sequence);
          if (this.#replica === undefined) acknowledge();
          else this.#replica.synced({ batch, sequence, taken }, acknowledge);
        },
        refuse: () => {
          this.discard();
          batch.giveUp(documentDeleted());
        },
      });
    }
    for (const session of batch.askers) this.ask(session);
  }

  /** Whether everything received is durable. */
  get isSaved(): boolean {
    return this.#writes.isSaved && this.#batch === undefined;
  }

  /** Flushes, and resolves once everything received so far is durable. Waits as long as the store fails. */
  async save(): Promise<void> {
    this.#around.scheduler.cancel(this);
    if (this.#retries.isPending) this.#retry();
    if (this.#batch !== undefined || this.#presence.isDirty) this.flush();
    while (!this.isSaved) await this.#writes.changed();
    await this.#writes.allShown();
  }

  /**
   * The store was in other hands: what is here may lack what they wrote. Everything received goes to the store, every client
   * comes back, and finds the document loaded anew.
   */
  outdate(): void {
    if (!this.#life.outdated()) return;
    if (this.#batch !== undefined) this.flush();
    this.#end();
    const error = new HeadwaterError('HW_DOCUMENT_OUTDATED', 'the document is loaded anew');
    for (const session of this.#audience.sessions()) session.close(error);
  }

  /**
   * It was deleted: what is pending goes nowhere, and everybody who is here or waits for an edit to be saved is told. A document that is
   * being read was read before, perhaps: it ends as soon as it is loaded.
   */
  discard(): void {
    if (this.state === 'loading') void this.#loaded.then(() => this.discard()).catch(() => {});
    if (!this.#life.outdated()) return;
    const batch = this.#batch;
    this.#batch = undefined;
    this.#end();
    const error = documentDeleted();
    for (const session of this.#audience.sessions()) session.close(error);
    batch?.giveUp(error);
  }

  /** Stops timers. What was not saved by then is the store's business. */
  dispose(): void {
    this.#compaction.stop();
    this.#life.dispose();
    this.#retries.dispose();
    this.#audience.dispose();
    this.#replica?.dispose();
    this.#around.scheduler.cancel(this);
  }

  async #load(): Promise<void> {
    try {
      await this.#replica?.whenListening(); // what is written after that is heard
      const { epoch } = this.#around.store; // of what is read, or one before
      const stored = await this.#around.store.load(this.name);
      const repairs = new PendingBatch(this.#around.now());
      this.#contents.restore(stored, repairs);
      this.#audience.snapshot = this.#contents.snapshot;
      // What it waits for may have come when there was no time left to try it.
      this.#retries.tryAll(this.#contents.knowledge, repairs);
      if (repairs.change() !== undefined) {
        this.#batch = repairs;
        this.#schedule('edits');
      }
      const snapshotSequence = stored.snapshot?.sequence ?? 0;
      const through = stored.tail.at(-1)?.sequence ?? snapshotSequence;
      this.#replica?.loaded({ documentId: stored.documentId, epoch, through, snapshotSequence });
    } catch (error) {
      this.#life.loadFailed();
      throw error;
    }
    this.#life.loaded();
  }

  /** What is done here for other instances. */
  #replicated(): Replicated {
    return {
      name: this.name,
      presence: this.#presence,
      edits: new OthersEdits({
        contents: this.#contents,
        retries: this.#retries,
        now: this.#around.now,
        pending: () => this.#pending(),
        onceShown: (then) => this.#onceShown(then),
        show: (shown) => this.#show(shown, undefined),
      }),
      onceShown: (then) => this.#onceShown(then),
      showPresence: () => this.#showPresence(),
      showStateless: (payload) => this.#showStateless(payload),
      hasLostEdits: () => this.#writes.hasLost,
      outdate: () => this.outdate(),
      discard: () => this.discard(),
    };
  }

  /** Calls back once everything taken up so far has been shown. */
  #onceShown(then: () => void): void {
    if (this.#batch?.hasUpdates === true) this.#batch.onceShown.push(then);
    else this.#writes.onceShown(then);
  }

  /** The batch of this turn; it is flushed at its end. */
  #pending(): PendingBatch {
    this.#batch ??= new PendingBatch(this.#around.now());
    this.#schedule('edits');
    return this.#batch;
  }

  #schedule(what: 'edits' | 'presence'): void {
    this.#around.scheduler.schedule(this, this.#fanOut.dueInMs(what));
  }

  #show(shown: TailBatch | undefined, awareness: Uint8Array | undefined): void {
    this.#fanOut.show(shown, awareness);
    if (shown !== undefined) this.#compaction.tailGrew();
  }

  /** Has changes of who is there leave with the next flush. */
  #showPresence(): void {
    if (this.#presence.isDirty) this.#schedule('presence');
  }

  #showStateless(payload: string): void {
    for (const session of this.#audience.sessions()) session.stateless?.(payload);
  }

  #retry(): void {
    this.#retries.tryAll(this.#contents.knowledge, this.#pending());
  }

  /** What a session that may not edit sends is settled when it is known, and refused otherwise. */
  #compare(session: Session, update: Uint8Array): Pick<Admission, 'saysAllDeletions'> {
    if (!this.#contents.knowledge.knows(update)) session.refuse();
    else this.#settleKnown(session);
    return { saysAllDeletions: false };
  }

  /**
   * An update that brings nothing new is acknowledged once what it may be known from is durable: here, or at another instance. So
   * is an empty one: a client that is told by our state vector that we have its edits answers with nothing, and takes them for
   * saved when that is acknowledged.
   */
  #settleKnown(session: Session): void {
    const isUnsynced = this.#replica?.isUnsynced === true;
    if (this.#batch === undefined && !isUnsynced) {
      this.#afterLast((sequence) => session.acknowledge(1, sequence));
      return;
    }
    const batch = this.#pending();
    if (isUnsynced) batch.isBarrier = true;
    batch.owe(session);
  }

  /** Calls back once everything handed in so far is durable, and known to be so in the epoch that the store is in. */
  #afterLast(then: (sequence: number | undefined) => void): void {
    this.#writes.afterLast((sequence) => {
      if (this.#replica === undefined) then(sequence);
      else this.#replica.epoch.whenCurrent(() => then(sequence));
    });
  }

  /** Asks a session's client for everything it has and we lack. */
  ask(session: Session): void {
    const stateVector = this.#contents.knowledge.encodeStateVector();
    this.#audience.sendTo(session, frameMessage(session.framing, 'sync-step-1', stateVector));
  }

  /** Switches to a new snapshot, which contains the tail up to a position. */
  #adoptCompaction(result: CompactionResult, tailEnd: number): void {
    const next = new LoadedSnapshot(result.snapshot);
    this.#audience.replaceSnapshot(next, tailEnd);
    this.#contents.adopt(result, next, this.#updatesNotShown());
  }

  /** On the way to the store, or still pending. */
  *#updatesNotShown(): Generator<Uint8Array> {
    for (const batch of this.#writes.unshown) yield* batch.updates;
    if (this.#batch !== undefined) yield* this.#batch.updates();
  }

  #idleMs(): number {
    const { unloadAfterMs } = this.#around.options;
    // An empty document costs nothing to open again, and names that nobody wrote to are easily made up.
    return this.#contents.knowledge.isEmpty ? Math.min(unloadAfterMs, EMPTY_UNLOAD_AFTER_MS) : unloadAfterMs;
  }

  #end(): void {
    this.dispose();
    this.#around.onClosed(this);
  }
}

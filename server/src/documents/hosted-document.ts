import type { DocumentStore, StoredDocument } from '@headwater/persistence';
import {
  type Admission,
  decodeAwareness,
  decodeStateVector,
  HeadwaterError,
  Knowledge,
  updateOfDeleteSet,
} from '@headwater/protocol';
import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';
import { AddressedFraming } from '../wire/addressed-framing.ts';
import { type Framing, frameMessage } from '../wire/framing.ts';
import { yWebsocketFraming } from '../wire/y-websocket-framing.ts';
import type { DocumentWorkers } from '../workers/worker-pool.ts';
import { LoadedSnapshot } from './answer.ts';
import { Audience } from './audience.ts';
import { AwarenessTable } from './awareness-table.ts';
import { CompactionSchedule } from './compaction-schedule.ts';
import type { CompactionResult, Compactor } from './compactor.ts';
import { DocumentLife } from './document-life.ts';
import type { DocumentState } from './document-state.ts';
import { FlushPace } from './flush-pace.ts';
import type { FlushScheduler } from './flush-scheduler.ts';
import { PendingBatch } from './pending-batch.ts';
import { PresenceClaims } from './presence-claims.ts';
import type { Session } from './session.ts';
import { Tail, type TailBatch } from './tail.ts';
import { WaitingRetries } from './waiting-retries.ts';
import { WaitingUpdates } from './waiting-updates.ts';
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

  #knowledge = Knowledge.empty();
  #snapshot: LoadedSnapshot | undefined;
  readonly #tail = new Tail();
  readonly #waiting: WaitingUpdates;
  readonly #retries: WaitingRetries;

  #batch: PendingBatch | undefined;
  readonly #writes: WritePath;
  readonly #pace: FlushPace;

  #addressedFraming: Framing | undefined;
  readonly #audience: Audience;
  readonly #awareness: AwarenessTable;
  readonly #claims: PresenceClaims;

  readonly #compaction: CompactionSchedule;

  /** Starts loading at once; {@link join} waits for it. */
  constructor(name: string, around: DocumentSurroundings) {
    this.name = name;
    this.#around = around;
    this.#writes = new WritePath(around.store, name);
    this.#pace = new FlushPace(around.options);
    this.#audience = new Audience(this.#tail, around.workers, around.logger);
    this.#awareness = new AwarenessTable(around.options, around.now);
    this.#claims = new PresenceClaims(this.#awareness, () => this.#schedule());
    this.#waiting = new WaitingUpdates(around.options.maxWaitingBytes);
    this.#retries = new WaitingRetries(this.#waiting, () => this.#retry());
    const compacted = {
      name,
      tail: this.#tail,
      snapshot: () => this.#snapshot,
      adopt: (result: CompactionResult, tailEnd: number) => this.#adoptCompaction(result, tailEnd),
    };
    const { compactor, options, logger } = around;
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
    return this.#snapshot?.stored.update.length ?? 0;
  }

  /** Updates after the snapshot. */
  get tailUpdates(): number {
    return this.#tail.updateCount;
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
    const greeting = frameMessage(session.framing, 'sync-step-1', this.#knowledge.encodeStateVector());
    const awareness = this.#awareness.encodeAll();
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
    this.#claims.forget(session);
    this.#awareness.leave(session);
    this.#claims.settleFor(session);
    if (this.#awareness.isDirty) this.#schedule();
  }

  /** Answers a SyncStep1: what the state vector lacks, then SyncStep2, which tells the client that it is synced. */
  answer(session: Session, stateVector: Uint8Array): void {
    // Of the clients nobody here knows nothing is missing: what is kept is bounded by the document, not by the peer.
    const clocks = new Map([...decodeStateVector(stateVector)].filter(([client]) => this.#knowledge.clock(client) > 0));
    this.#audience.answer(session, clocks);
  }

  /** The connection of a session has room again. */
  drained(session: Session): void {
    this.#audience.drained(session, this.#awareness.encodeAllAndGone());
    if (this.#waiting.size > 0) this.ask(session); // a full connection was not asked for what is missing
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
    const admission = this.#knowledge.admit(update);
    const isKnown =
      admission.added === undefined && (admission.waiting === undefined || this.#waiting.has(admission.waiting));
    if (isKnown && this.#batch === undefined) {
      this.#writes.afterLast((sequence) => session.acknowledge(1, sequence));
      return admission;
    }
    this.#batch ??= new PendingBatch(this.#around.now());
    if (admission.added !== undefined) this.#batch.add(admission.added, session.author, admission);
    this.#schedule();
    if (admission.waiting !== undefined) {
      const isNew = this.#waiting.keep({ update: admission.waiting, author: session.author }, this.#batch);
      if (isNew) this.#batch.askers.add(session);
    }
    this.#batch.owe(session);
    return admission;
  }

  /** Sends text that is no part of the document to every session whose client knows such. */
  broadcastStateless(payload: string): void {
    for (const session of this.#audience.sessions()) session.stateless?.(payload);
  }

  /** Takes up awareness states. @throws HW_AWARENESS_MALFORMED, HW_AWARENESS_TOO_LARGE */
  receiveAwareness(session: Session, update: Uint8Array): void {
    for (const contested of this.#awareness.receive(session, decodeAwareness(update))) {
      this.#claims.file(session, contested);
    }
    if (this.#awareness.isDirty) this.#schedule();
  }

  /** Answers a query for awareness. */
  answerAwarenessQuery(session: Session): void {
    const awareness = this.#awareness.encodeAll();
    if (awareness !== undefined) this.#audience.sendTo(session, frameMessage(session.framing, 'awareness', awareness));
  }

  /** Hands everything that is pending to the store and to the sessions. Called by the scheduler. */
  flush(): void {
    this.#pace.flushed(performance.now());
    const batch = this.#batch;
    this.#batch = undefined;
    const awareness = this.#awareness.takeChanges();
    if (batch === undefined) {
      this.#showAwareness(awareness);
      return;
    }
    if (batch.hasUpdates) this.#retries.tryNews(this.#knowledge, batch);
    const change = batch.change();
    if (change === undefined) {
      this.#showAwareness(awareness);
      this.#writes.afterLast((sequence) => batch.acknowledge(sequence));
      this.#writes.noteChange();
    } else {
      const shown = batch.hasUpdates ? batch.toTailBatch(yWebsocketFraming) : undefined;
      this.#writes.write(change, shown, {
        show: () => this.#show(shown, awareness),
        acknowledge: (sequence) => batch.acknowledge(sequence),
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
    if (this.#batch !== undefined || this.#awareness.isDirty) this.flush();
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

  /** Stops timers. What was not saved by then is the store's business. */
  dispose(): void {
    this.#compaction.stop();
    this.#life.dispose();
    this.#retries.dispose();
    this.#audience.dispose();
    this.#around.scheduler.cancel(this);
  }

  async #load(): Promise<void> {
    try {
      this.#adopt(await this.#around.store.load(this.name));
    } catch (error) {
      this.#life.loadFailed();
      throw error;
    }
    this.#life.loaded();
  }

  #adopt({ snapshot, tail, waiting }: StoredDocument): void {
    if (snapshot !== undefined) {
      this.#snapshot = new LoadedSnapshot(snapshot);
      this.#audience.snapshot = this.#snapshot;
      this.#knowledge = Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
    }
    this.#waiting.restore(waiting);
    const repairs = new PendingBatch(this.#around.now());
    for (const record of tail) {
      const batch = new PendingBatch(record.timeMs);
      for (const { update, author } of record.entries) {
        const admission = this.#knowledge.admit(update);
        if (admission.added !== undefined) batch.add(admission.added, author, admission);
        // A power cut can take a record that nobody was told is saved, and leave a later one that builds on it.
        if (admission.waiting !== undefined) this.#waiting.keepAnyway({ update: admission.waiting, author }, repairs);
      }
      if (batch.hasUpdates) this.#tail.push({ ...batch.toTailBatch(yWebsocketFraming), sequence: record.sequence });
    }
    // What it waits for may have come when there was no time left to try it.
    this.#retries.tryAll(this.#knowledge, repairs);
    if (repairs.change() === undefined) return;
    this.#batch = repairs;
    this.#schedule();
  }

  #schedule(): void {
    this.#around.scheduler.schedule(this, this.#pace.dueInMs(this.#audience.size, performance.now()));
  }

  #show(shown: TailBatch | undefined, awareness: Uint8Array | undefined): void {
    if (shown === undefined) {
      this.#showAwareness(awareness);
      return;
    }
    this.#tail.push(shown);
    const startedMs = performance.now();
    try {
      this.#audience.show(shown, awareness);
    } catch (error) {
      // A defect of ours: the next batch is shown all the same.
      this.#around.logger.error({ documentName: this.name, err: error }, 'a batch could not be shown');
    }
    this.#pace.fannedOut(performance.now() - startedMs);
    this.#compaction.tailGrew();
  }

  #showAwareness(awareness: Uint8Array | undefined): void {
    if (awareness === undefined) return;
    const startedMs = performance.now();
    this.#audience.sendAwareness(awareness);
    this.#pace.fannedOut(performance.now() - startedMs);
  }

  #retry(): void {
    this.#batch ??= new PendingBatch(this.#around.now());
    this.#retries.tryAll(this.#knowledge, this.#batch);
    this.#schedule();
  }

  /** What a session that may not edit sends is settled when it is known, and refused otherwise. */
  #compare(session: Session, update: Uint8Array): Pick<Admission, 'saysAllDeletions'> {
    if (!this.#knowledge.knows(update)) session.refuse();
    else if (this.#batch === undefined) this.#writes.afterLast((sequence) => session.acknowledge(1, sequence));
    else this.#batch.owe(session); // it may be known since a moment ago
    return { saysAllDeletions: false };
  }

  /** Asks a session's client for everything it has and we lack. */
  ask(session: Session): void {
    this.#audience.sendTo(session, frameMessage(session.framing, 'sync-step-1', this.#knowledge.encodeStateVector()));
  }

  /** Switches to a new snapshot, which contains the tail up to a position. */
  #adoptCompaction({ snapshot, quarantined }: CompactionResult, tailEnd: number): void {
    const next = new LoadedSnapshot(snapshot);
    this.#audience.replaceSnapshot(next, tailEnd);
    this.#snapshot = next;
    if (quarantined.length === 0) {
      // Integration deletes more than the updates say (concurrent map entries, what was put into a deleted parent).
      this.#knowledge.admit(updateOfDeleteSet(snapshot.deleteSet));
      return;
    }
    this.#knowledge = Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
    for (const update of this.#updatesAfterSnapshot()) this.#knowledge.admit(update);
  }

  /** Shown, on the way to the store, or still pending: all that was taken up and no snapshot holds. */
  *#updatesAfterSnapshot(): Generator<Uint8Array> {
    for (const batch of this.#tail.since(0)) yield* batch.updates;
    for (const batch of this.#writes.unshown) yield* batch.updates;
    if (this.#batch !== undefined) yield* this.#batch.updates();
  }

  #idleMs(): number {
    const { unloadAfterMs } = this.#around.options;
    // An empty document costs nothing to open again, and names that nobody wrote to are easily made up.
    return this.#knowledge.isEmpty ? Math.min(unloadAfterMs, EMPTY_UNLOAD_AFTER_MS) : unloadAfterMs;
  }

  #end(): void {
    this.dispose();
    this.#around.onClosed(this);
  }
}

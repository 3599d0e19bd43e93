import type { Timeline } from '@headwater/client/history';
import {
  DocumentHistory,
  type DocumentStore,
  type ReplayOptions,
  type ReplayStep,
  type StateUpdates,
  Turns,
} from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import type { DocumentRegistry } from '../documents/registry.ts';
import type { Abortable, HistoryWorkers } from '../workers/history-workers.ts';
import { EditSession } from './edit-session.ts';
import { timelineOf } from './timeline.ts';

/** What the history of documents in memory needs around it. */
export interface HistorySurroundings {
  readonly store: DocumentStore;
  readonly registry: Pick<DocumentRegistry, 'open' | 'flush'>;
  readonly workers: HistoryWorkers;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An edit that is made of the past. */
export interface PastEdit {
  /** The moment it is made of. */
  readonly moment: number;
  readonly author: string;
}

/** So many restores and forks may be under way. */
const MAX_EDITS = 64;

/**
 * The past of documents that people work on: what is read holds everything received so far, what is restored goes through
 * the document in memory, to everybody who has it open, and what takes long is done in threads.
 */
export class LiveHistory {
  readonly #around: HistorySurroundings;
  readonly #history: DocumentHistory;
  readonly #turns = new Turns();
  readonly #stopping = new AbortController();
  #edits = 0;

  constructor(around: HistorySurroundings) {
    const { store, workers, now } = around;
    this.#around = around;
    this.#history = new DocumentHistory(store, {
      now,
      makeState: (updates) => workers.makeState(updates),
      computations: { restoringUpdate: (current, target) => workers.restoringUpdate(current, target) },
      apply: (documentName, update, author) => this.#apply(documentName, update, author),
    });
  }

  /** The history as the store has it, whose edits go through the documents in memory. */
  get documents(): DocumentHistory {
    return this.#history;
  }

  /**
   * The history, with all that was received of a document in it.
   *
   * @throws HW_SHUTTING_DOWN
   */
  of(documentName: string): Pick<DocumentHistory, 'moments' | 'versions' | 'retention' | 'setRetention'> {
    return this.#upToDate(documentName);
  }

  /** The last moment of a document. @throws HW_DOCUMENT_UNKNOWN */
  async lastMoment(documentName: string): Promise<number> {
    this.#upToDate(documentName);
    const outline = await this.#around.store.history(documentName);
    if (outline !== undefined) return outline.sequence;
    throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `there is no document ${JSON.stringify(documentName)}`);
  }

  /** The encoded state at a moment. @throws what `DocumentHistory.stateAt` does, HW_API_BUSY */
  stateAt(documentName: string, moment: number, aborted: Abortable): Promise<MadeOf<Uint8Array>> {
    return this.#make(documentName, moment, (updates) => this.#around.workers.makeState(updates, aborted), aborted);
  }

  /** The content at a moment, by root type, as JSON. @throws what `DocumentHistory.stateAt` does, HW_API_BUSY */
  contentAt(documentName: string, moment: number, aborted: Abortable): Promise<MadeOf<string>> {
    return this.#make(documentName, moment, (updates) => this.#around.workers.content(updates, aborted), aborted);
  }

  /** See `DocumentHistory.diff`; as JSON. @throws what that does, HW_API_BUSY */
  async diff(documentName: string, from: number, to: number, aborted: Abortable): Promise<string> {
    const history = this.#upToDate(documentName);
    const [a, b] = [await history.stateAt(documentName, from), await history.stateAt(documentName, to)];
    return this.#around.workers.diff(a.updates, b.updates, aborted);
  }

  /** See `DocumentHistory.blame`; as JSON. @throws what that does, HW_API_BUSY */
  async blame(documentName: string, moment: number, aborted: Abortable): Promise<string> {
    const history = this.#upToDate(documentName);
    const { updates } = await history.stateAt(documentName, moment);
    const attribution = await history.attribution(documentName, moment);
    return this.#around.workers.blame(updates, attribution, aborted);
  }

  /** See `DocumentHistory.replay`. @throws HW_SHUTTING_DOWN when the server stops before it ends */
  async *replay(documentName: string, options: ReplayOptions): AsyncGenerator<ReplayStep, void, undefined> {
    const stopping = this.#stopping.signal;
    const signal = options.signal === undefined ? stopping : AbortSignal.any([stopping, options.signal]);
    yield* this.#upToDate(documentName).replay(documentName, { ...options, signal });
    this.#expectOpen();
  }

  /** See {@link timelineOf}. */
  timeline(documentName: string, buckets: number): Promise<Timeline> {
    this.#upToDate(documentName);
    return timelineOf(this.#around.store, documentName, buckets);
  }

  /**
   * See `DocumentHistory.restore`. One after the other for each document, so that the last one asked for is what comes out.
   *
   * @throws what that does, HW_API_BUSY, HW_SHUTTING_DOWN
   */
  restore(documentName: string, { moment, author }: PastEdit): Promise<number> {
    return this.#edit(documentName, () => this.#upToDate(documentName).restore(documentName, moment, { author }));
  }

  /** See `DocumentHistory.fork`. @throws what that does, HW_API_BUSY, HW_SHUTTING_DOWN */
  fork(documentName: string, newName: string, { moment, author }: PastEdit): Promise<number> {
    return this.#edit(newName, () => {
      this.#around.registry.flush(newName); // somebody may have begun it already
      return this.#upToDate(documentName).fork(documentName, newName, moment, { author });
    });
  }

  /** Takes no more work and ends replays. Edits that were taken up are the documents'. */
  close(): void {
    this.#stopping.abort();
  }

  #expectOpen(): void {
    if (this.#stopping.signal.aborted) throw new HeadwaterError('HW_SHUTTING_DOWN', 'the server is stopping');
  }

  #upToDate(documentName: string): DocumentHistory {
    this.#expectOpen();
    this.#around.registry.flush(documentName);
    return this.#history;
  }

  async #make<T>(
    documentName: string,
    moment: number,
    make: (updates: StateUpdates) => Promise<T>,
    { signal }: Abortable,
  ): Promise<MadeOf<T>> {
    const { sequence, timeMs, updates } = await this.#upToDate(documentName).stateAt(documentName, moment);
    signal?.throwIfAborted();
    return { sequence, timeMs, made: await make(updates) };
  }

  async #edit(documentName: string, work: () => Promise<number>): Promise<number> {
    if (this.#edits >= MAX_EDITS) {
      throw new HeadwaterError('HW_API_BUSY', `${MAX_EDITS} restores and forks are under way already`);
    }
    this.#edits += 1;
    try {
      return await this.#turns.run(documentName, work);
    } finally {
      this.#edits -= 1;
    }
  }

  /** As if a client had sent it. */
  async #apply(documentName: string, update: Uint8Array, author: string): Promise<number> {
    const edit = new EditSession(author);
    let document = await this.#around.registry.open(documentName);
    while (document.state === 'closed') document = await this.#around.registry.open(documentName);
    this.#expectOpen();
    document.receive(edit, update);
    return (await edit.whenDurable()) ?? this.lastMoment(documentName);
  }
}

/** Something made of the state at a moment. */
export interface MadeOf<T> {
  readonly sequence: number;
  /** When that record was received, in milliseconds since the epoch; `undefined` before the first one. */
  readonly timeMs: number | undefined;
  readonly made: T;
}

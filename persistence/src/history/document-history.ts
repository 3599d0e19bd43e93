import { setTimeout as delay } from 'node:timers/promises';
import type { DocumentStore } from '../document-store.ts';
import type { HistoricState } from './historic-state.ts';
import { listMoments, type Moment, type MomentRange } from './moments.ts';
import { type ReplayOptions, type ReplayStep, replay, type Sleep } from './replay.ts';
import { stateAt } from './state-at.ts';

/** What a {@link DocumentHistory} can be handed besides its store. */
export interface DocumentHistoryOptions {
  /** Waits between two steps of a replay. @defaultValue a timer */
  readonly sleep?: Sleep | undefined;
}

/**
 * The past of the documents in a store: every moment of them, until retention thins it.
 *
 * A moment is the number of a log record, and stands for the document after it; 0 is the empty document.
 *
 * @example
 * ```ts
 * const history = new DocumentHistory(store);
 * const [last] = await history.moments('notes', { before: Infinity, limit: 1 });
 * const state = await history.stateAt('notes', 42);
 * state.doc().getText('body').toString();
 *
 * for await (const { update, author, timeMs } of history.replay('notes', { speed: 10, signal })) {
 *   Y.applyUpdate(doc, update);
 * }
 * ```
 */
export class DocumentHistory {
  readonly #store: DocumentStore;
  readonly #sleep: Sleep;

  constructor(store: DocumentStore, options: DocumentHistoryOptions = {}) {
    this.#store = store;
    this.#sleep = options.sleep ?? sleepUntilAborted;
  }

  /**
   * A page of a document's moments, in the order of their numbers: with `after` the first ones after it, with `before` alone
   * the last ones before it. Go on with the number of the last, or of the first, of the page.
   *
   * @throws HW_DOCUMENT_UNKNOWN, HW_STORE_CORRUPT
   *
   * @example
   * ```ts
   * for (let page = await history.moments('notes'); page.length > 0; ) {
   *   show(page);
   *   page = await history.moments('notes', { after: page.at(-1)?.sequence });
   * }
   * ```
   */
  moments(documentName: string, range: MomentRange = {}): Promise<readonly Moment[]> {
    return listMoments(this.#store, documentName, range);
  }

  /**
   * What the document was at a moment.
   *
   * @throws HW_DOCUMENT_UNKNOWN
   * @throws HW_MOMENT_UNKNOWN for one that never was or is not kept any more; the message names the nearest
   * @throws HW_STORE_CORRUPT when all that would lead to this moment is damaged
   *
   * @example
   * ```ts
   * const { update } = await history.stateAt('notes', 42); // one Yjs update
   * ```
   */
  stateAt(documentName: string, moment: number): Promise<HistoricState> {
    return stateAt(this.#store, documentName, moment);
  }

  /**
   * Plays what was written, update by update. Ends when the signal aborts. Holds at most the records between two key
   * frames in memory.
   *
   * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN, HW_STORE_CORRUPT
   */
  replay(documentName: string, options: ReplayOptions = {}): AsyncIterable<ReplayStep> {
    return replay(this.#store, documentName, options, this.#sleep);
  }
}

async function sleepUntilAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });
}

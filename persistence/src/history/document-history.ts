import { setTimeout as delay } from 'node:timers/promises';
import { HeadwaterError } from '@headwater/protocol';
import type { TextBlame } from '../content/blame-text.ts';
import type { DocumentDiff } from '../content/diff-states.ts';
import type { DocumentStore } from '../document-store.ts';
import { attributedRanges } from './attributed-ranges.ts';
import type { HistoricState } from './historic-state.ts';
import { computeHere, type HistoryComputations } from './history-computations.ts';
import type { AttributedRange } from './history-store.ts';
import { type MakeState, makeStateHere } from './key-frame-maker.ts';
import { HistoryMaintenance } from './maintenance.ts';
import { listMoments, type Moment, type MomentRange } from './moments.ts';
import { NamedVersions } from './named-versions.ts';
import { type ReplayOptions, type ReplayStep, replay, type Sleep } from './replay.ts';
import { problemWithRetention, type Retention } from './retention-policy.ts';
import { outlineOf, stateAt } from './state-at.ts';

/**
 * Writes an update as if a client had sent it, and gives the number of the record it became, or of the last one when it
 * brought nothing new.
 */
export type ApplyUpdate = (documentName: string, update: Uint8Array, author: string) => Promise<number>;

/** What a {@link DocumentHistory} can be handed besides its store. */
export interface DocumentHistoryOptions {
  /** How a restore or a fork is written; a running server sends it to everybody. @defaultValue appended to the log, and fsynced */
  readonly apply?: ApplyUpdate | undefined;
  /** How states are made for key frames; a running server does it in a thread. @defaultValue here and now */
  readonly makeState?: MakeState | undefined;
  /** The same for what is made of states. @defaultValue here and now */
  readonly computations?: Partial<HistoryComputations> | undefined;
  /** Milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: (() => number) | undefined;
  /** Waits between two steps of a replay. @defaultValue a timer */
  readonly sleep?: Sleep | undefined;
}

/** Of an edit that is made of the past. */
export interface ByAuthor {
  /** Who makes it: the author of the new record. */
  readonly author: string;
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
  /** Moments with names. */
  readonly versions: NamedVersions;
  readonly #store: DocumentStore;
  readonly #apply: ApplyUpdate;
  readonly #makeState: MakeState;
  readonly #computations: HistoryComputations;
  readonly #maintenance: HistoryMaintenance;
  readonly #now: () => number;
  readonly #sleep: Sleep;

  constructor(store: DocumentStore, options: DocumentHistoryOptions = {}) {
    this.#store = store;
    this.#now = options.now ?? Date.now;
    this.#apply = options.apply ?? ((documentName, update, author) => this.#append(documentName, update, author));
    this.#makeState = options.makeState ?? makeStateHere;
    this.#computations = { ...computeHere, ...options.computations };
    this.#maintenance = new HistoryMaintenance(store, this.#makeState, this.#now);
    this.#sleep = options.sleep ?? sleepUntilAborted;
    this.versions = new NamedVersions(store, this.#now, this.#makeState);
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

  /**
   * What changed from one moment to another, which may be the earlier one.
   *
   * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN, HW_STORE_CORRUPT
   */
  async diff(documentName: string, from: number, to: number): Promise<DocumentDiff> {
    const [a, b] = [await this.stateAt(documentName, from), await this.stateAt(documentName, to)];
    return this.#computations.diff(a.updates, b.updates);
  }

  /**
   * Who wrote which range of the texts in the document, and when: as they are now, or were at a moment.
   *
   * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN, HW_STORE_CORRUPT
   */
  async blame(documentName: string, moment?: number): Promise<readonly TextBlame[]> {
    const at = moment ?? (await outlineOf(this.#store, documentName)).sequence;
    const { updates } = await this.stateAt(documentName, at);
    return this.#computations.blame(updates, await this.attribution(documentName, at));
  }

  /**
   * Makes the document's content what it was at a moment, by an edit like any other: it reaches everybody, what came since
   * stays in the history, and what others write meanwhile stays in the document.
   *
   * @returns the number of the record it became; of the last one, when there is nothing to change
   * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN, HW_STORE_CORRUPT, and what writing throws
   *
   * @example
   * ```ts
   * await history.restore('notes', 42, { author: 'ada' });
   * ```
   */
  async restore(documentName: string, moment: number, { author }: ByAuthor): Promise<number> {
    const target = await this.stateAt(documentName, moment);
    const { sequence } = await outlineOf(this.#store, documentName);
    const current = await this.stateAt(documentName, sequence);
    const edit = await this.#computations.restoringUpdate(current.updates, target.updates);
    return isEmptyUpdate(edit) ? sequence : this.#apply(documentName, edit, author);
  }

  /**
   * Begins a new document with what another one was at a moment, and with what is known of who wrote it.
   *
   * @returns the number of its first record
   * @throws HW_DOCUMENT_EXISTS when there is one of the new name, HW_NAME_INVALID
   * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN, HW_STORE_CORRUPT, and what writing throws
   */
  async fork(documentName: string, newName: string, moment: number, { author }: ByAuthor): Promise<number> {
    if ((await this.#store.info(newName)) !== undefined) {
      throw new HeadwaterError('HW_DOCUMENT_EXISTS', `there is a document ${JSON.stringify(newName)} already`);
    }
    const { updates } = await this.stateAt(documentName, moment);
    const update = await this.#makeState(updates);
    const addAttribution = await this.attribution(documentName, moment);
    // An empty update brings nothing, so nobody who has the new document open has to hear of it; but it makes the document be.
    const write = isEmptyUpdate(update) ? this.#append.bind(this) : this.#apply;
    const sequence = await write(newName, update, author);
    await this.#store.changeHistory(newName, { addAttribution });
    return sequence;
  }

  /**
   * Brings the history of a document in line with its retention, and adds key frames where they are missing. To be called
   * now and then, best after a compaction; what it does not come to, the next call does.
   *
   * @throws HW_STORE_CORRUPT when what should be thinned is damaged; it is left as it is
   */
  maintain(documentName: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#maintenance.run(documentName, signal);
  }

  /** What holds for a document, and whether it is its own. @throws HW_DOCUMENT_UNKNOWN */
  async retention(documentName: string): Promise<{ readonly retention: Retention; readonly isOwn: boolean }> {
    const { retention, hasOwnRetention } = await outlineOf(this.#store, documentName);
    return { retention, isOwn: hasOwnRetention };
  }

  /**
   * Gives a document a retention of its own, or with `undefined` that of the store again. It holds from the next
   * {@link maintain} on.
   *
   * @throws HW_RETENTION_INVALID with one line that says why; HW_DOCUMENT_UNKNOWN
   */
  async setRetention(documentName: string, retention: Retention | undefined): Promise<void> {
    const problem = retention && problemWithRetention(retention);
    if (problem !== undefined) throw new HeadwaterError('HW_RETENTION_INVALID', `not a retention policy: ${problem}`);
    await this.#store.changeHistory(documentName, { retention: retention ?? null });
  }

  /**
   * Who brought which clocks up to a moment, the earliest first: what {@link blameText} takes. Clocks brought twice are those
   * of the first.
   *
   * @throws HW_STORE_CORRUPT
   */
  async attribution(documentName: string, upTo: number): Promise<readonly AttributedRange[]> {
    const ranges = [...(await this.#store.attribution(documentName))];
    for await (const { records } of this.#store.recordBlocks(documentName, { after: 0, upTo })) {
      for (const range of attributedRanges(records)) ranges.push(range);
    }
    return ranges;
  }

  async #append(documentName: string, update: Uint8Array, author: string): Promise<number> {
    const { written, durable } = this.#store.append(documentName, {
      timeMs: this.#now(),
      entries: [{ update, author }],
    });
    written.catch(() => {}); // the store goes on trying, and `durable` says where that ends
    return durable;
  }
}

/** No structs and no deletions. */
function isEmptyUpdate(update: Uint8Array): boolean {
  return update.length === 2 && update[0] === 0 && update[1] === 0;
}

async function sleepUntilAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });
}

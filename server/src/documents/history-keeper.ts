import { setImmediate as nextTurn } from 'node:timers/promises';
import { DocumentHistory, type DocumentStore, type MakeState, type Retention } from '@headwater/persistence';
import { HeadwaterError, joinUpdates } from '@headwater/protocol';
import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';
import type { DocumentWorkers } from '../workers/worker-pool.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** What the options say about the past of documents. */
export function retentionOf(options: ResolvedServerOptions): Retention {
  const { history, historyKeepAllMs: keepAllMs, historyHourlyMs, historyDailyMs, historyMaxBytes: maxBytes } = options;
  if (history === 'none') return 'none';
  const hourly = historyHourlyMs > 0 ? [{ everyMs: HOUR_MS, untilAgeMs: historyHourlyMs }] : [];
  if (historyDailyMs === 0) return { keepAllMs, tiers: [...hourly, { everyMs: DAY_MS }], maxBytes };
  const daily = historyDailyMs > historyHourlyMs ? [{ everyMs: DAY_MS, untilAgeMs: historyDailyMs }] : [];
  return { keepAllMs, tiers: [...hourly, ...daily], maxBytes };
}

/** Updates that are joined within one turn of the event loop. */
const JOINED_AT_ONCE = 512;

/** Between two rounds through all documents: time passes for those nobody writes to, too. */
const ROUND_EVERY_MS = 6 * HOUR_MS;
/** Rounds begin where nobody waits for the server to start. */
const FIRST_ROUND_AFTER_MS = 10 * 60 * 1000;

/**
 * Looks after the history of documents that were compacted, and now and then of all documents: thins it, and adds key frames.
 * One document at a time.
 */
export class HistoryKeeper {
  readonly #history: DocumentHistory;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  /** To be looked after, and not begun. A Set keeps the order. */
  readonly #due = new Set<string>();
  #working: Promise<void> | undefined;
  readonly #store: DocumentStore;
  readonly #isResponsible: () => boolean;
  #roundTimer: NodeJS.Timeout;

  /**
   * `now`: milliseconds since the epoch; `isResponsible`: whether this instance goes the rounds of its cluster, which one
   * instance is enough for.
   */
  constructor(
    store: DocumentStore,
    workers: DocumentWorkers,
    logger: Logger,
    now: () => number,
    isResponsible: () => boolean = () => true,
  ) {
    this.#store = store;
    this.#isResponsible = isResponsible;
    this.#roundTimer = this.#roundAfter(FIRST_ROUND_AFTER_MS);
    this.#history = new DocumentHistory(store, { now, makeState: inWorker(workers) });
    this.#logger = logger;
  }

  /** There may be something to do: the document was compacted, or time has passed. */
  lookAfter(documentName: string): void {
    if (this.#stopping.signal.aborted) return;
    this.#due.add(documentName);
    this.#working ??= this.#work();
  }

  /** Resolves once nothing is due. */
  async whenDone(): Promise<void> {
    await this.#working;
  }

  /**
   * Begins nothing more: what is left is done after the next compaction. What runs ends when the store or the workers are
   * closed, at the latest: a store that cannot write is not waited for.
   */
  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#roundTimer);
    this.#due.clear();
  }

  #roundAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => void this.#goRound(), ms).unref();
  }

  async #goRound(): Promise<void> {
    try {
      for await (const { documentName } of this.#store.list()) {
        if (this.#stopping.signal.aborted) return;
        if (!this.#isResponsible()) break;
        this.lookAfter(documentName);
        await this.whenDone();
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        this.#logger.warn({ err: error }, 'a round through all histories ended early');
    }
    if (!this.#stopping.signal.aborted) this.#roundTimer = this.#roundAfter(ROUND_EVERY_MS);
  }

  async #work(): Promise<void> {
    for (const documentName of this.#due) {
      this.#due.delete(documentName);
      try {
        await this.#history.maintain(documentName, { signal: this.#stopping.signal });
      } catch (error) {
        if (this.#stopping.signal.aborted || isGone(error)) continue;
        this.#logger.warn({ documentName, err: error }, 'the history of a document was left as it is');
      }
    }
    this.#working = undefined; // in the turn in which nothing was due any more
  }
}

/** Deleted in between. */
function isGone(error: unknown): boolean {
  return error instanceof HeadwaterError && error.code === 'HW_DOCUMENT_UNKNOWN';
}

function inWorker(workers: DocumentWorkers): MakeState {
  return async ([first, ...updates]) => {
    const joined = await joinedOf(updates);
    const { update, taken } = await workers.compact({ snapshot: first, updates: joined, allOrNothing: true });
    const state = taken === joined.length ? update : await oneByOne(workers, first, updates);
    // Records go once there is a state in their place: it has to be one that loads.
    const { taken: loaded } = await workers.compact({ snapshot: undefined, updates: [state], allOrNothing: true });
    if (loaded === 0) throw new HeadwaterError('HW_STORE_CORRUPT', 'the state they make does not load');
    return state;
  };
}

/** As few updates: applying thousands one by one takes Yjs many times as long. Joins some, then lets others have their turn. */
async function joinedOf(updates: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const joined: Uint8Array[] = [];
  for (let from = 0; from < updates.length; from += JOINED_AT_ONCE) {
    if (from > 0) await nextTurn();
    joined.push(...joinedOrApart(updates.slice(from, from + JOINED_AT_ONCE)));
  }
  return joined;
}

function joinedOrApart(updates: readonly Uint8Array[]): readonly Uint8Array[] {
  try {
    const update = joinUpdates(updates);
    return update === undefined ? updates : [update];
  } catch {
    return updates;
  }
}

/** As a compaction does, which leaves out what does not integrate: of updates that are joined, that would be all of them. */
async function oneByOne(
  workers: DocumentWorkers,
  first: Uint8Array | undefined,
  updates: readonly Uint8Array[],
): Promise<Uint8Array> {
  const base = await workers.compact({
    snapshot: undefined,
    updates: first === undefined ? [] : [first],
    allOrNothing: true,
  });
  if (first !== undefined && base.taken === 0) {
    throw new HeadwaterError('HW_STORE_CORRUPT', 'the state they begin with does not load');
  }
  let snapshot = base.update;
  for (let at = 0; at < updates.length; ) {
    const { update, taken } = await workers.compact({ snapshot, updates: updates.slice(at) });
    if (taken === 0) throw new HeadwaterError('HW_STORE_CORRUPT', 'too much of it does not integrate');
    snapshot = update;
    at += taken;
  }
  return snapshot;
}

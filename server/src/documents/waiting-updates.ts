import type { LogEntry } from '@headwater/persistence';
import { HeadwaterError, type Knowledge } from '@headwater/protocol';
import type { PendingBatch } from './pending-batch.ts';

/** What keeping an update costs beside its bytes; without it nothing would bound the number of tiny ones. */
const COST_PER_UPDATE_BYTES = 256;

/**
 * Every new edit may be what is missing, and one client can make megabytes wait: each keystroke of the others would read all
 * of it. So one call tries this much at the most, and the next one comes after a pause in proportion to what waits.
 */
const RETRY_BUDGET_BYTES = 256 * 1024;
/** Less than this is tried without a pause: an edit that arrived a little early is shown with the one it waited for. */
const RETRY_FREE_BYTES = 64 * 1024;
const RETRY_BYTES_PER_MS = 1024;

/** One try of everything that waits. */
interface Pass {
  readonly entries: readonly LogEntry[];
  next: number;
  /** Whether something came that those tried before may have waited for: then another pass follows. */
  hasNews: boolean;
}

/**
 * Updates, or parts of them, whose dependencies have not arrived. They are stored, but neither shown nor compacted: a
 * client that is handed structs it cannot integrate encodes them in front of valid ones with the same id, and whoever
 * loads that loses the valid ones.
 */
export class WaitingUpdates {
  readonly #byContent = new Map<string, LogEntry>();
  readonly #maxBytes: number;
  /** Bytes and overhead of everything that waits. */
  #cost = 0;
  #retryNotBeforeMs = 0;
  /** Passes go back and forth: what arrived in order, or in the reverse order, is placed in one of them. */
  #isForward = true;
  /** A pass that ran out of budget, and goes on with the next call. */
  #pass: Pass | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#byContent.size;
  }

  /** Takes in what the store has. */
  restore(entries: Iterable<LogEntry>): void {
    for (const entry of entries) this.#add(entry);
  }

  /** Takes in what is stored by another instance, as long as there is room. */
  keepHere(entry: LogEntry): void {
    if (this.#cost + costOf(entry) <= this.#maxBytes) this.#add({ update: entry.update.slice(), author: entry.author });
  }

  /**
   * Keeps an update, here and with the batch.
   *
   * @returns whether it was not here yet
   * @throws HW_TOO_MUCH_WAITING
   */
  keep(entry: LogEntry, batch: PendingBatch): boolean {
    if (this.has(entry.update)) return false;
    if (this.#cost + costOf(entry) > this.#maxBytes) {
      throw new HeadwaterError('HW_TOO_MUCH_WAITING', 'too many updates wait for edits that never arrived');
    }
    this.keepAnyway(entry, batch);
    return true;
  }

  /** The same for what is on disk already, in another place. */
  keepAnyway(entry: LogEntry, batch: PendingBatch): void {
    // A copy: the update is a view of a whole chunk read from the socket.
    const kept = { update: entry.update.slice(), author: entry.author };
    if (this.#add(kept)) batch.addWaiting(kept);
  }

  has(update: Uint8Array): boolean {
    return this.#byContent.has(contentKey(update));
  }

  /** How long to wait before trying again what is here; 0 when that may be done now. */
  get retryDelayMs(): number {
    return Math.max(0, this.#retryNotBeforeMs - performance.now());
  }

  /** New edits have come: what was tried already in a pass that goes on has to be tried once more. */
  noteNews(): void {
    if (this.#pass !== undefined) this.#pass.hasNews = true;
  }

  /**
   * Moves into the batch what integrates by now; that may be what others waited for.
   *
   * @returns false when it stopped before all of that was tried: call again after {@link retryDelayMs}
   */
  retry(knowledge: Knowledge, batch: PendingBatch): boolean {
    let budget = RETRY_BUDGET_BYTES;
    if (this.#cost > RETRY_FREE_BYTES) this.#retryNotBeforeMs = performance.now() + this.#cost / RETRY_BYTES_PER_MS;
    for (;;) {
      this.#pass ??= { entries: this.#inTurn(), next: 0, hasNews: false };
      const pass = this.#pass;
      for (const entry of pass.entries.slice(pass.next)) {
        if (budget <= 0) return false;
        pass.next += 1;
        budget -= costOf(entry);
        if (this.#place(entry, knowledge, batch)) pass.hasNews = true;
      }
      this.#pass = undefined;
      if (!pass.hasNews) return true;
    }
  }

  #inTurn(): readonly LogEntry[] {
    const entries = [...this.#byContent.values()];
    this.#isForward = !this.#isForward;
    return this.#isForward ? entries.reverse() : entries;
  }

  /** @returns whether it, or a part of it, waits no longer */
  #place(entry: LogEntry, knowledge: Knowledge, batch: PendingBatch): boolean {
    const admission = knowledge.admit(entry.update);
    if (admission.added === undefined && admission.waiting !== undefined) return false;
    this.#delete(entry);
    batch.removeWaiting(entry.update);
    if (admission.added !== undefined) batch.add(admission.added, entry.author, admission);
    if (admission.waiting !== undefined) this.keepAnyway({ ...entry, update: admission.waiting }, batch);
    return true;
  }

  /** @returns whether it was not there yet */
  #add(entry: LogEntry): boolean {
    const key = contentKey(entry.update);
    if (this.#byContent.has(key)) return false;
    this.#byContent.set(key, entry);
    this.#cost += costOf(entry);
    return true;
  }

  #delete(entry: LogEntry): void {
    if (this.#byContent.delete(contentKey(entry.update))) this.#cost -= costOf(entry);
  }
}

function costOf({ update }: LogEntry): number {
  return update.length + COST_PER_UPDATE_BYTES;
}

function contentKey(update: Uint8Array): string {
  return Buffer.from(update.buffer, update.byteOffset, update.byteLength).toString('latin1');
}

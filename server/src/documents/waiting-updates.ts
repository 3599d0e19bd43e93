import type { LogEntry } from '@headwater/persistence';
import { HeadwaterError, type Knowledge } from '@headwater/protocol';
import type { PendingBatch } from './pending-batch.ts';

/** More updates than this that wait for dependencies are not kept. */
const MAX_WAITING_UPDATES = 1_000;

/**
 * Every new edit may be what is missing, and one client can make megabytes wait, so that each keystroke of the others would
 * read all of it. Up to this much is tried again with every flush; beyond, at this rate, which keeps it to a few per cent
 * of the time.
 */
const RETRY_FREE_BYTES = 64 * 1024;
const RETRY_BYTES_PER_MS = 8 * 1024;

/**
 * Updates, or parts of them, whose dependencies have not arrived. They are stored, but neither shown nor compacted: a
 * client that is handed structs it cannot integrate encodes them in front of valid ones with the same id, and whoever
 * loads that loses the valid ones.
 */
export class WaitingUpdates {
  readonly #byContent = new Map<string, LogEntry>();
  readonly #maxBytes: number;
  #bytes = 0;
  #retryNotBeforeMs = 0;

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

  /**
   * Keeps an update, here and with the batch; one that is here already is not kept twice.
   *
   * @throws HW_TOO_MUCH_WAITING
   */
  keep(entry: LogEntry, batch: PendingBatch): void {
    if (this.has(entry.update)) return;
    if (this.size >= MAX_WAITING_UPDATES || this.#bytes + entry.update.length > this.#maxBytes) {
      throw new HeadwaterError('HW_TOO_MUCH_WAITING', 'too many updates wait for edits that never arrived');
    }
    // A copy: the update is a view of a whole chunk read from the socket.
    const kept = { update: entry.update.slice(), author: entry.author };
    this.#add(kept);
    batch.addWaiting(kept);
  }

  has(update: Uint8Array): boolean {
    return this.#byContent.has(contentKey(update));
  }

  /** How long to wait before trying again what is here; 0 when that may be done now. */
  get retryDelayMs(): number {
    return Math.max(0, this.#retryNotBeforeMs - performance.now());
  }

  /** Moves into the batch what integrates by now; that may be what others waited for. */
  retry(knowledge: Knowledge, batch: PendingBatch): void {
    if (this.#bytes > RETRY_FREE_BYTES) this.#retryNotBeforeMs = performance.now() + this.#bytes / RETRY_BYTES_PER_MS;
    for (let progressed = true; progressed; ) {
      progressed = false;
      for (const entry of this.#byContent.values()) {
        const admission = knowledge.admit(entry.update);
        if (admission.added === undefined && admission.waiting !== undefined) continue;
        progressed = true;
        this.#delete(entry.update);
        batch.removeWaiting(entry.update);
        if (admission.added !== undefined) batch.add(admission.added, entry.author, admission);
        if (admission.waiting === undefined) continue;
        const rest = { update: admission.waiting.slice(), author: entry.author };
        if (this.#add(rest)) batch.addWaiting(rest);
      }
    }
  }

  /** @returns whether it was not there yet */
  #add(entry: LogEntry): boolean {
    const key = contentKey(entry.update);
    if (this.#byContent.has(key)) return false;
    this.#byContent.set(key, entry);
    this.#bytes += entry.update.length;
    return true;
  }

  #delete(update: Uint8Array): void {
    if (this.#byContent.delete(contentKey(update))) this.#bytes -= update.length;
  }
}

function contentKey(update: Uint8Array): string {
  return Buffer.from(update.buffer, update.byteOffset, update.byteLength).toString('latin1');
}

import type { LogEntry } from '@headwater/persistence';

/**
 * Updates, or parts of them, whose dependencies have not arrived. They are stored, but neither shown nor compacted: a
 * client that is handed structs it cannot integrate encodes them in front of valid ones with the same id, and whoever
 * loads that loses the valid ones.
 */
export class WaitingUpdates {
  readonly #byContent = new Map<string, LogEntry>();
  #bytes = 0;

  get size(): number {
    return this.#byContent.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns whether it was not there yet */
  add(entry: LogEntry): boolean {
    const key = contentKey(entry.update);
    if (this.#byContent.has(key)) return false;
    this.#byContent.set(key, entry);
    this.#bytes += entry.update.length;
    return true;
  }

  has(update: Uint8Array): boolean {
    return this.#byContent.has(contentKey(update));
  }

  delete(update: Uint8Array): void {
    if (this.#byContent.delete(contentKey(update))) this.#bytes -= update.length;
  }

  entries(): LogEntry[] {
    return [...this.#byContent.values()];
  }
}

function contentKey(update: Uint8Array): string {
  return Buffer.from(update.buffer, update.byteOffset, update.byteLength).toString('latin1');
}

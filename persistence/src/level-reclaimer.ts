import { type KeyRange, logRange } from './level-keys.ts';
import type { LevelDatabase } from './level-open.ts';

/** So many bytes of removed records are left lying before LevelDB is asked to clear them away. */
const RECLAIM_BYTES = 4 * 1024 * 1024;
/** Once nothing more was removed for a while, this much is worth it; less than that LevelDB's own files take anyway. */
const RECLAIM_WHEN_QUIET_BYTES = 16 * 1024;
const RECLAIM_ON_CLOSE_BYTES = 256 * 1024;
const QUIET_MS = 10_000;
/** Documents remembered; what others left behind LevelDB clears away in its own time. */
const MAX_DOCUMENTS = 1_000;

/**
 * Gives the room of removed log records back. LevelDB clears them away when its levels are full, which for a store of some
 * megabytes is never: its log alone may be larger than everything that is still there.
 *
 * Only the ranges of documents that were compacted are rewritten, and not for every few records.
 */
export class LevelReclaimer {
  readonly #read: <T>(work: (db: LevelDatabase) => Promise<T>) => Promise<T>;
  /** Removed bytes by document id. */
  readonly #removed = new Map<number, { bytes: number; upTo: number }>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** @param read - runs work on the open database, and keeps it open until it is done */
  constructor(read: <T>(work: (db: LevelDatabase) => Promise<T>) => Promise<T>) {
    this.#read = read;
  }

  /** Takes note that the records of a document up to a sequence were removed. */
  note(id: number, upTo: number, bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    const before = this.#removed.get(id);
    if (before === undefined && this.#removed.size >= MAX_DOCUMENTS) return;
    this.#removed.set(id, { bytes: (before?.bytes ?? 0) + bytes, upTo });
    this.#bytes += bytes;
    clearTimeout(this.#timer);
    if (this.#bytes >= RECLAIM_BYTES) void this.run();
    else if (this.#bytes >= RECLAIM_WHEN_QUIET_BYTES) this.#timer = setTimeout(() => void this.run(), QUIET_MS).unref();
  }

  /** Clears away what is known to be removed; resolves when that is over, whether it succeeded or not. */
  run(): Promise<void> {
    this.#running ??= this.#reclaim().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Waits for what runs, clears away what is worth it, and begins nothing more. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#bytes >= RECLAIM_ON_CLOSE_BYTES) await this.run();
    this.#isClosed = true;
  }

  async #reclaim(): Promise<void> {
    const documents = [...this.#removed];
    this.#removed.clear();
    this.#bytes = 0;
    for (const [id, { upTo }] of documents) {
      if (this.#isClosed) return;
      const range = { gte: logRange(id).gte, lt: logRange(id, upTo + 1).gte };
      await this.#read((db) => compactRange(db, range)).catch(() => {}); // all that is lost is room
    }
  }
}

/** In Node, `level` is `classic-level`, which has this; the type it shares with browsers has not. */
function compactRange(db: LevelDatabase, { gte, lt }: KeyRange): Promise<void> {
  return (db as unknown as { compactRange(start: Uint8Array, end: Uint8Array): Promise<void> }).compactRange(gte, lt);
}

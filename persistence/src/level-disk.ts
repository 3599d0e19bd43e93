import { randomUUID } from 'node:crypto';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadwaterError } from '@headwater/protocol';
import { claimDirectory } from './directory-claims.ts';
import { META_KEYS } from './level-keys.ts';
import { encodeMeta, readMeta, type StoreMeta } from './level-meta.ts';
import { type LevelDatabase, type Operation, openingError, openLevel, prepareDirectory } from './level-open.ts';
import type { ResolvedLevelStoreOptions } from './level-options.ts';
import { LogSync } from './log-sync.ts';

/** What a reopening found. */
export interface Reopened {
  readonly meta: StoreMeta;
  /** Another process had the store open in between: what this one remembers of it may be wrong. */
  readonly wasTakenOver: boolean;
}

/** The disk as the commit queue needs it: the seam where tests make it fail. */
export interface StoreDisk {
  /** Hands one atomic batch to the operating system. One call at a time. */
  write(operations: readonly Operation[]): Promise<void>;
  /**
   * Writes one atomic batch and makes it durable, in one go. Only when everything written before is durable, and nothing
   * else is under way.
   */
  writeDurably(operations: readonly Operation[]): Promise<void>;
  /** Makes every batch durable whose write has returned. One call at a time. */
  sync(): Promise<void>;
  /**
   * Closes and opens LevelDB again, which drops a torn last record. Does nothing but throw while the disk would not
   * take `neededBytes`, so that reads keep working on a full disk.
   */
  reopen(neededBytes: number): Promise<Reopened>;
  /**
   * Runs `work` on an open database.
   *
   * @throws HW_STORE_UNAVAILABLE, HW_STORE_CLOSED
   */
  read<T>(work: (db: LevelDatabase) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const PROBE_FILE = 'headwater-probe.tmp';

/** Room for a manifest and a new log next to what is known to be needed. */
const PROBE_SLACK_BYTES = 64 * 1024;

/** A directory with a LevelDB in it, open but for the moments in which it is opened again. */
export class LevelDisk implements StoreDisk {
  readonly directory: string;
  readonly #options: ResolvedLevelStoreOptions;
  readonly #logSync: LogSync;
  readonly #releaseClaim: () => void;
  readonly #storeId: string;
  readonly #owner: string;
  #db: LevelDatabase | undefined;
  #isClosed = false;
  #readers = 0;
  #whenDrained: (() => void) | undefined;

  private constructor(
    directory: string,
    options: ResolvedLevelStoreOptions,
    releaseClaim: () => void,
    opened: { readonly db: LevelDatabase; readonly storeId: string; readonly owner: string },
  ) {
    this.directory = directory;
    this.#options = options;
    this.#releaseClaim = releaseClaim;
    this.#logSync = new LogSync(directory);
    this.#db = opened.db;
    this.#storeId = opened.storeId;
    this.#owner = opened.owner;
  }

  /** @throws HW_STORE_LOCKED, HW_STORE_UNUSABLE, HW_STORE_NEWER_FORMAT, HW_STORE_CORRUPT */
  static async open(
    directory: string,
    options: ResolvedLevelStoreOptions,
  ): Promise<{ readonly disk: LevelDisk; readonly meta: StoreMeta }> {
    const path = await prepareDirectory(directory);
    const releaseClaim = claimDirectory(path);
    try {
      const owner = randomUUID();
      const db = await openLevel(path, options, 'create');
      const meta = await claimDatabase(db, path, owner);
      return { disk: new LevelDisk(path, options, releaseClaim, { db, storeId: meta.storeId, owner }), meta };
    } catch (error) {
      releaseClaim();
      throw error;
    }
  }

  async write(operations: readonly Operation[]): Promise<void> {
    await this.#write(operations, false);
  }

  async writeDurably(operations: readonly Operation[]): Promise<void> {
    await this.#write(operations, true);
    // LevelDB has gone on to a new log, or may have: its own fsync says nothing of the old one, nor of the directory.
    if (!(await this.#logSync.syncOthers())) await this.sync();
  }

  async #write(operations: readonly Operation[], sync: boolean): Promise<void> {
    // A chained batch hands each operation to LevelDB as it is. `db.batch([…])` first makes an object of every one to
    // find out its encodings, sublevel and hooks, which takes ten times as long as the rest: 8 µs instead of 0.7.
    const batch = this.#open().batch();
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value);
      else batch.del(operation.key);
    }
    await batch.write({ sync });
  }

  async sync(): Promise<void> {
    if (await this.#logSync.sync()) return;
    // No log to be seen: LevelDB's own fsync is what is left. It does not cover a log that LevelDB has just finished.
    await this.#open().put(META_KEYS.owner, encodeMeta(this.#owner), { sync: true });
  }

  async reopen(neededBytes: number): Promise<Reopened> {
    if (this.#db !== undefined) {
      await this.#probe(neededBytes);
      await this.#closeDatabase();
    }
    const db = await openLevel(this.directory, this.#options, 'existing');
    const meta = await claimDatabase(db, this.directory, this.#owner);
    if (meta.storeId !== this.#storeId) {
      await db.close();
      throw new HeadwaterError('HW_STORE_UNUSABLE', `another store has appeared in "${this.directory}"`);
    }
    this.#db = db;
    return { meta, wasTakenOver: meta.owner !== this.#owner };
  }

  async read<T>(work: (db: LevelDatabase) => Promise<T>): Promise<T> {
    const db = this.#open();
    this.#readers += 1;
    try {
      return await work(db);
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0) this.#whenDrained?.();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.#closeDatabase();
    } finally {
      this.#releaseClaim();
    }
  }

  #open(): LevelDatabase {
    if (this.#isClosed) throw new HeadwaterError('HW_STORE_CLOSED', 'the store is closed');
    if (this.#db === undefined) {
      throw new HeadwaterError('HW_STORE_UNAVAILABLE', `the store in "${this.directory}" cannot be opened at present`);
    }
    return this.#db;
  }

  async #closeDatabase(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    if (this.#readers > 0) {
      await new Promise<void>((resolve) => {
        this.#whenDrained = resolve;
      });
      this.#whenDrained = undefined;
    }
    // Descriptors of logs that are about to be replaced; an error of theirs has been seen, or does not matter any more.
    await this.#logSync.close().catch(() => {});
    await db?.close();
  }

  /** Recovery turns the logs into a table and begins a new log: whether that would fit is tried with a plain file. */
  async #probe(neededBytes: number): Promise<void> {
    const path = join(this.directory, PROBE_FILE);
    try {
      let bytes = neededBytes + PROBE_SLACK_BYTES;
      for (const name of await readdir(this.directory)) {
        if (name.endsWith('.log')) bytes += await sizeOf(join(this.directory, name));
      }
      // A backlog of any size is written in parts, and a file of this size shows that there is room again.
      const bounded = Math.min(bytes, 4 * this.#options.writeBufferBytes);
      await writeFile(path, new Uint8Array(bounded), { flush: true });
    } finally {
      await rm(path, { force: true });
    }
  }
}

/**
 * Reads the meta records and leaves the name of the new owner, so that a later one is noticed. Its epoch is durable before
 * anything is written in it: no other may be taken for it.
 */
async function claimDatabase(db: LevelDatabase, directory: string, owner: string): Promise<StoreMeta> {
  try {
    const meta = await readMeta(db, directory);
    if (meta.owner === owner) return meta;
    const epoch = meta.epoch + 1;
    await db.batch(
      [
        { type: 'put', key: META_KEYS.owner, value: encodeMeta(owner) },
        { type: 'put', key: META_KEYS.epoch, value: encodeMeta(epoch) },
      ],
      { sync: true },
    );
    return { ...meta, epoch };
  } catch (error) {
    await db.close();
    throw error instanceof HeadwaterError ? error : openingError(directory, error);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0; // it has just become a table
  }
}

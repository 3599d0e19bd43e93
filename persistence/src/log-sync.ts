import { fdatasync, fsync, statSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadwaterError } from '@headwater/protocol';

/** LevelDB's name for a write-ahead log. */
const LOG_FILE = /^\d+\.log$/;

/**
 * A directory's time moves in ticks of its file system, so a file created just after a listing may leave it as it
 * was. A listing is only trusted once it is this much younger than the change before it (git's "racy" index).
 *
 * A time with a fraction of a second comes from a file system with fine ticks: one of the kernel's clock, 10 ms at most.
 * One without may be of a file system that counts in steps of two seconds.
 */
const FINE_TICK_MS = 100;
const COARSE_TICK_MS = 3_000;

interface LogFile {
  readonly handle: FileHandle;
  /** LevelDB has gone on to a newer log, and this one was fsynced after that: it needs no fsync any more. */
  isFinished: boolean;
}

/**
 * Makes what LevelDB has written durable, by fsyncing its logs from outside.
 *
 * Why not `sync: true`. LevelDB (doc/impl.md, `DBImpl::Write` and `MakeRoomForWrite`) runs that fsync inside its
 * writer queue, so nobody writes while it runs; and it fsyncs the log the batch went to, only: when a full memtable
 * made LevelDB go on to a new log before, the old one was closed without an fsync, and a later `sync: true` write says
 * nothing about the records in it.
 *
 * Why this is enough. A write that has returned is, whole, in a `NNNNNN.log` of the directory (`log::Writer` flushes
 * every record to the operating system), or in a table: a log is deleted only after `CompactMemTable` has fsynced its
 * table and the manifest that names it. So after the write: list the logs, fsync each; one that is gone is durable.
 * fsync works on the file, not on the descriptor, so another descriptor of the same process does. A log that is new
 * also needs its directory entry fsynced, which LevelDB leaves to chance.
 */
export class LogSync {
  readonly #directory: string;
  readonly #files = new Map<string, LogFile>();
  #listedAtMs = 0;
  #directoryTimeMs = Number.NaN;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Makes everything durable that LevelDB acknowledged before the call. One call at a time.
   *
   * @returns false when there is no log file to fsync, so nothing is known to be durable
   */
  async sync(): Promise<boolean> {
    // Windows lets nobody else open a file LevelDB writes to.
    if (process.platform === 'win32') return false;
    if (!this.#isListingCurrent()) await this.#list();
    if (this.#files.size === 0) return false;

    // Oldest first, so that what survives a power cut in between has no hole.
    const names = [...this.#files.keys()].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    for (const [index, name] of names.entries()) {
      const file = this.#files.get(name);
      if (file === undefined || file.isFinished) continue;
      await syncFile(file.handle.fd);
      // The listing that showed a newer log is older than this fsync, and LevelDB never goes back.
      file.isFinished = index < names.length - 1;
    }
    return true;
  }

  /**
   * Makes durable what LevelDB's own fsync of a write leaves out: the log before, when the write began a new one, and the new
   * one's directory entry. The newest log is what that fsync was for.
   *
   * @returns false when there is more to do: {@link sync}
   */
  async syncOthers(): Promise<boolean> {
    // On macOS LevelDB's own fsync leaves the bytes in the disk's cache (see syncFile), so it never is enough.
    if (process.platform === 'win32' || process.platform === 'darwin') return false;
    if (this.isUpToDate) return true;
    await this.#list();
    const names = [...this.#files.keys()].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    for (const name of names.slice(0, -1)) {
      const file = this.#files.get(name);
      if (file === undefined || file.isFinished) continue;
      await syncFile(file.handle.fd);
      file.isFinished = true;
    }
    return names.length > 0;
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    this.#directoryTimeMs = Number.NaN;
    await Promise.all(files.map(({ handle }) => handle.close()));
  }

  /** Whether LevelDB writes to the logs that were fsynced last, and to no other. Of a directory never seen it is false. */
  get isUpToDate(): boolean {
    return this.#files.size > 0 && this.#isListingCurrent();
  }

  /**
   * One `stat` instead of a listing: a big store has thousands of tables, and makes a new file only now and then.
   * Synchronous, because the kernel always has the answer at hand (3 µs), and a trip to the thread pool would double
   * the time of a fast fsync.
   */
  #isListingCurrent(): boolean {
    if (Number.isNaN(this.#directoryTimeMs)) return false;
    const { mtimeMs } = statSync(this.#directory);
    return (
      mtimeMs === this.#directoryTimeMs &&
      this.#listedAtMs - mtimeMs > (mtimeMs % 1000 === 0 ? COARSE_TICK_MS : FINE_TICK_MS)
    );
  }

  async #list(): Promise<void> {
    // The time from before the listing: what changes in between is seen as a change next time.
    this.#directoryTimeMs = statSync(this.#directory).mtimeMs;
    this.#listedAtMs = Date.now();
    const names = new Set((await readdir(this.#directory)).filter((name) => LOG_FILE.test(name)));

    for (const [name, { handle }] of this.#files) {
      if (names.has(name)) continue;
      this.#files.delete(name);
      await handle.close();
    }
    let isNew = false;
    for (const name of names) {
      if (this.#files.has(name)) continue;
      const handle = await openIfPresent(join(this.#directory, name));
      if (handle === undefined) continue; // it became a table meanwhile
      this.#files.set(name, { handle, isFinished: false });
      isNew = true;
    }
    if (isNew) await syncDirectory(this.#directory);
  }
}

/** macOS answers fdatasync before the bytes are safe; Node's fsync asks for F_FULLFSYNC there. */
function syncFile(fd: number): Promise<void> {
  const sync = process.platform === 'darwin' ? fsync : fdatasync;
  return new Promise((resolve, reject) => {
    sync(fd, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (cause) {
    throw new HeadwaterError('HW_STORE_WRITE_FAILED', `cannot fsync the directory "${path}"`, { cause });
  } finally {
    await handle.close();
  }
}

import { HeadwaterError } from '@headwater/protocol';

const claimed = new Set<string>();

/**
 * Keeps one process from opening a directory twice.
 *
 * LevelDB refuses that too, but too late: it opens and closes the `LOCK` file to find out, and POSIX drops all
 * `fcntl` locks of a process on a file when any of its descriptors for it is closed. The second, refused attempt would
 * silently unlock the store for other processes.
 *
 * @param directory - its real path
 * @returns gives the directory back
 * @throws HW_STORE_LOCKED
 */
export function claimDirectory(directory: string): () => void {
  if (claimed.has(directory)) {
    throw new HeadwaterError('HW_STORE_LOCKED', `"${directory}" is already open in this process`);
  }
  claimed.add(directory);
  return () => claimed.delete(directory);
}

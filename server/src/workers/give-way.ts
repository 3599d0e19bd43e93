import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets the event loop come first: what a worker thread does has time, and where there are fewer cores than threads it would
 * take every other slice of the one that answers people.
 *
 * Linux only (`setpriority(2)`: there a priority belongs to a thread, whose number `/proc/thread-self` ends in). Elsewhere,
 * and where it is not allowed, threads are equals, as they always were.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // No /proc, or no right to it: nothing depends on it.
  }
}

import { readFileSync, writeFileSync } from 'node:fs';

/** `USER_HZ`, which Linux fixes at 100 for everything it shows in `/proc`. */
const TICKS_PER_SECOND = 100;

/** What the kernel knows of a process at one moment. */
export interface ProcessSample {
  /** User and system time of all its threads, also of those that ended; a step is 10 ms. */
  readonly cpuMs: number;
  /** Resident memory, its part that is no file's, and the highest it ever was. */
  readonly rssBytes: number;
  readonly anonymousBytes: number;
  readonly peakRssBytes: number;
}

/**
 * Asks the kernel rather than the process: it answers for a server under full load, includes worker threads, and costs
 * the server nothing.
 */
export function sampleProcess(pid: number): ProcessSample {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may contain anything
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return {
    cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND,
    rssBytes: kilobytes(status, 'VmRSS'),
    anonymousBytes: kilobytes(status, 'RssAnon'),
    peakRssBytes: kilobytes(status, 'VmHWM'),
  };
}

/** Makes `peakRssBytes` start again from now. */
export function resetPeakRss(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function kilobytes(status: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status);
  if (!found) throw new Error(`no ${field} in /proc status: is the process gone?`);
  return Number(found[1]) * 1024;
}

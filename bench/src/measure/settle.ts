import { sampleProcess } from './process-sample.ts';

const POLL_MS = 250;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until a process has done next to nothing for a second, so that nobody is charged for work left over from the
 * preparation: a write, a compaction, a garbage collection.
 */
export async function untilQuiet(pid: number, atMostMs = 30_000): Promise<void> {
  const until = performance.now() + atMostMs;
  let quietPolls = 0;
  let { cpuMs } = sampleProcess(pid);
  while (quietPolls < 4 && performance.now() < until) {
    await pause(POLL_MS);
    const now = sampleProcess(pid).cpuMs;
    quietPolls = now - cpuMs <= 10 ? quietPolls + 1 : 0;
    cpuMs = now;
  }
}

/** Waits until resident memory has moved by less than one percent for three seconds; returns it. */
export async function settledRss(pid: number, atMostMs: number): Promise<number> {
  const until = performance.now() + atMostMs;
  const recent: number[] = [sampleProcess(pid).rssBytes];
  while (performance.now() < until) {
    await pause(POLL_MS);
    recent.push(sampleProcess(pid).rssBytes);
    if (recent.length > 12) recent.shift();
    if (recent.length === 12 && Math.max(...recent) - Math.min(...recent) < 0.01 * Math.max(...recent)) break;
  }
  return recent.at(-1) ?? Number.NaN;
}

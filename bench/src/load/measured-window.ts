import { sampleProcess } from '../measure/process-sample.ts';
import type { Percentiles } from '../measure/statistics.ts';
import type { Fleet } from './fleet.ts';

/** What there is to say of a window, whatever the load was. */
export interface WindowResult {
  readonly wallMs: number;
  /** In the window. */
  readonly sent: number;
  readonly delivered: number;
  /** Of each process that was asked about, in the window. */
  readonly cpuMs: readonly number[];
  /** Of each, when the window ended. */
  readonly rssBytes: readonly number[];
  readonly loadCpuMs: number;
  /** Of updates sent in the window, whenever they arrived. */
  readonly latencyMs: Percentiles;
  /** Over the whole run, after the drain: what never arrived, what came out of order, who was disconnected. */
  readonly missing: number;
  readonly gaps: number;
  readonly lost: number;
}

/** Lets a fleet work for a window, waits until everything has arrived, and closes it. */
export async function measureWindow(
  fleet: Fleet,
  pids: readonly number[],
  drainTimeoutMs: number,
  work: () => Promise<void>,
): Promise<WindowResult> {
  const from = moment(pids, fleet);
  fleet.board.measure(from.atMs, Number.POSITIVE_INFINITY);
  await work();
  const to = moment(pids, fleet);
  await fleet.drain(drainTimeoutMs);
  const result: WindowResult = {
    wallMs: to.atMs - from.atMs,
    sent: to.sent - from.sent,
    delivered: to.delivered - from.delivered,
    cpuMs: to.processes.map(({ cpuMs }, i) => cpuMs - (from.processes[i]?.cpuMs ?? Number.NaN)),
    rssBytes: to.processes.map(({ rssBytes }) => rssBytes),
    loadCpuMs: to.loadCpuMs - from.loadCpuMs,
    latencyMs: fleet.board.latencies(),
    missing: fleet.expected - fleet.board.delivered,
    gaps: fleet.board.gaps,
    lost: fleet.lost,
  };
  await fleet.close();
  return result;
}

/** Everything that counts, read in one go, so that CPU and deliveries belong to the same window. */
function moment(pids: readonly number[], fleet: Fleet) {
  const { user, system } = process.cpuUsage();
  return {
    processes: pids.map(sampleProcess),
    loadCpuMs: (user + system) / 1000,
    sent: fleet.sent,
    delivered: fleet.board.delivered,
    atMs: performance.now(),
  };
}

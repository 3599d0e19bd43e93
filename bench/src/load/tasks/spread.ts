import { sampleProcess } from '../../measure/process-sample.ts';
import { type Percentiles, percentiles } from '../../measure/statistics.ts';
import { Fleet } from '../fleet.ts';
import { sendAtRate } from '../schedule.ts';
import { OwnWords } from '../typing.ts';

/** One writer in each of many documents, and readers who may be at other instances. */
export interface SpreadTask {
  readonly kind: 'spread';
  /** Where the clients of each document connect: the writer first. */
  readonly ports: readonly number[];
  readonly paths: readonly string[];
  /** The processes whose CPU time counts. */
  readonly pids: readonly number[];
  /** Over all documents, which take turns. */
  readonly ratePerSecond: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly drainTimeoutMs: number;
  readonly firstClientId: number;
}

export interface SpreadResult {
  readonly wallMs: number;
  /** In the window. */
  readonly sent: number;
  readonly delivered: number;
  /** Of each process. */
  readonly cpuMs: readonly number[];
  readonly loadCpuMs: number;
  /** From the writer to everybody else, of updates sent in the window. */
  readonly latencyMs: Percentiles;
  readonly lateMs: Percentiles;
  readonly missing: number;
  readonly lost: number;
}

export async function runSpread(task: SpreadTask): Promise<SpreadResult> {
  const { paths, ports, pids } = task;
  const fleet = await Fleet.open({
    ports,
    paths,
    clientsPerDocument: ports.length,
    writersPerDocument: 1,
    latencyReceivers: Number.POSITIVE_INFINITY,
    onlyOthersMeasure: true,
    firstClientId: task.firstClientId,
    typist: new OwnWords(),
  });
  const total = Math.round((task.ratePerSecond * (task.warmupMs + task.windowMs)) / 1000);
  const prepared = Array.from({ length: total + 2 }, (_, i) => fleet.prepare(i % paths.length));
  const late: number[] = [];
  let next = 0;
  const sendNext = (): void => {
    fleet.send(next % paths.length, prepared[next] as Buffer, Math.floor(next / paths.length));
    next++;
  };
  const moment = () => {
    const { user, system } = process.cpuUsage();
    return {
      cpuMs: pids.map((pid) => sampleProcess(pid).cpuMs),
      loadCpuMs: (user + system) / 1000,
      sent: fleet.sent,
      delivered: fleet.board.delivered,
      atMs: performance.now(),
    };
  };

  await sendAtRate(task.ratePerSecond, task.warmupMs, sendNext);
  const from = moment();
  fleet.board.measure(from.atMs, Number.POSITIVE_INFINITY);
  await sendAtRate(task.ratePerSecond, task.windowMs, sendNext, (lateMs) => late.push(lateMs));
  const to = moment();
  await fleet.drain(task.drainTimeoutMs);

  const result: SpreadResult = {
    wallMs: to.atMs - from.atMs,
    sent: to.sent - from.sent,
    delivered: to.delivered - from.delivered,
    cpuMs: to.cpuMs.map((cpuMs, i) => cpuMs - (from.cpuMs[i] ?? 0)),
    loadCpuMs: to.loadCpuMs - from.loadCpuMs,
    latencyMs: fleet.board.latencies(),
    lateMs: percentiles(late),
    missing: fleet.expected - fleet.board.delivered,
    lost: fleet.lost,
  };
  await fleet.close();
  return result;
}

import { readFileSync } from 'node:fs';
import { type ProcessSample, sampleProcess } from '../../measure/process-sample.ts';
import { type Percentiles, percentiles } from '../../measure/statistics.ts';
import { Fleet } from '../fleet.ts';
import { sendAtRate } from '../schedule.ts';
import { type Gap, OwnWords, RandomPlaces, seededRandom, type Typist } from '../typing.ts';

/** Writers type at a fixed rate; everybody receives. */
export interface TrafficTask {
  readonly kind: 'traffic';
  readonly port: number;
  readonly serverPid: number;
  readonly path: string;
  readonly clients: number;
  readonly writers: number;
  readonly ratePerSecond: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly drainTimeoutMs: number;
  readonly latencyReceivers: number;
  readonly firstClientId: number;
  /** JSON file of the gaps to type into at random; without it writers type on at their own end. */
  readonly gapsFile?: string | undefined;
}

export interface TrafficResult {
  readonly wallMs: number;
  /** In the window. */
  readonly sent: number;
  readonly delivered: number;
  readonly serverCpuMs: number;
  readonly loadCpuMs: number;
  readonly serverRssBytes: number;
  /** Of updates sent in the window, whenever they arrived. */
  readonly latencyMs: Percentiles;
  /** How far the generator itself was behind its schedule. */
  readonly lateMs: Percentiles;
  /** Over the whole run, after the drain: what never arrived, what came out of order, who was disconnected. */
  readonly missing: number;
  readonly gaps: number;
  readonly lost: number;
}

/** The typist a task asks for. */
export function typistOf(gapsFile: string | undefined): Typist {
  if (gapsFile === undefined) return new OwnWords();
  return new RandomPlaces(JSON.parse(readFileSync(gapsFile, 'utf8')) as Gap[], seededRandom(1));
}

export async function runTraffic(task: TrafficTask): Promise<TrafficResult> {
  const fleet = await Fleet.open({
    ports: [task.port],
    paths: [task.path],
    clientsPerDocument: task.clients,
    writersPerDocument: task.writers,
    latencyReceivers: task.latencyReceivers,
    firstClientId: task.firstClientId,
    typist: typistOf(task.gapsFile),
  });
  const total = Math.round((task.ratePerSecond * (task.warmupMs + task.windowMs)) / 1000);
  const prepared = Array.from({ length: total + 2 }, (_, i) => fleet.prepare(i % task.writers));
  const late: number[] = [];
  let next = 0;
  const sendNext = (): void => {
    const frames = prepared[next] as Buffer;
    fleet.send(next % task.writers, frames, Math.floor(next / task.writers));
    next++;
  };

  await sendAtRate(task.ratePerSecond, task.warmupMs, sendNext);
  const from = moment(task.serverPid, fleet);
  fleet.board.measure(from.atMs, Number.POSITIVE_INFINITY);
  await sendAtRate(task.ratePerSecond, task.windowMs, sendNext, (lateMs) => late.push(lateMs));
  const to = moment(task.serverPid, fleet);
  await fleet.drain(task.drainTimeoutMs);

  const result: TrafficResult = {
    wallMs: to.atMs - from.atMs,
    sent: to.sent - from.sent,
    delivered: to.delivered - from.delivered,
    serverCpuMs: to.server.cpuMs - from.server.cpuMs,
    loadCpuMs: to.loadCpuMs - from.loadCpuMs,
    serverRssBytes: to.server.rssBytes,
    latencyMs: fleet.board.latencies(),
    lateMs: percentiles(late),
    missing: fleet.expected - fleet.board.delivered,
    gaps: fleet.board.gaps,
    lost: fleet.lost,
  };
  await fleet.close();
  return result;
}

interface Moment {
  readonly atMs: number;
  readonly server: ProcessSample;
  readonly loadCpuMs: number;
  readonly sent: number;
  readonly delivered: number;
}

/** Everything that counts, read in one go, so that CPU and deliveries belong to the same window. */
export function moment(serverPid: number, fleet: Fleet): Moment {
  const { user, system } = process.cpuUsage();
  return {
    server: sampleProcess(serverPid),
    loadCpuMs: (user + system) / 1000,
    sent: fleet.sent,
    delivered: fleet.board.delivered,
    atMs: performance.now(),
  };
}

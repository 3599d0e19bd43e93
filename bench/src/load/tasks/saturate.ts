import type { Percentiles } from '../../measure/statistics.ts';
import { Fleet } from '../fleet.ts';
import { pause } from '../schedule.ts';
import { OwnWords } from '../typing.ts';
import { moment } from './traffic.ts';

/** Writers keep a number of updates under way, each acknowledged by its own echo: as fast as the server can. */
export interface SaturateTask {
  readonly kind: 'saturate';
  readonly port: number;
  readonly serverPid: number;
  readonly paths: readonly string[];
  readonly clientsPerDocument: number;
  readonly writersPerDocument: number;
  readonly inFlightPerWriter: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly drainTimeoutMs: number;
  readonly latencyReceivers: number;
  readonly firstClientId: number;
}

export interface SaturateResult {
  readonly wallMs: number;
  readonly sent: number;
  readonly delivered: number;
  readonly serverCpuMs: number;
  readonly loadCpuMs: number;
  readonly serverRssBytes: number;
  readonly latencyMs: Percentiles;
  /** Updates over the whole run, all of which were to arrive. */
  readonly sentInAll: number;
  readonly missing: number;
  readonly gaps: number;
  readonly lost: number;
}

export async function runSaturate(task: SaturateTask): Promise<SaturateResult> {
  let isRunning = true;
  const sentOf: number[] = [];
  const topUp = (writer: number, known: number): void => {
    if (!isRunning) return;
    const sent = sentOf[writer] ?? 0;
    const count = task.inFlightPerWriter - (sent - known);
    if (count <= 0) return;
    sentOf[writer] = sent + count;
    fleet.send(writer, fleet.prepare(writer, count), sent, count);
  };
  const fleet = await Fleet.open({
    ports: [task.port],
    paths: task.paths,
    clientsPerDocument: task.clientsPerDocument,
    writersPerDocument: task.writersPerDocument,
    latencyReceivers: task.latencyReceivers,
    firstClientId: task.firstClientId,
    typist: new OwnWords(),
    onEcho: topUp,
  });
  for (let writer = 0; writer < fleet.writers; writer++) topUp(writer, 0);

  await pause(task.warmupMs);
  const from = moment(task.serverPid, fleet);
  fleet.board.measure(from.atMs, Number.POSITIVE_INFINITY);
  await pause(task.windowMs);
  const to = moment(task.serverPid, fleet);
  isRunning = false;
  await fleet.drain(task.drainTimeoutMs);

  const result: SaturateResult = {
    wallMs: to.atMs - from.atMs,
    sent: to.sent - from.sent,
    delivered: to.delivered - from.delivered,
    serverCpuMs: to.server.cpuMs - from.server.cpuMs,
    loadCpuMs: to.loadCpuMs - from.loadCpuMs,
    serverRssBytes: to.server.rssBytes,
    latencyMs: fleet.board.latencies(),
    sentInAll: fleet.sent,
    missing: fleet.expected - fleet.board.delivered,
    gaps: fleet.board.gaps,
    lost: fleet.lost,
  };
  await fleet.close();
  return result;
}

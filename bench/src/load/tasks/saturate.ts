import type { Dialect } from '../document-address.ts';
import { Fleet } from '../fleet.ts';
import { measureWindow, type WindowResult } from '../measured-window.ts';
import { pause } from '../schedule.ts';

/** Writers keep a number of updates under way, each acknowledged by its own echo: as fast as the server can. */
export interface SaturateTask {
  readonly kind: 'saturate';
  readonly port: number;
  readonly dialect?: Dialect | undefined;
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

export interface SaturateResult extends Omit<WindowResult, 'cpuMs' | 'rssBytes'> {
  readonly serverCpuMs: number;
  readonly serverRssBytes: number;
  /** Updates over the whole run, all of which were to arrive. */
  readonly sentInAll: number;
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
    dialect: task.dialect,
    paths: task.paths,
    clientsPerDocument: task.clientsPerDocument,
    writersPerDocument: task.writersPerDocument,
    latencyReceivers: task.latencyReceivers,
    firstClientId: task.firstClientId,
    onEcho: topUp,
  });
  for (let writer = 0; writer < fleet.writers; writer++) topUp(writer, 0);

  await pause(task.warmupMs);
  const {
    cpuMs: [serverCpuMs = Number.NaN],
    rssBytes: [serverRssBytes = Number.NaN],
    ...result
  } = await measureWindow(fleet, [task.serverPid], task.drainTimeoutMs, async () => {
    await pause(task.windowMs);
    isRunning = false;
  });
  return { ...result, serverCpuMs, serverRssBytes, sentInAll: fleet.sent };
}

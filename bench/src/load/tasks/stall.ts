import { resetPeakRss, sampleProcess } from '../../measure/process-sample.ts';
import { DeliveryBoard } from '../delivery-board.ts';
import { type Dialect, DocumentAddress } from '../document-address.ts';
import { Fleet } from '../fleet.ts';
import { pause } from '../schedule.ts';
import { type SteadyTyping, type SteadyTypingResult, typeSteadily } from '../steady-typing.ts';
import { SyncClient } from '../sync-client.ts';
import { Pictures } from '../typing.ts';

/** Some clients of a busy document stop reading for a while, or do not: what a server spends on them, and what the others feel. */
export interface StallTask extends SteadyTyping {
  readonly kind: 'stall';
  readonly port: number;
  readonly dialect?: Dialect | undefined;
  readonly serverPid: number;
  readonly path: string;
  /** Those who always read, and how many of them write. */
  readonly clients: number;
  readonly writers: number;
  readonly slowClients: number;
  /** Whether they do stop. */
  readonly stops: boolean;
  readonly pictureBytes: number;
  readonly catchUpTimeoutMs: number;
  readonly firstClientId: number;
}

/** Of the others, but for what is said of the slow ones. */
export interface StallResult extends SteadyTypingResult {
  readonly serverCpuMs: number;
  readonly rssBeforeBytes: number;
  /** The highest until the slow ones read again. */
  readonly peakRssBytes: number;
  /** From when they read again until they had everything. */
  readonly catchUpMs: number;
  /** Updates that the slow ones lacked in the end, and how many of them were disconnected. */
  readonly slowMissing: number;
  readonly slowLost: number;
}

/** A catch-up may be one message with everything that was missed. */
const CATCH_UP_BYTES = 256 * 1024 * 1024;
const POLL_MS = 10;

export async function runStall(task: StallTask): Promise<StallResult> {
  const fleet = await Fleet.open({
    ports: [task.port],
    dialect: task.dialect,
    paths: [task.path],
    clientsPerDocument: task.clients,
    writersPerDocument: task.writers,
    latencyReceivers: task.clients,
    firstClientId: task.firstClientId,
    typist: new Pictures(task.pictureBytes),
  });
  // On a board of their own: what they lack is not what the others are waited for.
  const board = new DeliveryBoard({ firstClientId: task.firstClientId, writers: task.writers });
  let slowLost = 0;
  const slow = Array.from({ length: task.slowClients }, () => {
    return new SyncClient({
      port: task.port,
      address: new DocumentAddress(task.path, task.dialect),
      onRuns: board.receiver(false),
      retainBytes: CATCH_UP_BYTES,
      onClose: () => slowLost++,
    });
  });
  await Promise.all(slow.map(({ joined }) => joined));
  if (task.stops) for (const client of slow) client.pause();

  resetPeakRss(task.serverPid);
  const { rssBytes: rssBeforeBytes } = sampleProcess(task.serverPid);
  const others = await typeSteadily(fleet, [task.serverPid], task);
  const { peakRssBytes } = sampleProcess(task.serverPid);

  const resumedAt = performance.now();
  for (const client of slow) client.resume();
  const missing = (): number => fleet.sent * task.slowClients - board.delivered;
  const until = resumedAt + task.catchUpTimeoutMs;
  while (missing() > 0 && slowLost < task.slowClients && performance.now() < until) await pause(POLL_MS);
  const result: StallResult = {
    ...others,
    serverCpuMs: others.cpuMs[0] ?? Number.NaN,
    rssBeforeBytes,
    peakRssBytes,
    catchUpMs: performance.now() - resumedAt,
    slowMissing: missing(),
    slowLost,
  };
  await Promise.all(slow.map((client) => client.close()));
  return result;
}

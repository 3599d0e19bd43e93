import { readFileSync } from 'node:fs';
import { resetPeakRss, sampleProcess } from '../../measure/process-sample.ts';
import { type Percentiles, percentiles } from '../../measure/statistics.ts';
import { type Dialect, DocumentAddress } from '../document-address.ts';
import { syncStep1, syncStep2 } from '../messages.ts';
import { pause } from '../schedule.ts';
import { SyncClient } from '../sync-client.ts';

/** Clients join one document at once, leave, and do so again. */
export interface JoinTask {
  readonly kind: 'join';
  readonly port: number;
  readonly dialect?: Dialect | undefined;
  readonly serverPid: number;
  readonly path: string;
  readonly clients: number;
  readonly repeats: number;
  /** Files with the state vector they send and the update they answer with; without them they know nothing. */
  readonly stateVectorFile?: string | undefined;
  readonly answerFile?: string | undefined;
  /** Waited before the window closes, so that what the server still has to do counts. */
  /** A client only counts as synced when it has received so many bytes, whatever the server says. Default: 0 */
  readonly leastBytes?: number | undefined;
  readonly settleMs: number;
  readonly timeoutMs: number;
}

export interface JoinResult {
  readonly joins: number;
  readonly serverCpuMs: number;
  readonly loadCpuMs: number;
  readonly wallMs: number;
  /** Until a client's SyncStep2 had arrived. */
  readonly joinMs: Percentiles;
  /** Received by the client that received least. */
  readonly leastBytes: number;
  readonly totalBytes: number;
  readonly rssBeforeBytes: number;
  readonly peakRssBytes: number;
}

export async function runJoin(task: JoinTask): Promise<JoinResult> {
  const address = new DocumentAddress(task.path, task.dialect);
  const hello = task.stateVectorFile && address.frame(syncStep1(readFileSync(task.stateVectorFile)));
  const answer = task.answerFile && address.frame(syncStep2(readFileSync(task.answerFile)));
  const joinTimes: number[] = [];
  const bytes: number[] = [];

  resetPeakRss(task.serverPid);
  const before = sampleProcess(task.serverPid);
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  for (let repeat = 0; repeat < task.repeats; repeat++) {
    const clients = Array.from(
      { length: task.clients },
      () =>
        new SyncClient({
          port: task.port,
          address,
          hello: hello || undefined,
          answer: answer || undefined,
          leastBytes: task.leastBytes,
        }),
    );
    await withTimeout(Promise.all(clients.map((client) => client.joined)), task.timeoutMs);
    for (const client of clients) {
      joinTimes.push(client.joinMs ?? Number.NaN);
      bytes.push(client.bytesReceived);
    }
    await Promise.all(clients.map((client) => client.close()));
  }
  await pause(task.settleMs);
  const { user, system } = process.cpuUsage(cpu);
  const after = sampleProcess(task.serverPid);

  return {
    joins: joinTimes.length,
    serverCpuMs: after.cpuMs - before.cpuMs,
    loadCpuMs: (user + system) / 1000,
    wallMs: performance.now() - startedAt,
    joinMs: percentiles(joinTimes),
    leastBytes: Math.min(...bytes),
    totalBytes: bytes.reduce((sum, each) => sum + each, 0),
    rssBeforeBytes: before.rssBytes,
    peakRssBytes: after.peakRssBytes,
  };
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not everyone was synced within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

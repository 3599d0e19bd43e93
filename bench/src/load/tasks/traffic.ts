import { readFileSync } from 'node:fs';
import type { Dialect } from '../document-address.ts';
import { Fleet } from '../fleet.ts';
import { type SteadyTyping, type SteadyTypingResult, typeSteadily } from '../steady-typing.ts';
import type { Traffic } from '../sync-client.ts';
import { type Gap, RandomPlaces, seededRandom, type Typist } from '../typing.ts';

/** Writers type at a fixed rate; everybody receives. */
export interface TrafficTask extends SteadyTyping {
  readonly kind: 'traffic';
  readonly port: number;
  readonly dialect?: Dialect | undefined;
  readonly serverPid: number;
  readonly path: string;
  readonly clients: number;
  readonly writers: number;
  readonly latencyReceivers: number;
  readonly firstClientId: number;
  /** What is sent at that rate. Default: `edits` */
  readonly traffic?: Traffic | undefined;
  /** Whether clients send back what they hear of others' presence. Default: no */
  readonly echoes?: boolean | undefined;
  /** JSON file of the gaps to type into at random; without it writers type on at their own end. */
  readonly gapsFile?: string | undefined;
}

export interface TrafficResult extends Omit<SteadyTypingResult, 'cpuMs' | 'rssBytes'> {
  readonly serverCpuMs: number;
  readonly serverRssBytes: number;
}

/** The typist a task asks for. */
function typistOf(gapsFile: string | undefined): Typist | undefined {
  if (gapsFile === undefined) return undefined;
  return new RandomPlaces(JSON.parse(readFileSync(gapsFile, 'utf8')) as Gap[], seededRandom(1));
}

export async function runTraffic(task: TrafficTask): Promise<TrafficResult> {
  const fleet = await Fleet.open({
    ports: [task.port],
    dialect: task.dialect,
    paths: [task.path],
    clientsPerDocument: task.clients,
    writersPerDocument: task.writers,
    latencyReceivers: task.latencyReceivers,
    firstClientId: task.firstClientId,
    traffic: task.traffic,
    echoes: task.echoes,
    typist: typistOf(task.gapsFile),
  });
  const {
    cpuMs: [serverCpuMs = Number.NaN],
    rssBytes: [serverRssBytes = Number.NaN],
    ...result
  } = await typeSteadily(fleet, [task.serverPid], task);
  return { ...result, serverCpuMs, serverRssBytes };
}

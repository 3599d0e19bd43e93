import type { Dialect } from '../document-address.ts';
import { Fleet } from '../fleet.ts';
import { type SteadyTyping, type SteadyTypingResult, typeSteadily } from '../steady-typing.ts';

/** One writer in each of many documents, and readers who may be at other instances. */
export interface SpreadTask extends SteadyTyping {
  readonly kind: 'spread';
  /** Where the clients of each document connect: the writer first. */
  readonly ports: readonly number[];
  readonly dialect?: Dialect | undefined;
  readonly paths: readonly string[];
  /** The processes whose CPU time counts. */
  readonly pids: readonly number[];
  readonly firstClientId: number;
}

/** Latencies are those from a writer to the others. */
export type SpreadResult = SteadyTypingResult;

export async function runSpread(task: SpreadTask): Promise<SpreadResult> {
  const fleet = await Fleet.open({
    ports: task.ports,
    dialect: task.dialect,
    paths: task.paths,
    clientsPerDocument: task.ports.length,
    writersPerDocument: 1,
    latencyReceivers: Number.POSITIVE_INFINITY,
    onlyOthersMeasure: true,
    firstClientId: task.firstClientId,
  });
  return typeSteadily(fleet, task.pids, task);
}

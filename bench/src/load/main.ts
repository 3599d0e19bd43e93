import { type DayResult, type DayTask, runDay } from './tasks/day.ts';
import { type FloodResult, type FloodTask, runFlood } from './tasks/flood.ts';
import { type HoldResult, type HoldTask, runHold } from './tasks/hold.ts';
import { type JoinResult, type JoinTask, runJoin } from './tasks/join.ts';
import { runSaturate, type SaturateResult, type SaturateTask } from './tasks/saturate.ts';
import { runSpread, type SpreadResult, type SpreadTask } from './tasks/spread.ts';
import { runStall, type StallResult, type StallTask } from './tasks/stall.ts';
import { runTraffic, type TrafficResult, type TrafficTask } from './tasks/traffic.ts';

/** What a load process can be told to do. */
export type LoadTask = TrafficTask | SaturateTask | JoinTask | HoldTask | FloodTask | SpreadTask | DayTask | StallTask;

/** What comes back, by the task's kind. */
export interface LoadResults {
  readonly traffic: TrafficResult;
  readonly saturate: SaturateResult;
  readonly join: JoinResult;
  readonly hold: HoldResult;
  readonly flood: FloodResult;
  readonly spread: SpreadResult;
  readonly day: DayResult;
  readonly stall: StallResult;
}

/** Messages between the harness and a load process, as JSON over the fork's channel. */
export interface LoadRequest {
  readonly id: number;
  readonly task: LoadTask;
}
export type LoadReply =
  | { readonly id: number; readonly result: LoadResults[LoadTask['kind']] }
  | { readonly id: number; readonly error: string };

function run(task: LoadTask): Promise<LoadResults[LoadTask['kind']]> {
  switch (task.kind) {
    case 'traffic':
      return runTraffic(task);
    case 'saturate':
      return runSaturate(task);
    case 'join':
      return runJoin(task);
    case 'hold':
      return runHold(task);
    case 'flood':
      return runFlood(task);
    case 'spread':
      return runSpread(task);
    case 'day':
      return runDay(task);
    case 'stall':
      return runStall(task);
    default:
      return Promise.reject(new Error(`unknown task ${JSON.stringify(task satisfies never)}`));
  }
}

async function serve({ id, task }: LoadRequest): Promise<void> {
  const reply: LoadReply = await run(task).then(
    (result) => ({ id, result }),
    (error: unknown) => ({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  process.send?.(reply);
}

process.on('message', (request) => void serve(request as LoadRequest));
process.on('disconnect', () => process.exit(0)); // the harness is gone: do not go on loading a server nobody measures

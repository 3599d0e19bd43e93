import { type Percentiles, percentiles } from '../measure/statistics.ts';
import type { Fleet } from './fleet.ts';
import { measureWindow, type WindowResult } from './measured-window.ts';
import { sendAtRate } from './schedule.ts';

/** How fast and for how long. */
export interface SteadyTyping {
  /** Over all writers, who take turns. */
  readonly ratePerSecond: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly drainTimeoutMs: number;
}

export interface SteadyTypingResult extends WindowResult {
  /** How far the generator itself was behind its schedule. */
  readonly lateMs: Percentiles;
}

/** Has the writers of a fleet type at a fixed rate, whatever becomes of it, and measures all but the warm-up. */
export async function typeSteadily(
  fleet: Fleet,
  pids: readonly number[],
  { ratePerSecond, warmupMs, windowMs, drainTimeoutMs }: SteadyTyping,
): Promise<SteadyTypingResult> {
  const { writers } = fleet;
  const total = Math.round((ratePerSecond * (warmupMs + windowMs)) / 1000);
  const prepared = Array.from({ length: total + 2 }, (_, i) => fleet.prepare(i % writers));
  const late: number[] = [];
  let next = 0;
  const sendNext = (): void => {
    fleet.send(next % writers, prepared[next] as Buffer, Math.floor(next / writers));
    next++;
  };
  await sendAtRate(ratePerSecond, warmupMs, sendNext);
  const result = await measureWindow(fleet, pids, drainTimeoutMs, () =>
    sendAtRate(ratePerSecond, windowMs, sendNext, (lateMs) => late.push(lateMs)),
  );
  return { ...result, lateMs: percentiles(late) };
}

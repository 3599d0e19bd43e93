import type { TrafficResult } from '../load/tasks/traffic.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';

/** What steady traffic cost the server and the load, and how late it was: the median of the rounds. */
export function trafficColumns(results: readonly TrafficResult[]): Row {
  const of = (value: (result: TrafficResult) => number): number => median(results.map(value));
  return {
    'CPU %': of(({ serverCpuMs, wallMs }) => (serverCpuMs * 100) / wallMs),
    'p50 ms': of(({ latencyMs }) => latencyMs.p50),
    'p95 ms': of(({ latencyMs }) => latencyMs.p95),
    'p99 ms': of(({ latencyMs }) => latencyMs.p99),
    'RSS MB': of(({ serverRssBytes }) => serverRssBytes / 1e6),
    'load CPU %': of(({ loadCpuMs, wallMs }) => (loadCpuMs * 100) / wallMs),
    'load late p99 ms': of(({ lateMs }) => lateMs.p99),
  };
}

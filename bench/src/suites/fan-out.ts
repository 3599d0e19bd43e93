import { CLIENT_IDS } from '../config.ts';
import { wsRelay } from '../contestants/contestants.ts';
import type { TrafficResult } from '../load/tasks/traffic.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { alternate, deliveryProblems, type Entrant, enter, type Suite, withLoad } from './suite.ts';

const cpuPerDelivered = ({ serverCpuMs, delivered }: TrafficResult): number => (serverCpuMs * 1000) / delivered;

/** Equal load: the same edits offered to both, far from what either can bear, or (at the higher rate) not. */
export const fanOut: Suite = {
  name: 'fan-out',
  question: 'What does it cost to bring one edit to one of 500 clients, and how late is it?',
  run: (context) =>
    withLoad(async (load, onEnd) => {
      const { loads, ...settings } = context.config.fanOut;
      const entrants: Entrant[] = [];
      for (const contestant of [context.subject, wsRelay]) {
        const entrant = await enter(context, contestant);
        onEnd(entrant.server);
        entrants.push(entrant);
      }
      const [subject, relay] = entrants as [Entrant, Entrant];
      const rows: Row[] = [];
      const verdicts: Verdict[] = [];
      const samples: unknown[] = [];

      for (const { updatesPerSecond, maxCpuRatio, maxExtraP99Ms } of loads) {
        const results = new Map<Entrant, TrafficResult[]>([
          [subject, []],
          [relay, []],
        ]);
        await alternate(context.config.rounds, entrants, async (entrant, round) => {
          const { server, problems } = entrant;
          context.log(`${server.name}, ${updatesPerSecond} updates/s, round ${round + 1}`);
          const result = await load.run({
            kind: 'traffic',
            port: server.port,
            serverPid: server.pid,
            path: `/fan-out-${updatesPerSecond}-${round}`,
            ratePerSecond: updatesPerSecond,
            firstClientId: CLIENT_IDS.writers,
            ...settings,
          });
          problems.push(...deliveryProblems(result, server.name, round));
          results.get(entrant)?.push(result);
          samples.push({ server: server.name, updatesPerSecond, round, ...result });
        });
        for (const [{ server }, of] of results) rows.push(summary(server.name, updatesPerSecond, of));
        const pairs = (results.get(subject) ?? []).map((mine, round) => [mine, results.get(relay)?.[round]] as const);
        const ratio = (of: (mine: TrafficResult, theirs: TrafficResult) => number): number =>
          median(pairs.map(([mine, theirs]) => (theirs ? of(mine, theirs) : Number.NaN)));
        const voidBecause = [...subject.problems, ...relay.problems];
        verdicts.push({
          what: `CPU per delivered update ÷ relay's, ${updatesPerSecond} updates/s`,
          measured: ratio((mine, theirs) => cpuPerDelivered(mine) / cpuPerDelivered(theirs)),
          comparison: '≤',
          target: maxCpuRatio,
          unit: '×',
          voidBecause,
        });
        verdicts.push({
          what: `p99 latency − relay's, ${updatesPerSecond} updates/s`,
          measured: ratio((mine, theirs) => mine.latencyMs.p99 - theirs.latencyMs.p99),
          comparison: '≤',
          target: maxExtraP99Ms,
          unit: 'ms',
          voidBecause,
        });
      }
      return { rows, verdicts, samples };
    }),
};

function summary(server: string, updatesPerSecond: number, results: readonly TrafficResult[]): Row {
  const of = (value: (result: TrafficResult) => number): number => median(results.map(value));
  return {
    server,
    'offered/s': updatesPerSecond,
    'delivered/s': of(({ delivered, wallMs }) => (delivered * 1000) / wallMs),
    'CPU µs/delivered': of(cpuPerDelivered),
    'CPU %': of(({ serverCpuMs, wallMs }) => (serverCpuMs * 100) / wallMs),
    'p50 ms': of(({ latencyMs }) => latencyMs.p50),
    'p95 ms': of(({ latencyMs }) => latencyMs.p95),
    'p99 ms': of(({ latencyMs }) => latencyMs.p99),
    'RSS MB': of(({ serverRssBytes }) => serverRssBytes / 1e6),
    'load CPU %': of(({ loadCpuMs, wallMs }) => (loadCpuMs * 100) / wallMs),
    'load late p99 ms': of(({ lateMs }) => lateMs.p99),
  };
}

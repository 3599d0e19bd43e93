import { CLIENT_IDS } from '../config.ts';
import { wsRelay } from '../contestants/contestants.ts';
import type { TrafficResult } from '../load/tasks/traffic.ts';
import { median, medianOfRounds } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { alternate, at, deliveryProblems, type Entrant, enter, rivalsIn, type Suite, withLoad } from './suite.ts';
import { trafficColumns } from './traffic-columns.ts';

const cpuPerDelivered = ({ serverCpuMs, delivered }: TrafficResult): number => (serverCpuMs * 1000) / delivered;

/** Equal load: the same edits offered to both, far from what either can bear, or (at the higher rate) not. */
export const fanOut: Suite = {
  name: 'fan-out',
  question: 'What does it cost to bring one edit to one of 500 clients, and how late is it?',
  run: (context) =>
    withLoad(async (load, onEnd) => {
      const { loads, maxRivalCpuRatio, ...settings } = context.config.fanOut;
      const entrants: Entrant[] = [];
      for (const contestant of [context.subject, wsRelay, ...rivalsIn(context, maxRivalCpuRatio)]) {
        const entrant = await enter(context, contestant);
        onEnd(entrant.server);
        entrants.push(entrant);
      }
      const [subject, relay, ...rivals] = entrants as [Entrant, Entrant, ...Entrant[]];
      const rows: Row[] = [];
      const verdicts: Verdict[] = [];
      const samples: unknown[] = [];

      for (const { updatesPerSecond, maxCpuRatio, maxExtraP99Ms } of loads) {
        const results = new Map<Entrant, TrafficResult[]>(entrants.map((entrant) => [entrant, []]));
        await alternate(context.config.rounds, entrants, async (entrant, round) => {
          const { server, problems } = entrant;
          context.log(`${server.name}, ${updatesPerSecond} updates/s, round ${round + 1}`);
          const result = await load.run({
            kind: 'traffic',
            ...at(server),
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
        const resultsOf = (entrant: Entrant): readonly TrafficResult[] => results.get(entrant) ?? [];
        const cpuRatio = (other: Entrant, target: number): Verdict => ({
          what: `CPU per delivered update ÷ ${other.server.name}'s, ${updatesPerSecond} updates/s`,
          measured: medianOfRounds(
            resultsOf(subject),
            resultsOf(other),
            (mine, theirs) => cpuPerDelivered(mine) / cpuPerDelivered(theirs),
          ),
          comparison: '≤',
          target,
          unit: '×',
          voidBecause: [...subject.problems, ...other.problems],
        });
        verdicts.push(cpuRatio(relay, maxCpuRatio), {
          what: `p99 latency − relay's, ${updatesPerSecond} updates/s`,
          measured: medianOfRounds(
            resultsOf(subject),
            resultsOf(relay),
            (mine, theirs) => mine.latencyMs.p99 - theirs.latencyMs.p99,
          ),
          comparison: '≤',
          target: maxExtraP99Ms,
          unit: 'ms',
          voidBecause: [...subject.problems, ...relay.problems],
        });
        for (const rival of rivals) {
          const { name } = rival.server;
          verdicts.push({ ...cpuRatio(rival, maxRivalCpuRatio[name] ?? Number.NaN), rival: name });
        }
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
    ...trafficColumns(results),
  };
}

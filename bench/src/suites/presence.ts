import { CLIENT_IDS } from '../config.ts';
import type { TrafficResult } from '../load/tasks/traffic.ts';
import { median, medianOfRounds } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { alternate, at, deliveryProblems, type Entrant, enter, rivalsIn, type Suite, withLoad } from './suite.ts';
import { trafficColumns } from './traffic-columns.ts';

const cpuPerSecond = ({ serverCpuMs, wallMs }: TrafficResult): number => serverCpuMs / wallMs;

/** Everybody in the room moves the cursor at once, and nobody types. */
export const presence: Suite = {
  name: 'presence',
  question: 'What does it cost that all clients of a document move their cursors, and how late is it?',
  run: (context) =>
    withLoad(async (load, onEnd) => {
      const { crowds, movesPerSecond, maxP99Ms, ...times } = context.config.presence;
      const rows: Row[] = [];
      const verdicts: Verdict[] = [];
      const samples: unknown[] = [];
      for (const { clients, echoes, maxRivalCpuRatio } of crowds) {
        const crowd = `${clients} clients${echoes ? ' that echo' : ''}`;
        const results = new Map<Entrant, TrafficResult[]>();
        for (const contestant of [context.subject, ...rivalsIn(context, maxRivalCpuRatio)]) {
          const entrant = await enter(context, contestant);
          onEnd(entrant.server);
          results.set(entrant, []);
        }
        await alternate(context.config.rounds, [...results.keys()], async ({ server, problems }, round) => {
          context.log(`${server.name}, ${crowd}, round ${round + 1}`);
          const result = await load.run({
            kind: 'traffic',
            traffic: 'presence',
            echoes,
            ...at(server),
            path: `/presence-${clients}-${echoes ? 'echo-' : ''}${round}`,
            clients,
            writers: clients,
            ratePerSecond: clients * movesPerSecond,
            firstClientId: CLIENT_IDS.writers,
            ...times,
          });
          problems.push(...deliveryProblems(result, server.name, round));
          for (const [entrant, of] of results) if (entrant.server === server) of.push(result);
          samples.push({ server: server.name, clients, echoes, round, ...result });
        });

        const [[subject, mine] = [], ...rivals] = [...results];
        if (!subject || !mine) throw new Error('nobody was measured');
        for (const [{ server }, of] of results) rows.push(summary(server.name, clients, echoes, of));
        verdicts.push({
          what: `p99 until a cursor has moved, ${crowd}`,
          measured: median(mine.map(({ latencyMs }) => latencyMs.p99)),
          comparison: '<',
          target: maxP99Ms,
          unit: 'ms',
          voidBecause: subject.problems,
        });
        for (const [rival, theirs] of rivals) {
          verdicts.push({
            what: `CPU ÷ ${rival.server.name}'s, ${crowd}`,
            measured: medianOfRounds(mine, theirs, (one, other) => cpuPerSecond(one) / cpuPerSecond(other)),
            comparison: '≤',
            target: maxRivalCpuRatio[rival.server.name] ?? Number.NaN,
            unit: '×',
            rival: rival.server.name,
            voidBecause: [...subject.problems, ...rival.problems],
          });
        }
      }
      return { rows, verdicts, samples };
    }),
};

function summary(server: string, clients: number, echoes: boolean, results: readonly TrafficResult[]): Row {
  const of = (value: (result: TrafficResult) => number): number => median(results.map(value));
  return {
    server,
    clients,
    echo: echoes ? 'echo' : 'no echo',
    'moves/s': of(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'settled/s': of(({ delivered, wallMs }) => (delivered * 1000) / wallMs),
    ...trafficColumns(results),
  };
}

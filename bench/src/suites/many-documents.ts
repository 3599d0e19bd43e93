import { CLIENT_IDS } from '../config.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { wsRelay } from '../contestants/contestants.ts';
import type { SpreadResult } from '../load/tasks/spread.ts';
import type { TrafficResult } from '../load/tasks/traffic.ts';
import { sampleProcess } from '../measure/process-sample.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median, medianOfRounds } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { alternate, deliveryProblems, enter, rivalsIn, type Suite, type SuiteContext, withLoad } from './suite.ts';
import { trafficColumns } from './traffic-columns.ts';

interface Turn extends TrafficResult {
  readonly bytesPerDocument: number;
}

interface Taker {
  readonly contestant: Contestant;
  readonly turns: Turn[];
  readonly problems: string[];
}

const cpuPerDelivered = ({ serverCpuMs, delivered }: Turn): number => (serverCpuMs * 1000) / delivered;

/** The usual day of an instance: nobody's document is large or crowded, but there are many of them, and each is stored. */
export const manyDocuments: Suite = {
  name: 'many-documents',
  question: 'What does an edit cost in one of 500 small documents with three clients each, and how late is it?',
  run: async (context) => {
    const { maxRelayCpuRatio, maxP99Ms, maxRivalCpuRatio } = context.config.manyDocuments;
    const takers = [context.subject, wsRelay, ...rivalsIn(context, maxRivalCpuRatio)].map(
      (contestant): Taker => ({ contestant, turns: [], problems: [] }),
    );
    const [subject, relay, ...rivals] = takers as [Taker, Taker, ...Taker[]];
    const samples: unknown[] = [];
    await alternate(context.config.rounds, takers, async ({ contestant, turns, problems }, round) => {
      context.log(`${contestant.name}, round ${round + 1}`);
      const turn = await takeTurn(context, contestant, problems, round);
      turns.push(turn);
      samples.push({ server: contestant.name, round, ...turn });
    });

    const cpuRatio = (other: Taker, target: number): Verdict => ({
      what: `CPU per delivered update ÷ ${other.contestant.name}'s`,
      measured: medianOfRounds(
        subject.turns,
        other.turns,
        (mine, theirs) => cpuPerDelivered(mine) / cpuPerDelivered(theirs),
      ),
      comparison: '≤',
      target,
      unit: '×',
      voidBecause: [...subject.problems, ...other.problems],
    });
    return {
      rows: takers.map((taker) => summary(context, taker)),
      verdicts: [
        cpuRatio(relay, maxRelayCpuRatio),
        {
          what: 'p99 latency',
          measured: median(subject.turns.map(({ latencyMs }) => latencyMs.p99)),
          comparison: '≤',
          target: maxP99Ms,
          unit: 'ms',
          voidBecause: subject.problems,
        },
        ...rivals.map((rival) => ({
          ...cpuRatio(rival, maxRivalCpuRatio[rival.contestant.name] ?? Number.NaN),
          rival: rival.contestant.name,
        })),
      ],
      samples,
    };
  },
};

/** A server of its own for every turn: what the documents of the turn before hold would be charged to these. */
const takeTurn = (context: SuiteContext, contestant: Contestant, problems: string[], round: number): Promise<Turn> =>
  withLoad(async (load, onEnd) => {
    const { documents, readers, updatesPerSecond, ...times } = context.config.manyDocuments;
    const entrant = await enter(context, contestant);
    const { server } = entrant;
    onEnd(server);
    await untilQuiet(server.pid);
    const { rssBytes } = sampleProcess(server.pid);
    const result = await load.run({
      kind: 'spread',
      ports: Array.from({ length: 1 + readers }, () => server.port),
      dialect: server.dialect,
      paths: Array.from({ length: documents }, (_, i) => `/small-${i}`),
      pids: [server.pid],
      ratePerSecond: updatesPerSecond,
      firstClientId: CLIENT_IDS.writers,
      ...times,
    });
    problems.push(...entrant.problems, ...deliveryProblems(result, server.name, round));
    const traffic = ofOneServer(result);
    return { ...traffic, bytesPerDocument: (traffic.serverRssBytes - rssBytes) / documents };
  });

function ofOneServer({
  cpuMs: [serverCpuMs = Number.NaN],
  rssBytes: [serverRssBytes = Number.NaN],
  ...result
}: SpreadResult) {
  return { ...result, serverCpuMs, serverRssBytes };
}

function summary(context: SuiteContext, { contestant, turns }: Taker): Row {
  const of = (value: (turn: Turn) => number): number => median(turns.map(value));
  return {
    server: contestant.name,
    documents: context.config.manyDocuments.documents,
    'updates/s': of(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'delivered/s': of(({ delivered, wallMs }) => (delivered * 1000) / wallMs),
    'CPU µs/delivered': of(cpuPerDelivered),
    ...trafficColumns(turns),
    'kB/document': of(({ bytesPerDocument }) => bytesPerDocument / 1000),
  };
}

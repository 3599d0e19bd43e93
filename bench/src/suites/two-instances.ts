import { headwaterInstance } from '../contestants/contestants.ts';
import { type Cluster, RIVAL_CLUSTERS } from '../contestants/rivals.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import { InstancePair, type Measured, type Situation } from './instance-pair.ts';
import type { Suite, SuiteContext } from './suite.ts';

interface Pair {
  readonly name: string;
  readonly results: readonly Measured[];
  readonly problems: readonly string[];
}

const bytesOf = ({ results }: Pair): number => median(results.map(({ redisBytesPerUpdate }) => redisBytesPerUpdate));

/** What `relay` asks of Headwater alone, asked of those who have a Redis between their instances too. */
export const twoInstances: Suite = {
  name: 'two-instances',
  question: 'What does Redis get for one keystroke that two instances share, beside other servers?',
  run: async (context) => {
    const { maxBytesRatio } = context.config.twoInstances;
    const taking = new Set(context.rivals.map(({ project }) => project));
    const clusters = RIVAL_CLUSTERS.filter(
      ({ name, project }) => project && taking.has(project) && name in maxBytesRatio,
    );
    const subject = await measurePair(context, { name: 'headwater', start: headwaterInstance });
    const rivals: Pair[] = [];
    for (const cluster of clusters) rivals.push(await measurePair(context, cluster));
    const pairs = [subject, ...rivals];
    return {
      rows: pairs.map(summary),
      verdicts: rivals.map((rival) => ({
        what: `bytes to Redis per keystroke ÷ ${rival.name}'s`,
        measured: bytesOf(subject) / bytesOf(rival),
        comparison: '≤',
        target: maxBytesRatio[rival.name] ?? Number.NaN,
        unit: '×',
        rival: rival.name,
        voidBecause: [...subject.problems, ...rival.problems],
      })),
      samples: pairs.flatMap(({ name, results }) =>
        results.map((result, round) => ({ server: name, round, ...result })),
      ),
    };
  },
};

async function measurePair(context: SuiteContext, cluster: Cluster): Promise<Pair> {
  const { updatesPerSecond, documents } = context.config.twoInstances;
  const pair = await InstancePair.start(context, (...args) => cluster.start(...args));
  try {
    const results: Measured[] = [];
    for (let round = 0; round < context.config.rounds; round++) {
      const situation: Situation = {
        name: cluster.name,
        places: ['owner', 'other'],
        documentNames: (of) => Array.from({ length: documents }, (_, i) => `shared-${of}-${i}`),
        updatesPerSecond,
      };
      results.push(await pair.measure(context, situation, round));
    }
    return { name: cluster.name, results, problems: pair.problems };
  } finally {
    await pair.close();
  }
}

function summary({ name, results }: Pair): Row {
  const of = (value: (result: Measured) => number): number => median(results.map(value));
  const cpuPerUpdate = (process: number) => of(({ cpuMs, sent }) => ((cpuMs[process] ?? Number.NaN) * 1000) / sent);
  return {
    server: name,
    'updates/s': of(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'p50 ms': of(({ latencyMs }) => latencyMs.p50),
    'p95 ms': of(({ latencyMs }) => latencyMs.p95),
    'p99 ms': of(({ latencyMs }) => latencyMs.p99),
    'CPU µs/update, writer': cpuPerUpdate(0),
    'CPU µs/update, reader': cpuPerUpdate(1),
    'CPU µs/update, Redis': cpuPerUpdate(2),
    'Redis bytes/update': of(({ redisBytesPerUpdate }) => redisBytesPerUpdate),
  };
}

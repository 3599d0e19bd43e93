import { CLIENT_IDS } from '../config.ts';
import type { Contestant } from '../contestants/contestant.ts';
import type { StallResult } from '../load/tasks/stall.ts';
import { untilQuiet } from '../measure/settle.ts';
import type { Row } from '../report/table.ts';
import { at, deliveryProblems, enter, rivalsIn, type Suite, type SuiteContext, withLoad } from './suite.ts';

/** The same minutes of one server twice: everybody reads, and some stop. */
interface Pair {
  readonly name: string;
  readonly reading: StallResult;
  readonly stopped: StallResult;
  readonly problems: readonly string[];
}

const growthOf = ({ peakRssBytes, rssBeforeBytes }: StallResult): number => peakRssBytes - rssBeforeBytes;

/** A laptop goes to sleep, a train enters a tunnel: the socket is open, and nobody reads what comes. */
export const slowConsumer: Suite = {
  name: 'slow-consumer',
  question:
    'What do ten clients of a busy document cost that stop reading, what do the others feel, and do they catch up?',
  run: async (context) => {
    const { slowClients, maxBytesPerSlowClient, maxExtraP99Ms, maxRivalGrowthRatio } = context.config.slowConsumer;
    const subject = await measurePair(context, context.subject);
    const rivals: Pair[] = [];
    for (const rival of rivalsIn(context, maxRivalGrowthRatio)) rivals.push(await measurePair(context, rival));

    const { reading, stopped, problems: voidBecause } = subject;
    return {
      rows: [subject, ...rivals].flatMap(({ name, ...pair }) => [
        summary(context, name, 'read', pair.reading),
        summary(context, name, 'stop', pair.stopped),
      ]),
      verdicts: [
        {
          what: 'highest memory, they stop − they read, for each of them',
          measured: (growthOf(stopped) - growthOf(reading)) / slowClients,
          comparison: '≤',
          target: maxBytesPerSlowClient,
          unit: 'bytes',
          voidBecause,
        },
        {
          what: 'p99 latency of the others, they stop − they read',
          measured: stopped.latencyMs.p99 - reading.latencyMs.p99,
          comparison: '≤',
          target: maxExtraP99Ms,
          unit: 'ms',
          voidBecause,
        },
        {
          what: 'updates that the slow ones lack in the end',
          measured: stopped.slowMissing,
          comparison: '≤',
          target: 0,
          unit: 'updates',
          voidBecause,
        },
        ...rivals.map((rival) => ({
          what: `what memory grows by when they stop ÷ ${rival.name}'s`,
          measured: growthOf(stopped) / growthOf(rival.stopped),
          comparison: '≤' as const,
          target: maxRivalGrowthRatio[rival.name] ?? Number.NaN,
          unit: '×',
          rival: rival.name,
          voidBecause: [...voidBecause, ...rival.problems],
        })),
      ],
      samples: [subject, ...rivals].map(({ name, reading: read, stopped: stop }) => ({ server: name, read, stop })),
    };
  },
};

async function measurePair(context: SuiteContext, contestant: Contestant): Promise<Pair> {
  const problems: string[] = [];
  const reading = await measure(context, contestant, false, problems);
  const stopped = await measure(context, contestant, true, problems);
  return { name: contestant.name, reading, stopped, problems };
}

/** A server of its own for each: memory that was once taken is not given back. */
const measure = (
  context: SuiteContext,
  contestant: Contestant,
  stops: boolean,
  problems: string[],
): Promise<StallResult> =>
  withLoad(async (load, onEnd) => {
    const { updatesPerSecond, ...settings } = context.config.slowConsumer;
    context.log(`${contestant.name}, the slow ones ${stops ? 'stop' : 'read'}`);
    const entrant = await enter(context, contestant);
    const { server } = entrant;
    onEnd(server);
    await untilQuiet(server.pid);
    const result = await load.run({
      kind: 'stall',
      ...at(server),
      path: '/slow-consumer',
      stops,
      ratePerSecond: updatesPerSecond,
      firstClientId: CLIENT_IDS.writers,
      ...settings,
    });
    problems.push(...entrant.problems, ...deliveryProblems(result, server.name, 0));
    return result;
  });

function summary(context: SuiteContext, server: string, what: string, result: StallResult): Row {
  const { pictureBytes, slowClients } = context.config.slowConsumer;
  const { sent, wallMs, latencyMs, rssBeforeBytes } = result;
  return {
    server,
    'the slow ones': what,
    'updates/s': (sent * 1000) / wallMs,
    'MB for each': (sent * pictureBytes) / 1e6,
    'CPU %': (result.serverCpuMs * 100) / wallMs,
    'p50 ms': latencyMs.p50,
    'p95 ms': latencyMs.p95,
    'p99 ms': latencyMs.p99,
    'RSS before MB': rssBeforeBytes / 1e6,
    'peak growth MB': growthOf(result) / 1e6,
    'caught up ms': result.catchUpMs,
    'of the slow ones, lost': result.slowLost,
    lacking: result.slowMissing / slowClients,
    'load CPU %': (result.loadCpuMs * 100) / wallMs,
  };
}

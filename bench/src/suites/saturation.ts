import { CLIENT_IDS } from '../config.ts';
import { batchingRelay, wsRelay } from '../contestants/contestants.ts';
import type { SaturateResult } from '../load/tasks/saturate.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { alternate, at, deliveryProblems, type Entrant, enter, rivalsIn, type Suite, withLoad } from './suite.ts';

const deliveredPerSecond = ({ delivered, wallMs }: SaturateResult): number => (delivered * 1000) / wallMs;
const deliveredPerCpuSecond = ({ delivered, serverCpuMs }: SaturateResult): number => (delivered * 1000) / serverCpuMs;

interface Climber extends Entrant {
  /** The rung it delivered most on. */
  inFlight: number;
  /** One per round, on that rung. */
  readonly results: SaturateResult[];
  /** The first round's climb, by updates in flight. */
  readonly rungs: Map<number, SaturateResult>;
}

/** As much as goes through: more and more updates under way, until no more are delivered. */
export const saturation: Suite = {
  name: 'saturation',
  question: 'How many updates a second can reach 500 clients of one document?',
  run: (context) =>
    withLoad(async (load, onEnd) => {
      const { clients, writers, inFlightPerWriter, warmupMs, windowMs, drainTimeoutMs } = context.config.saturation;
      const { minGrowth, minRelayRatio, minBatchingRatio, minRivalRatio } = context.config.saturation;
      const climbers: Climber[] = [];
      for (const contestant of [context.subject, wsRelay, batchingRelay, ...rivalsIn(context, minRivalRatio)]) {
        const entrant = await enter(context, contestant);
        onEnd(entrant.server);
        climbers.push({ ...entrant, inFlight: 0, results: [], rungs: new Map() });
      }
      const samples: unknown[] = [];
      let runs = 0;
      const measure = async ({ server }: Climber, inFlight: number, round: number) => {
        context.log(`${server.name}, ${inFlight} in flight, round ${round + 1}`);
        const result = await load.run({
          kind: 'saturate',
          ...at(server),
          paths: [`/saturation-${++runs}`],
          clientsPerDocument: clients,
          writersPerDocument: writers,
          inFlightPerWriter: inFlight,
          warmupMs,
          windowMs,
          drainTimeoutMs,
          latencyReceivers: 2,
          firstClientId: CLIENT_IDS.writers,
        });
        samples.push({ server: server.name, inFlightPerWriter: inFlight, round, ...result });
        return result;
      };

      await alternate(context.config.rounds, climbers, async (climber, round) => {
        if (round > 0) {
          climber.results.push(await measure(climber, climber.inFlight, round));
          return;
        }
        let best: SaturateResult | undefined;
        for (const inFlight of inFlightPerWriter) {
          const result = await measure(climber, inFlight, round);
          climber.rungs.set(inFlight, result);
          if (best && deliveredPerSecond(result) < minGrowth * deliveredPerSecond(best)) break;
          best = result;
          climber.inFlight = inFlight;
        }
        if (best) climber.results.push(best);
      });

      for (const { server, problems, results } of climbers) {
        problems.push(...results.flatMap((result, round) => deliveryProblems(result, server.name, round)));
      }
      const [subject, relay, batching, ...rivals] = climbers as [Climber, Climber, Climber, ...Climber[]];
      return {
        rows: climbers.map(summary),
        verdicts: [
          atTheirBest('delivered/s ÷ bare relay', subject, relay, minRelayRatio),
          atTheirBest('delivered/s ÷ batching relay', subject, batching, minBatchingRatio),
          atEqualLoad('delivered/CPU s ÷ batching relay, equally many in flight', subject, batching, minBatchingRatio),
          ...rivals.map((rival) => {
            const { name } = rival.server;
            const target = minRivalRatio[name] ?? Number.NaN;
            return { ...atTheirBest(`delivered/s ÷ ${name}`, subject, rival, target), rival: name };
          }),
        ],
        samples,
      };
    }),
};

function atTheirBest(what: string, subject: Climber, yardstick: Climber, target: number): Verdict {
  const ratios = subject.results.map((mine, round) => {
    const theirs = yardstick.results[round];
    return theirs ? deliveredPerSecond(mine) / deliveredPerSecond(theirs) : Number.NaN;
  });
  return verdict(what, ratios, subject, yardstick, target);
}

/**
 * CPU per update falls with the number of updates that leave together, so it may only be compared where equally many
 * are under way. This one also holds when the load generator, not the server, is what no more goes through.
 */
function atEqualLoad(what: string, subject: Climber, yardstick: Climber, target: number): Verdict {
  const ratios: number[] = [];
  for (const [inFlight, mine] of subject.rungs) {
    const theirs = yardstick.rungs.get(inFlight);
    if (theirs) ratios.push(deliveredPerCpuSecond(mine) / deliveredPerCpuSecond(theirs));
  }
  return verdict(what, ratios, subject, yardstick, target);
}

function verdict(
  what: string,
  ratios: readonly number[],
  subject: Climber,
  yardstick: Climber,
  target: number,
): Verdict {
  const voidBecause = [...subject.problems, ...yardstick.problems];
  return { what, measured: median(ratios), comparison: '≥', target, unit: '×', voidBecause };
}

function summary({ server, inFlight, results }: Climber): Row {
  const of = (value: (result: SaturateResult) => number): number => median(results.map(value));
  const isServerBound = of(({ serverCpuMs, loadCpuMs }) => serverCpuMs - loadCpuMs) >= 0;
  return {
    server: server.name,
    'in flight/writer': inFlight,
    'updates/s': of(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'delivered/s': of(deliveredPerSecond),
    'delivered/CPU s': of(deliveredPerCpuSecond),
    'CPU %': of(({ serverCpuMs, wallMs }) => (serverCpuMs * 100) / wallMs),
    'p50 ms': of(({ latencyMs }) => latencyMs.p50),
    'p95 ms': of(({ latencyMs }) => latencyMs.p95),
    'p99 ms': of(({ latencyMs }) => latencyMs.p99),
    'RSS MB': of(({ serverRssBytes }) => serverRssBytes / 1e6),
    'load CPU %': of(({ loadCpuMs, wallMs }) => (loadCpuMs * 100) / wallMs),
    'busier was': isServerBound ? 'the server' : 'the load',
  };
}

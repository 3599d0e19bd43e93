import { feed } from '../documents/feed.ts';
import { largeDocument } from '../documents/large-document.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { InstancePair, type Measured, type Place, type Situation } from './instance-pair.ts';
import type { Suite } from './suite.ts';

const named = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

const p50 = ({ latencyMs }: Measured): number => latencyMs.p50;

const redisBytes = ({ redisBytesPerUpdate }: Measured): number => redisBytesPerUpdate;

/** Microseconds of Redis for each update. */
const redisCpu = ({ cpuMs, sent }: Measured): number => ((cpuMs[2] ?? Number.NaN) * 1000) / sent;

/** What it costs that a document is open at two instances, and what two deliver. */
export const relay: Suite = {
  name: 'relay',
  question: 'What does it cost to bring an edit to clients of another instance, and how late is it?',
  run: async (context) => {
    const { config } = context;
    const { documents, crowd, openDocuments, updatesPerSecond, crowdUpdatesPerSecond, ...targets } = config.relay;
    const [few, many] = openDocuments;
    const pair = await InstancePair.start(context);
    try {
      const samples: unknown[] = [];
      const results = new Map<string, Measured[]>();
      const turn = async (
        { name, ...situation }: Omit<Situation, 'updatesPerSecond'> & Partial<Situation>,
        round: number,
      ): Promise<void> => {
        const result = await pair.measure(context, { name, updatesPerSecond, ...situation }, round);
        results.set(name, [...(results.get(name) ?? []), result]);
        samples.push({ situation: name, round, ...result });
      };
      const fresh = (what: string) => (round: number) => named(`${what}-${round}`, documents);
      /** As much as an instance can take, nearly: what two deliver is asked at that. */
      const crowded = (place: Place) => ({
        name: `crowd at the ${place}`,
        places: [place, ...Array.from({ length: crowd - 1 }, () => place)] as const,
        updatesPerSecond: crowdUpdatesPerSecond,
      });
      const large = largeDocument(config.largeDocumentBytes);

      await pair.hold(named('open', few));
      for (let round = 0; round < config.rounds; round++) {
        await turn({ name: 'same, at the owner', places: ['owner', 'owner'], documentNames: fresh('a') }, round);
        await turn({ name: 'owner to other', places: ['owner', 'other'], documentNames: fresh('b') }, round);
        await turn({ name: 'same, at the other', places: ['other', 'other'], documentNames: fresh('c') }, round);
        await turn({ name: 'other to owner', places: ['other', 'owner'], documentNames: fresh('d') }, round);
        await turn({ ...crowded('owner'), documentNames: fresh('e') }, round);
        await turn({ ...crowded('other'), documentNames: fresh('f') }, round);
        const largeName = `large-${round}`;
        await feed(pair.servers.owner, largeName, [large.state]);
        await turn({ name: 'large document', places: ['other', 'owner'], documentNames: () => [largeName] }, round);
      }
      await pair.hold(named('more', many - few));
      for (let round = 0; round < config.rounds; round++) {
        await turn({ name: `${many} open`, places: ['owner', 'other'], documentNames: fresh('g') }, round);
      }

      const of = (name: string, value: (result: Measured) => number): number =>
        median((results.get(name) ?? []).map(value));
      /** Milliseconds of the owner or of the other one for each update that is delivered. */
      const cost = (name: string, process: 0 | 1): number =>
        of(name, ({ delivered, cpuMs }) => (cpuMs[process] ?? Number.NaN) / delivered);
      const verdict = (
        what: string,
        measured: number,
        comparison: Verdict['comparison'],
        target: number,
        unit: string,
      ): Verdict => ({ what, measured, comparison, target, unit, voidBecause: pair.problems });
      // What the other one delivers costs the owner, too: it stores it. Both work until one of them has no time left.
      const scale = scaleOf(
        cost('crowd at the owner', 0),
        cost('crowd at the other', 1),
        cost('crowd at the other', 0),
      );
      return {
        rows: [...results].map(([name, all]) => summary(name, all)),
        verdicts: [
          verdict(
            'added p50, owner to other',
            of('owner to other', p50) - of('same, at the owner', p50),
            '<',
            targets.maxAddedMs,
            'ms',
          ),
          verdict(
            'added p50, other to owner',
            of('other to owner', p50) - of('same, at the other', p50),
            '<',
            targets.maxAddedMs,
            'ms',
          ),
          verdict(
            `p50, ${many} ÷ ${few} open documents`,
            of(`${many} open`, p50) / of('owner to other', p50),
            '≤',
            targets.maxGrowth,
            '×',
          ),
          verdict(
            `CPU of Redis per update, ${many} ÷ ${few} open documents`,
            of(`${many} open`, redisCpu) / of('owner to other', redisCpu),
            '≤',
            targets.maxGrowth,
            '×',
          ),
          verdict(
            'bytes to Redis per keystroke, the most of all rows',
            Math.max(...[...results.keys()].map((name) => of(name, redisBytes))),
            '<',
            targets.maxBytesPerUpdate,
            'bytes',
          ),
          verdict('what two deliver ÷ what one delivers', scale, '≥', targets.minScale, '×'),
        ],
        samples,
      };
    } finally {
      await pair.close();
    }
  },
};

/**
 * What an owner and another instance deliver together by the time the first of them has no CPU left, by what the owner delivers
 * alone; of costs per delivered update.
 *
 * @param own - of the owner, of its own clients' updates
 * @param other - of the other one
 * @param ownerPerOther - of the owner, of an update that the other one delivers: it stores that
 */
export function scaleOf(own: number, other: number, ownerPerOther: number): number {
  const byOther = Math.min(1 / other, 1 / ownerPerOther);
  const byOwner = (1 - byOther * ownerPerOther) / own;
  return (byOther + byOwner) * own;
}

function summary(situation: string, results: readonly Measured[]): Row {
  const of = (value: (result: Measured) => number): number => median(results.map(value));
  return {
    situation,
    'updates/s': of(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'delivered/s': of(({ delivered, wallMs }) => (delivered * 1000) / wallMs),
    'p50 ms': of(({ latencyMs }) => latencyMs.p50),
    'p95 ms': of(({ latencyMs }) => latencyMs.p95),
    'p99 ms': of(({ latencyMs }) => latencyMs.p99),
    'owner CPU %': of(({ cpuMs, wallMs }) => ((cpuMs[0] ?? Number.NaN) * 100) / wallMs),
    'other CPU %': of(({ cpuMs, wallMs }) => ((cpuMs[1] ?? Number.NaN) * 100) / wallMs),
    'Redis CPU µs/update': of(redisCpu),
    'Redis bytes/update': of(redisBytes),
    'load CPU %': of(({ loadCpuMs, wallMs }) => (loadCpuMs * 100) / wallMs),
  };
}

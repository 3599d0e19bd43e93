import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_IDS } from '../config.ts';
import { largeDocument } from '../documents/large-document.ts';
import type { TrafficResult } from '../load/tasks/traffic.ts';
import { encodeInsert, gapsOfSentence } from '../load/typing.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median, medianOfRounds } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import { enterWith } from './prepared-document.ts';
import { alternate, deliveryProblems, type Suite, withLoad } from './suite.ts';

const cpuPerUpdate = ({ serverCpuMs, sent }: TrafficResult): number => (serverCpuMs * 1000) / sent;

interface Ground {
  readonly name: string;
  readonly encodedBytes: number;
  readonly updates: readonly Uint8Array[];
  readonly gapsFile: string;
  readonly results: TrafficResult[];
}

/** The same typing at random places, into documents of several sizes and into one that holds a sentence. */
export const growth: Suite = {
  name: 'growth',
  question: 'Does an edit cost more when the document is large?',
  run: (context) =>
    withLoad(async (load) => {
      const { documentBytes, clients, writers, updatesPerSecond, places, sentenceLength, maxCpuRatio, ...times } =
        context.config.growth;
      const ground = (name: string, encodedBytes: number, updates: readonly Uint8Array[], gaps: unknown): Ground => {
        const gapsFile = join(context.workDirectory, `${name}-gaps.json`);
        writeFileSync(gapsFile, JSON.stringify(gaps));
        return { name, encodedBytes, updates, gapsFile, results: [] };
      };
      const edge = { left: undefined, right: undefined };
      const sentence = encodeInsert({ client: CLIENT_IDS.document, clock: 0 }, edge, 'x'.repeat(sentenceLength));
      const large = documentBytes.map((bytes) => {
        const document = largeDocument(bytes);
        return ground(`${bytes / 1e6} MB`, document.state.length, document.updates, document.gaps(places));
      });
      const empty = ground('empty', sentence.length, [sentence], gapsOfSentence(CLIENT_IDS.document, sentenceLength));
      const problems: string[] = [];
      const samples: unknown[] = [];

      await alternate(context.config.rounds, [...large, empty], async ({ name, updates, gapsFile, results }, round) => {
        context.log(`${name} document, round ${round + 1}`);
        // A server of its own for every turn: what it still has to do for the document before would be charged to this one.
        const documentName = `growth-${name.replace(' ', '-')}`;
        const entrant = await enterWith(context, [documentName], updates);
        await using server = entrant.server;
        problems.push(...entrant.problems);
        // Opening it may start a compaction of what was taken in, which is no edit's fault.
        await load.run({ kind: 'hold', port: server.port, paths: [`/${documentName}`] });
        await untilQuiet(server.pid);
        const result = await load.run({
          kind: 'traffic',
          port: server.port,
          serverPid: server.pid,
          path: `/${documentName}`,
          clients,
          writers,
          ratePerSecond: updatesPerSecond,
          latencyReceivers: clients,
          firstClientId: CLIENT_IDS.writers,
          gapsFile,
          ...times,
        });
        problems.push(...deliveryProblems(result, name, round));
        results.push(result);
        samples.push({ server: server.name, document: name, round, ...result });
      });

      return {
        rows: [empty, ...large].map(summary),
        verdicts: large.map(({ name, results }) => ({
          what: `CPU per update, ${name} ÷ empty document`,
          measured: medianOfRounds(results, empty.results, (one, other) => cpuPerUpdate(one) / cpuPerUpdate(other)),
          comparison: '≤',
          target: maxCpuRatio,
          unit: '×',
          voidBecause: problems,
        })),
        samples,
      };
    }),
};

function summary({ name, encodedBytes, results }: Ground): Row {
  const of = (value: (result: TrafficResult) => number): number => median(results.map(value));
  return {
    document: name,
    'encoded kB': encodedBytes / 1000,
    'updates/s': of(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'CPU µs/update': of(cpuPerUpdate),
    'p50 ms': of(({ latencyMs }) => latencyMs.p50),
    'p95 ms': of(({ latencyMs }) => latencyMs.p95),
    'p99 ms': of(({ latencyMs }) => latencyMs.p99),
    'RSS MB': of(({ serverRssBytes }) => serverRssBytes / 1e6),
    'load CPU %': of(({ loadCpuMs, wallMs }) => (loadCpuMs * 100) / wallMs),
  };
}

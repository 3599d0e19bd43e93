import { CLIENT_IDS } from '../config.ts';
import type { RunningServer } from '../contestants/contestant.ts';
import { byteServer } from '../contestants/contestants.ts';
import { feed } from '../documents/feed.ts';
import { largeDocument } from '../documents/large-document.ts';
import type { JoinResult } from '../load/tasks/join.ts';
import { OwnWords } from '../load/typing.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import { enterWith, missingText, toFile } from './prepared-document.ts';
import { stormRivals, verdictsOnRivals } from './rival-storm.ts';
import { alternate, at, newDirectory, type Suite, withLoad } from './suite.ts';

const DOCUMENT = 'join-storm';

/** A class opens its hand-out at nine o'clock, a second after somebody touched it. */
export const joinStorm: Suite = {
  name: 'join-storm',
  question: 'What do 100 clients cost that open one large document at once?',
  run: (context) =>
    withLoad(async (load, onEnd) => {
      const { maxCpuRatio, maxPeakPerDocument, rivalClients, maxRivalCpuRatio, ...storm } = context.config.joinStorm;
      const document = largeDocument(context.config.largeDocumentBytes);
      const { server: subject, problems } = await enterWith(context, [DOCUMENT], [document.state]);
      onEnd(subject);
      const bytes = byteServer(toFile(context, 'join-storm.bin', document.state));
      const yardstick = await bytes.start(newDirectory(context, bytes.name));
      onEnd(yardstick);
      // The one edit no snapshot contains yet, by a client that stays: nobody else keeps the document open between storms.
      await load.run({ kind: 'hold', port: subject.port, paths: [`/${DOCUMENT}`] });
      const lastEdit = new OwnWords().type({ client: CLIENT_IDS.writers, clock: 0 });
      await feed(subject, DOCUMENT, [lastEdit]);
      await untilQuiet(subject.pid);

      const results = new Map<RunningServer, JoinResult[]>([
        [subject, []],
        [yardstick, []],
      ]);
      const samples: unknown[] = [];
      await alternate(context.config.rounds, [subject, yardstick], async (server, round) => {
        context.log(`${server.name}, round ${round + 1}`);
        const result = await load.run({
          kind: 'join',
          ...at(server),
          path: `/${DOCUMENT}`,
          ...storm,
        });
        if (result.leastBytes < document.state.length * 0.9) {
          problems.push(`${server.name} round ${round + 1}: a client was synced after ${result.leastBytes} bytes`);
        }
        results.get(server)?.push(result);
        samples.push({ server: server.name, round, ...result });
        await untilQuiet(server.pid);
      });
      problems.push(...(await missingText(subject, DOCUMENT, document.textLength + 1)));

      const rivals = await stormRivals(context, {
        documentName: DOCUMENT,
        state: document.state,
        lastEdit,
        task: { clients: rivalClients, settleMs: storm.settleMs, timeoutMs: storm.timeoutMs },
        targets: maxRivalCpuRatio,
      });
      for (const { name, result } of rivals) samples.push({ server: name, round: 0, ...result });
      const mine = results.get(subject) ?? [];
      const ratios = mine.map((result, round) => {
        const theirs = results.get(yardstick)?.[round];
        return theirs ? result.serverCpuMs / theirs.serverCpuMs : Number.NaN;
      });
      return {
        rows: [
          ...[...results].map(([server, of]) => summary(server.name, of, document.state.length)),
          ...rivals.map(({ name, result }) => summary(name, [result], document.state.length)),
        ],
        verdicts: [
          {
            what: 'CPU of the storm ÷ byte server',
            measured: median(ratios),
            comparison: '≤',
            target: maxCpuRatio,
            unit: '×',
            voidBecause: problems,
          },
          {
            what: 'peak RSS growth ÷ encoded document',
            measured: Math.max(...mine.map((result) => growthOf(result) / document.state.length)),
            comparison: '<',
            target: maxPeakPerDocument,
            unit: '×',
            voidBecause: problems,
          },
          ...verdictsOnRivals('CPU per join', mine, rivals, maxRivalCpuRatio, problems),
        ],
        samples,
      };
    }),
};

const growthOf = ({ peakRssBytes, rssBeforeBytes }: JoinResult): number => peakRssBytes - rssBeforeBytes;

function summary(server: string, results: readonly JoinResult[], documentBytes: number): Row {
  const of = (value: (result: JoinResult) => number): number => median(results.map(value));
  return {
    server,
    'joins/window': of(({ joins }) => joins),
    'CPU ms/join': of(({ serverCpuMs, joins }) => serverCpuMs / joins),
    'MB/join': of(({ totalBytes, joins }) => totalBytes / joins / 1e6),
    'p50 ms': of(({ joinMs }) => joinMs.p50),
    'p95 ms': of(({ joinMs }) => joinMs.p95),
    'p99 ms': of(({ joinMs }) => joinMs.p99),
    'RSS before MB': of(({ rssBeforeBytes }) => rssBeforeBytes / 1e6),
    'peak growth MB': Math.max(...results.map(growthOf)) / 1e6,
    'document MB': documentBytes / 1e6,
    'load CPU %': of(({ loadCpuMs, wallMs }) => (loadCpuMs * 100) / wallMs),
  };
}

import * as Y from 'yjs';
import { CLIENT_IDS } from '../config.ts';
import type { RunningServer } from '../contestants/contestant.ts';
import { wsRelay } from '../contestants/contestants.ts';
import { feed } from '../documents/feed.ts';
import { largeDocument } from '../documents/large-document.ts';
import type { JoinResult } from '../load/tasks/join.ts';
import { OwnWords } from '../load/typing.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { enterWith, missingText, toFile } from './prepared-document.ts';
import { stormRivals, verdictsOnRivals } from './rival-storm.ts';
import { alternate, at, enter, type Suite, withLoad } from './suite.ts';

const DOCUMENT = 'reconnect-storm';

/** The network was gone for a second: everybody comes back with everything, or with all but the last edit. */
export const reconnectStorm: Suite = {
  name: 'reconnect-storm',
  question: 'What do 100 clients cost that come back to a large document having missed next to nothing?',
  run: (context) =>
    withLoad(async (load, onEnd) => {
      const { maxCpuRatio, rivalClients, maxRivalCpuRatio, ...storm } = context.config.reconnectStorm;
      const document = largeDocument(context.config.largeDocumentBytes);
      const { server: subject, problems } = await enterWith(context, [DOCUMENT], [document.state]);
      onEnd(subject);
      const relay = await enter(context, wsRelay);
      onEnd(relay.server);
      problems.push(...relay.problems);
      const lastEdit = new OwnWords().type({ client: CLIENT_IDS.writers, clock: 0 });
      await load.run({ kind: 'hold', port: subject.port, paths: [`/${DOCUMENT}`] });
      await feed(subject, DOCUMENT, [lastEdit]);
      await untilQuiet(subject.pid);

      const answerFile = toFile(context, 'delete-set.bin', document.deleteSetUpdate);
      const knowsAll = withEdit(document.stateVector, lastEdit);
      const cases = [
        { misses: 'nothing', stateVectorFile: toFile(context, 'knows-all.bin', knowsAll) },
        { misses: 'the last edit', stateVectorFile: toFile(context, 'knows-old.bin', document.stateVector) },
      ] as const;
      const rows: Row[] = [];
      const verdicts: Verdict[] = [];
      const samples: unknown[] = [];
      const join = (server: RunningServer, stateVectorFile: string): Promise<JoinResult> =>
        load.run({ kind: 'join', ...at(server), path: `/${DOCUMENT}`, stateVectorFile, answerFile, ...storm });
      // Servers that have been up for a while are asked: their code is compiled.
      for (const server of [subject, relay.server]) await join(server, cases[0].stateVectorFile);
      for (const { misses, stateVectorFile } of cases) {
        const results = new Map<RunningServer, JoinResult[]>([
          [subject, []],
          [relay.server, []],
        ]);
        await alternate(context.config.rounds, [subject, relay.server], async (server, round) => {
          context.log(`${server.name}, missed ${misses}, round ${round + 1}`);
          const result = await join(server, stateVectorFile);
          results.get(server)?.push(result);
          samples.push({ server: server.name, misses, round, ...result });
        });
        for (const [server, of] of results) rows.push(summary(server.name, misses, of));
        const ratios = (results.get(subject) ?? []).map((mine, round) => {
          const theirs = results.get(relay.server)?.[round];
          return theirs ? mine.serverCpuMs / theirs.serverCpuMs : Number.NaN;
        });
        verdicts.push({
          what: `CPU of reconnecting ÷ relay's, missed ${misses}`,
          measured: median(ratios),
          comparison: '≤',
          target: maxCpuRatio,
          unit: '×',
          voidBecause: problems,
        });
        const rivals = await stormRivals(context, {
          documentName: DOCUMENT,
          state: document.state,
          lastEdit,
          task: { ...storm, clients: rivalClients, stateVectorFile, answerFile },
          targets: maxRivalCpuRatio,
        });
        for (const { name, result } of rivals) {
          rows.push(summary(name, misses, [result]));
          samples.push({ server: name, misses, round: 0, ...result });
        }
        const what = `CPU of a reconnect, missed ${misses},`;
        verdicts.push(...verdictsOnRivals(what, results.get(subject) ?? [], rivals, maxRivalCpuRatio, problems));
      }
      problems.push(...(await missingText(subject, DOCUMENT, document.textLength + 1)));
      return { rows, verdicts, samples };
    }),
};

/** The state vector of a document after one more update. */
function withEdit(stateVector: Uint8Array, update: Uint8Array): Uint8Array {
  return Y.encodeStateVector(new Map([...Y.decodeStateVector(stateVector), ...Y.parseUpdateMeta(update).to]));
}

function summary(server: string, misses: string, results: readonly JoinResult[]): Row {
  const of = (value: (result: JoinResult) => number): number => median(results.map(value));
  return {
    server,
    missed: misses,
    'joins/window': of(({ joins }) => joins),
    'CPU ms/join': of(({ serverCpuMs, joins }) => serverCpuMs / joins),
    'kB/join': of(({ totalBytes, joins }) => totalBytes / joins / 1000),
    'p50 ms': of(({ joinMs }) => joinMs.p50),
    'p95 ms': of(({ joinMs }) => joinMs.p95),
    'p99 ms': of(({ joinMs }) => joinMs.p99),
    'peak growth MB': Math.max(...results.map((each) => each.peakRssBytes - each.rssBeforeBytes)) / 1e6,
    'load CPU %': of(({ loadCpuMs, wallMs }) => (loadCpuMs * 100) / wallMs),
  };
}

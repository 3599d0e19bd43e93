import * as Y from 'yjs';
import type { Contestant } from '../contestants/contestant.ts';
import { largeDocument } from '../documents/large-document.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { JoinResult } from '../load/tasks/join.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { enterWith } from './prepared-document.ts';
import { at, rivalsIn, type Suite, type SuiteContext } from './suite.ts';

interface Opening {
  readonly name: string;
  readonly results: readonly JoinResult[];
  readonly problems: readonly string[];
}

const DOCUMENT = 'cold-open';
const joinMs = ({ results }: Opening): number => median(results.map((result) => result.joinMs.p50));

/** The first person in the morning: nobody has had the document open since the server was started. */
export const coldOpen: Suite = {
  name: 'cold-open',
  question: 'How long does the first client after a restart wait for its document?',
  run: async (context) => {
    const { sizes, maxPerYDoc, maxRivalRatio } = context.config.coldOpen;
    const rows: Row[] = [];
    const verdicts: Verdict[] = [];
    const samples: unknown[] = [];
    for (const { what, bytes } of sizes) {
      const { state } = largeDocument(bytes);
      const yDocMs = median(Array.from({ length: context.config.rounds }, () => millisecondsToLoad(state)));
      const subject = await openCold(context, context.subject, state);
      const rivals: Opening[] = [];
      for (const rival of rivalsIn(context, maxRivalRatio)) rivals.push(await openCold(context, rival, state));

      rows.push({ server: 'Y.applyUpdate alone', document: what, MB: state.length / 1e6, 'synced ms': yDocMs });
      for (const opening of [subject, ...rivals]) {
        rows.push(summary(opening, what, state.length));
        samples.push(...opening.results.map((result, round) => ({ server: opening.name, what, round, ...result })));
      }
      verdicts.push({
        what: `synced after a restart ÷ loading it into a Y.Doc, ${what}`,
        measured: joinMs(subject) / yDocMs,
        comparison: '≤',
        target: maxPerYDoc,
        unit: '×',
        voidBecause: subject.problems,
      });
      for (const rival of rivals) {
        verdicts.push({
          what: `synced after a restart ÷ ${rival.name}'s, ${what}`,
          measured: joinMs(subject) / joinMs(rival),
          comparison: '≤',
          target: maxRivalRatio[rival.name] ?? Number.NaN,
          unit: '×',
          rival: rival.name,
          voidBecause: [...subject.problems, ...rival.problems],
        });
      }
    }
    return { rows, verdicts, samples };
  },
};

function millisecondsToLoad(state: Uint8Array): number {
  const doc = new Y.Doc();
  const startedAt = performance.now();
  Y.applyUpdate(doc, state);
  const wallMs = performance.now() - startedAt;
  doc.destroy();
  return wallMs;
}

/** Restarts a server that has the document, lets one client open it, and again. */
async function openCold(context: SuiteContext, contestant: Contestant, state: Uint8Array): Promise<Opening> {
  const { directory, ...entrant } = await enterWith(context, [DOCUMENT], [state], contestant);
  await entrant.server.close();
  const results: JoinResult[] = [];
  for (let round = 0; round < context.config.rounds; round++) {
    context.log(`${contestant.name}, round ${round + 1}`);
    await using server = await contestant.start(directory);
    await untilQuiet(server.pid);
    await using load = await LoadProcess.open();
    const result = await load.run({
      kind: 'join',
      ...at(server),
      path: `/${DOCUMENT}`,
      clients: 1,
      repeats: 1,
      leastBytes: state.length * 0.9,
      settleMs: 300,
      timeoutMs: 30_000,
    });
    results.push(result);
  }
  return { name: contestant.name, results, problems: entrant.problems };
}

function summary({ name, results }: Opening, what: string, bytes: number): Row {
  const of = (value: (result: JoinResult) => number): number => median(results.map(value));
  return {
    server: name,
    document: what,
    MB: bytes / 1e6,
    'synced ms': of((result) => result.joinMs.p50),
    'CPU ms': of(({ serverCpuMs }) => serverCpuMs),
    'MB received': of(({ totalBytes }) => totalBytes / 1e6),
    'peak growth MB': of(({ peakRssBytes, rssBeforeBytes }) => (peakRssBytes - rssBeforeBytes) / 1e6),
  };
}

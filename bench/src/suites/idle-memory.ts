import type { Contestant } from '../contestants/contestant.ts';
import { wsRelay } from '../contestants/contestants.ts';
import { largeDocument } from '../documents/large-document.ts';
import { LoadProcess } from '../load/load-process.ts';
import { sampleProcess } from '../measure/process-sample.ts';
import { settledRss, untilQuiet } from '../measure/settle.ts';
import type { SuiteReport } from '../report/results.ts';
import type { Row } from '../report/table.ts';
import { enterWith } from './prepared-document.ts';
import { at, enter, rivalsIn, type Suite, type SuiteContext } from './suite.ts';

const paths = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `/${prefix}-${i}`);

/** Tabs nobody looks at, and documents nobody types into. */
export const idleMemory: Suite = {
  name: 'idle-memory',
  question: 'What does an idle connection hold in memory, and what an open document?',
  run: async (context) => {
    const { maxBytesPerConnection, maxPerEncodedByte, maxRivalConnectionRatio, maxRivalDocumentRatio } =
      context.config.idleMemory;
    const subject = await perConnection(context, context.subject);
    const relay = await perConnection(context, wsRelay);
    const connectionRivals: PerConnection[] = [];
    for (const rival of rivalsIn(context, maxRivalConnectionRatio)) {
      connectionRivals.push(await perConnection(context, rival));
    }
    const documents = await perDocument(context, context.subject);
    const documentRivals: PerDocument[] = [];
    for (const rival of rivalsIn(context, maxRivalDocumentRatio))
      documentRivals.push(await perDocument(context, rival));
    const findings = [subject, relay, ...connectionRivals, documents, ...documentRivals];
    return {
      rows: findings.map(({ row }) => row),
      verdicts: [
        {
          what: 'RSS per idle connection, each on its own empty document',
          measured: subject.bytes,
          comparison: '<',
          target: maxBytesPerConnection,
          unit: 'bytes',
          voidBecause: subject.problems,
        },
        {
          what: 'RSS per open document ÷ its encoded size',
          measured: documents.perEncodedByte,
          comparison: '≤',
          target: maxPerEncodedByte,
          unit: '×',
          voidBecause: documents.problems,
        },
        {
          // LevelDB maps its tables: what was read of them is RSS too, until the kernel wants the page for something else.
          what: 'the same without mapped files (RssAnon)',
          measured: documents.anonymousPerEncodedByte,
          comparison: '≤',
          target: maxPerEncodedByte,
          unit: '×',
          voidBecause: documents.problems,
        },
        ...connectionRivals.map(({ name, bytes, problems }) => ({
          what: `RSS per idle connection ÷ ${name}'s`,
          measured: subject.bytes / bytes,
          comparison: '≤' as const,
          target: maxRivalConnectionRatio[name] ?? Number.NaN,
          unit: '×',
          rival: name,
          voidBecause: [...subject.problems, ...problems],
        })),
        ...documentRivals.map(({ name, perEncodedByte, problems }) => ({
          what: `RSS per open document ÷ ${name}'s`,
          measured: documents.perEncodedByte / perEncodedByte,
          comparison: '≤' as const,
          target: maxRivalDocumentRatio[name] ?? Number.NaN,
          unit: '×',
          rival: name,
          voidBecause: [...documents.problems, ...problems],
        })),
      ],
      samples: findings.map(({ sample }) => sample),
    } satisfies SuiteReport;
  },
};

interface Finding {
  readonly name: string;
  readonly row: Row;
  readonly sample: unknown;
  readonly problems: readonly string[];
}

interface PerConnection extends Finding {
  readonly bytes: number;
}

interface PerDocument extends Finding {
  readonly perEncodedByte: number;
  readonly anonymousPerEncodedByte: number;
}

/**
 * The first connections only warm the process up: a heap that has never been used grows by megabytes that belong to
 * no connection in particular.
 */
async function perConnection(context: SuiteContext, contestant: Contestant): Promise<PerConnection> {
  const { connections, warmupConnections, settleAtMostMs } = context.config.idleMemory;
  const { server, problems } = await enter(context, contestant);
  const load = await LoadProcess.open();
  try {
    const coldBytes = await settledRss(server.pid, settleAtMostMs);
    await load.run({ kind: 'hold', ...at(server), paths: paths('warm', warmupConnections) });
    const warmBytes = await settledRss(server.pid, settleAtMostMs);
    context.log(`${server.name}, ${connections} connections`);
    await load.run({ kind: 'hold', ...at(server), paths: paths('idle', connections) });
    const fullBytes = await settledRss(server.pid, settleAtMostMs);
    const bytes = (fullBytes - warmBytes) / connections;
    const { anonymousBytes } = sampleProcess(server.pid);
    return {
      name: contestant.name,
      bytes,
      problems,
      sample: { server: server.name, connections, warmupConnections, coldBytes, warmBytes, fullBytes, anonymousBytes },
      row: {
        server: server.name,
        what: 'connections',
        count: connections,
        'RSS before MB': warmBytes / 1e6,
        'RSS after MB': fullBytes / 1e6,
        'kB each': bytes / 1000,
        'kB each from cold': (fullBytes - coldBytes) / (connections + warmupConnections) / 1000,
      },
    };
  } finally {
    await load.close();
    await server.close();
  }
}

/**
 * Several documents rather than one, opened by a server that did not take them in. The first few are not counted, for the
 * same reason: each thread that reads has memory of its own, which the next documents use again.
 */
async function perDocument(context: SuiteContext, contestant: Contestant): Promise<PerDocument> {
  const { warmupDocuments, openDocuments, settleAtMostMs } = context.config.idleMemory;
  const document = largeDocument(context.config.largeDocumentBytes);
  const opened = paths('large', openDocuments);
  const openedBefore = paths('warm-large', warmupDocuments);
  const names = [...opened, ...openedBefore].map((path) => path.slice(1));
  const { server, problems } = await enterWith(context, names, [document.state], contestant);
  const load = await LoadProcess.open();
  try {
    const coldBytes = await settledRss(server.pid, settleAtMostMs);
    await load.run({ kind: 'hold', ...at(server), paths: openedBefore });
    await untilQuiet(server.pid, settleAtMostMs);
    const closedBytes = await settledRss(server.pid, settleAtMostMs);
    const { anonymousBytes: closedAnonymousBytes } = sampleProcess(server.pid);
    context.log(`${server.name}, ${openDocuments} open documents`);
    await load.run({ kind: 'hold', ...at(server), paths: opened });
    await untilQuiet(server.pid, settleAtMostMs);
    // Asked only now: some say "synced" before they have read what they stored.
    const { bytesReceived } = await load.run({ kind: 'hold', ...at(server), paths: [] });
    if (bytesReceived < names.length * document.state.length * 0.9) {
      problems.push(`${names.length} documents came as ${bytesReceived} bytes`);
    }
    const openBytes = await settledRss(server.pid, settleAtMostMs);
    const { anonymousBytes } = sampleProcess(server.pid);
    const each = (openBytes - closedBytes) / openDocuments;
    return {
      name: contestant.name,
      perEncodedByte: each / document.state.length,
      anonymousPerEncodedByte: (anonymousBytes - closedAnonymousBytes) / openDocuments / document.state.length,
      problems,
      sample: {
        server: server.name,
        openDocuments,
        documentBytes: document.state.length,
        coldBytes,
        warmupDocuments,
        closedBytes,
        openBytes,
        closedAnonymousBytes,
        anonymousBytes,
      },
      row: {
        server: server.name,
        what: `documents of ${(document.state.length / 1e6).toFixed(1)} MB`,
        count: openDocuments,
        'RSS before MB': closedBytes / 1e6,
        'RSS after MB': openBytes / 1e6,
        'kB each': each / 1000,
        'kB each from cold': (openBytes - coldBytes) / (openDocuments + warmupDocuments) / 1000,
      },
    };
  } finally {
    await load.close();
    await server.close();
  }
}

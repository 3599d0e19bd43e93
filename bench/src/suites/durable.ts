import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as Y from 'yjs';
import { CLIENT_IDS } from '../config.ts';
import { builtScript } from '../contestants/contestant.ts';
import { fetchDocument } from '../documents/fetch.ts';
import type { SaturateResult } from '../load/tasks/saturate.ts';
import { OwnWords } from '../load/typing.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import { alternate, deliveryProblems, newDirectory, type Suite, type SuiteContext, withLoad } from './suite.ts';

interface Written {
  readonly updates: number;
  readonly wallMs: number;
}

const perSecond = ({ updates, wallMs }: Written): number => (updates * 1000) / wallMs;

/** What a `put` in a raw batch carries: the bytes of one keystroke, no key of ours, no index, no document. */
const RECORD_BYTES = new OwnWords().type({ client: CLIENT_IDS.writers, clock: 1000 }).length;

/** Fsynced keystrokes, as many at once as a raw batch has records: documents × updates that came together. */
export const durable: Suite = {
  name: 'durable',
  question: 'How many updates a second become durable, and how far is that from the bare disk?',
  run: async (context) => {
    const { shapes, windowMs, minRatio } = context.config.durable;
    const rows: Row[] = [];
    const verdicts: Verdict[] = [];
    const samples: unknown[] = [];
    for (const { documents, updatesPerChange } of shapes) {
      const raw: Written[] = [];
      const stored: Written[] = [];
      const batch = documents * updatesPerChange;
      await alternate(context.config.rounds, [raw, stored], async (results, round) => {
        const name = results === raw ? 'level-writer' : 'store-writer';
        context.log(`${name}, ${documents} × ${updatesPerChange} at once, round ${round + 1}`);
        const size = results === raw ? [batch, RECORD_BYTES] : [documents, updatesPerChange];
        const result = await runScript(name, [newDirectory(context, name), ...size, windowMs]);
        results.push(result);
        samples.push({ writer: name, documents, updatesPerChange, round, ...result });
      });
      const shape = `${documents} × ${updatesPerChange}`;
      rows.push({ writer: 'raw LevelDB, sync', 'at once': `${batch}`, 'updates/s': median(raw.map(perSecond)) });
      rows.push({ writer: "Headwater's store", 'at once': shape, 'updates/s': median(stored.map(perSecond)) });
      verdicts.push({
        what: `durable updates/s ÷ raw LevelDB, ${shape} at once`,
        measured: median(stored.map((mine, round) => perSecond(mine) / perSecond(raw[round] as Written))),
        comparison: '≥',
        target: minRatio,
        unit: '×',
        voidBecause: [],
      });
    }
    const server = await throughServer(context);
    return {
      rows: [...rows, ...server.rows],
      verdicts: [...verdicts, server.verdict],
      samples: [...samples, server.sample],
    };
  },
};

async function runScript(name: string, args: readonly (string | number)[]): Promise<Written> {
  const script = builtScript(`yardsticks/${name}.js`);
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args.map(String)]);
  return JSON.parse(stdout) as Written;
}

/**
 * The same through sockets, where a stock client hears of no fsync: what it sees is that its update was *seen*. So
 * the server is killed right after the last echo, and what it says after a restart must be all of it.
 */
async function throughServer(context: SuiteContext): Promise<{ rows: Row[]; verdict: Verdict; sample: unknown }> {
  const { server: settings } = context.config.durable;
  const directory = newDirectory(context, 'durable');
  const paths = Array.from({ length: settings.documents }, (_, i) => `/durable-${i}`);
  const { subject } = context;
  const result: SaturateResult = await withLoad(async (load, onEnd) => {
    const server = await subject.start(directory);
    onEnd(server);
    const { documents: _documents, ...task } = settings;
    const measured = await load.run({
      kind: 'saturate',
      port: server.port,
      serverPid: server.pid,
      paths,
      firstClientId: CLIENT_IDS.writers,
      latencyReceivers: 2,
      ...task,
    });
    await server.kill();
    return measured;
  });
  const kept = subject.isPersistent ? await countKept(context, directory, paths) : 0;
  return {
    sample: { server: subject.name, kept, ...result },
    rows: [
      {
        writer: `${subject.name}, ${settings.documents} documents`,
        'at once': `${settings.documents} × ${settings.writersPerDocument * settings.inFlightPerWriter}`,
        'updates/s': (result.sent * 1000) / result.wallMs,
        'CPU µs/update': (result.serverCpuMs * 1000) / result.sent,
        'p99 ms': result.latencyMs.p99,
      },
    ],
    verdict: {
      what: 'updates echoed and then lost by kill -9',
      measured: result.sentInAll - kept,
      comparison: '≤',
      target: 0,
      unit: 'updates',
      voidBecause: deliveryProblems(result, subject.name, 0),
    },
  };
}

async function countKept(context: SuiteContext, directory: string, paths: readonly string[]): Promise<number> {
  await using server = await context.subject.start(directory);
  let kept = 0;
  for (const path of paths) {
    const doc = await fetchDocument(server, path.slice(1));
    for (const clock of Y.decodeStateVector(Y.encodeStateVector(doc)).values()) kept += clock;
    doc.destroy();
  }
  return kept;
}

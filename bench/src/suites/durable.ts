import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as Y from 'yjs';
import { CLIENT_IDS } from '../config.ts';
import { builtScript, type Contestant } from '../contestants/contestant.ts';
import { RIVALS_FOLDER } from '../contestants/rivals.ts';
import { connectStockClient } from '../contestants/stock-client.ts';
import type { SaturateResult } from '../load/tasks/saturate.ts';
import { OwnWords } from '../load/typing.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median, medianOfRounds } from '../measure/statistics.ts';
import { waitFor } from '../measure/wait-for.ts';
import type { Row } from '../report/table.ts';
import type { Verdict } from '../report/verdict.ts';
import {
  alternate,
  at,
  deliveryProblems,
  newDirectory,
  rivalsIn,
  type Suite,
  type SuiteContext,
  withLoad,
} from './suite.ts';

interface Written {
  readonly updates: number;
  readonly wallMs: number;
}

const RESTART_TIMEOUT_MS = 30_000;
/** Stock clients; each of `y-websocket`'s listens for the end of the process, and Node warns from eleven on. */
const OPEN_AT_ONCE = 8;

const perSecond = ({ updates, wallMs }: Written): number => (updates * 1000) / wallMs;

/** What a `put` in a raw batch carries: the bytes of one keystroke, no key of ours, no index, no document. */
const RECORD_BYTES = new OwnWords().type({ client: CLIENT_IDS.writers, clock: 1000 }).length;

/** Fsynced keystrokes, as many at once as a raw batch has records: documents × updates that came together. */
export const durable: Suite = {
  name: 'durable',
  question: 'How many updates a second become durable, and how far is that from the bare disk?',
  run: async (context) => {
    const { shapes, windowMs, minRatio, minRivalRatio } = context.config.durable;
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
        const result = await runScript(builtScript(`yardsticks/${name}.js`), [
          newDirectory(context, name),
          ...size,
          windowMs,
        ]);
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
      for (const rival of updatesPerChange === 1 ? rivalsIn(context, minRivalRatio[documents] ?? {}) : []) {
        const theirs: Written[] = [];
        for (let round = 0; round < context.config.rounds; round++) {
          const folder = newDirectory(context, rival.name);
          theirs.push(await runScript(`${RIVALS_FOLDER}y-leveldb-writer.js`, [folder, documents, windowMs]));
        }
        rows.push({ writer: 'y-leveldb, no sync', 'at once': shape, 'updates/s': median(theirs.map(perSecond)) });
        samples.push(...theirs.map((result, round) => ({ writer: rival.name, documents, round, ...result })));
        verdicts.push({
          what: `durable updates/s ÷ stored by y-leveldb, ${shape} at once`,
          measured: medianOfRounds(stored, theirs, (mine, other) => perSecond(mine) / perSecond(other)),
          comparison: '≥',
          target: minRivalRatio[documents]?.[rival.name] ?? Number.NaN,
          unit: '×',
          rival: rival.name,
          voidBecause: [],
        });
      }
    }
    for (const contestant of [context.subject, ...context.rivals.filter(({ isPersistent }) => isPersistent)]) {
      context.log(`${contestant.name}, killed`);
      const { row, lost, sample, voidBecause } = await throughServer(context, contestant);
      rows.push(row);
      samples.push(sample);
      if (contestant !== context.subject) continue; // the others never promised
      verdicts.push({
        what: 'updates echoed and then lost by kill -9',
        measured: lost,
        comparison: '≤',
        target: 0,
        unit: 'updates',
        voidBecause,
      });
    }
    return { rows, verdicts, samples };
  },
};

async function runScript(script: string, args: readonly (string | number)[]): Promise<Written> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args.map(String)]);
  return JSON.parse(stdout) as Written;
}

interface Killed {
  readonly row: Row;
  /** Echoed, and not there after the restart. */
  readonly lost: number;
  readonly sample: unknown;
  readonly voidBecause: readonly string[];
}

/**
 * The same through sockets, where a stock client hears of no fsync: what it sees is that its update was *seen*. So
 * the server is killed right after the last echo, and what it says after a restart must be all of it.
 */
async function throughServer(context: SuiteContext, contestant: Contestant): Promise<Killed> {
  const { documents, ...task } = context.config.durable.server;
  const directory = newDirectory(context, 'durable');
  const paths = Array.from({ length: documents }, (_, i) => `/durable-${i}`);
  const result: SaturateResult = await withLoad(async (load, onEnd) => {
    const server = await contestant.start(directory);
    onEnd(server);
    const measured = await load.run({
      kind: 'saturate',
      ...at(server),
      paths,
      firstClientId: CLIENT_IDS.writers,
      latencyReceivers: 2,
      ...task,
    });
    await server.kill();
    return measured;
  });
  const kept = contestant.isPersistent ? await countKept(contestant, directory, paths) : 0;
  const lost = result.sentInAll - kept;
  return {
    lost,
    sample: { server: contestant.name, kept, ...result },
    voidBecause: deliveryProblems(result, contestant.name, 0),
    row: {
      writer: `${contestant.name}, ${documents} documents`,
      'at once': `${documents} × ${task.writersPerDocument * task.inFlightPerWriter}`,
      'updates/s': (result.sent * 1000) / result.wallMs,
      'CPU µs/update': (result.serverCpuMs * 1000) / result.sent,
      'p99 ms': result.latencyMs.p99,
      'lost by kill -9': lost,
      'of updates': result.sentInAll,
    },
  };
}

/** What the documents hold after a restart, once all that the server has to say about them has come. */
async function countKept(contestant: Contestant, directory: string, paths: readonly string[]): Promise<number> {
  await using server = await contestant.start(directory);
  let kept = 0;
  for (let from = 0; from < paths.length; from += OPEN_AT_ONCE) {
    const names = paths.slice(from, from + OPEN_AT_ONCE).map((path) => path.slice(1));
    const clients = names.map((name) => connectStockClient(server, name));
    await waitFor('all to be synced', () => clients.every(({ isSynced }) => isSynced), RESTART_TIMEOUT_MS);
    await untilQuiet(server.pid); // some say "synced" before they have read what they stored
    for (const client of clients) {
      client[Symbol.dispose]();
      for (const clock of Y.decodeStateVector(Y.encodeStateVector(client.doc)).values()) kept += clock;
      client.doc.destroy();
    }
  }
  return kept;
}

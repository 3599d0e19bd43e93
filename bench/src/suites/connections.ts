import { LoadProcess } from '../load/load-process.ts';
import { sampleProcess } from '../measure/process-sample.ts';
import { settledRss, untilQuiet } from '../measure/settle.ts';
import { at, enter, type Suite } from './suite.ts';

/** Everybody has a tab open, and nobody does anything. */
export const connections: Suite = {
  name: 'connections',
  question: 'What do 10,000 connections cost that are only held?',
  run: async (context) => {
    const { count, documents, idleMs, settleAtMostMs, maxBytesPerConnection, maxIdleCpuPercent } =
      context.config.connections;
    const entrant = await enter(context, context.subject);
    await using server = entrant.server;
    const { problems } = entrant;
    await using load = await LoadProcess.open();
    const before = await settledRss(server.pid, settleAtMostMs);
    const paths = Array.from({ length: count }, (_, i) => `/held-${i % documents}`);
    context.log(`${count} connections`);
    const { open } = await load.run({ kind: 'hold', ...at(server), paths });
    await untilQuiet(server.pid, settleAtMostMs);
    const after = await settledRss(server.pid, settleAtMostMs);

    const from = { atMs: performance.now(), ...sampleProcess(server.pid) };
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    const to = { atMs: performance.now(), ...sampleProcess(server.pid) };
    const stillOpen = await load.run({ kind: 'hold', ...at(server), paths: [] });
    const bytesEach = (after - before) / open;
    const idleCpuPercent = ((to.cpuMs - from.cpuMs) * 100) / (to.atMs - from.atMs);
    return {
      rows: [
        {
          server: server.name,
          connections: open,
          documents,
          'RSS before MB': before / 1e6,
          'RSS after MB': after / 1e6,
          'kB each': bytesEach / 1000,
          'idle CPU %': idleCpuPercent,
        },
      ],
      verdicts: [
        {
          what: `of ${count} connections, held for ${idleMs / 1000} s`,
          measured: stillOpen.open,
          comparison: '≥',
          target: count,
          unit: 'connections',
          voidBecause: problems,
        },
        {
          what: 'RSS per held connection',
          measured: bytesEach,
          comparison: '<',
          target: maxBytesPerConnection,
          unit: 'bytes',
          voidBecause: problems,
        },
        {
          what: 'CPU while nobody does anything',
          measured: idleCpuPercent,
          comparison: '<',
          target: maxIdleCpuPercent,
          unit: '% of a core',
          voidBecause: problems,
        },
      ],
      samples: [{ server: server.name, open, stillOpen: stillOpen.open, before, after, from, to }],
    };
  },
};

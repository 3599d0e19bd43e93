import { fileURLToPath } from 'node:url';
import { CLIENT_IDS, SESSION_FILE } from '../config.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { connectStockClient } from '../contestants/stock-client.ts';
import { recordSession } from '../documents/session.ts';
import type { DayResult, Hour } from '../load/tasks/day.ts';
import { ROOT_NAME } from '../load/typing.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median } from '../measure/statistics.ts';
import { waitFor } from '../measure/wait-for.ts';
import type { Row } from '../report/table.ts';
import {
  at,
  deliveryProblems,
  enter,
  newDirectory,
  rivalsIn,
  type Suite,
  type SuiteContext,
  withLoad,
} from './suite.ts';

interface Day {
  readonly name: string;
  readonly result: DayResult;
  readonly problems: readonly string[];
}

const REPOSITORY = new URL('../../../', import.meta.url);

const RESTART_TIMEOUT_MS = 10_000;

/** Hours shown of each day; all are kept. */
const SHOWN_HOURS = 6;

const cpuPerUpdate = (hours: readonly Hour[]): number => {
  const sum = (of: (hour: Hour) => number): number => hours.reduce((total, hour) => total + of(hour), 0);
  return (sum(({ serverCpuMs }) => serverCpuMs) * 1000) / sum(({ updates }) => updates);
};

/** The quarters of a day, of which the first is for warming up. */
function quarter(hours: readonly Hour[], which: 2 | 4): readonly Hour[] {
  const length = Math.floor(hours.length / 4);
  return hours.slice((which - 1) * length, which * length);
}

/** What an operator's graphs show after the first day: flat lines, or what grows and why. */
export const day: Suite = {
  name: 'day',
  question: 'What becomes of disk, memory and CPU over a day of people writing together, in two minutes?',
  run: async (context) => {
    const { maxCpuGrowth, maxRssGrowth, maxDiskPerByte, maxRivalCpuRatio } = context.config.day;
    const subject = await live(context, context.subject);
    const rivals: Day[] = [];
    for (const rival of rivalsIn(context, maxRivalCpuRatio)) rivals.push(await live(context, rival));

    const { hours, updateBytes } = subject.result;
    const growth = (of: (quarter: readonly Hour[]) => number): number => of(quarter(hours, 4)) / of(quarter(hours, 2));
    const promise = { comparison: '≤', unit: '×', voidBecause: subject.problems } as const;
    return {
      rows: [subject, ...rivals].flatMap(summary),
      verdicts: [
        {
          ...promise,
          what: 'CPU per update, last quarter of the day ÷ second',
          measured: growth(cpuPerUpdate),
          target: maxCpuGrowth,
        },
        {
          ...promise,
          what: 'RSS, last quarter of the day ÷ second',
          measured: growth((of) => median(of.map(({ rssBytes }) => rssBytes))),
          target: maxRssGrowth,
        },
        {
          ...promise,
          what: 'on disk after the day ÷ bytes of the updates sent',
          measured: (hours.at(-1)?.diskBytes ?? Number.NaN) / updateBytes,
          target: maxDiskPerByte,
        },
        ...rivals.map(({ name, result, problems }) => ({
          ...promise,
          what: `CPU per update over the day ÷ ${name}'s`,
          measured: cpuPerUpdate(hours) / cpuPerUpdate(result.hours),
          target: maxRivalCpuRatio[name] ?? Number.NaN,
          rival: name,
          voidBecause: [...subject.problems, ...problems],
        })),
      ],
      samples: [subject, ...rivals].map(({ name, result }) => ({ server: name, ...result })),
    };
  },
};

/** A day of one server, and whether the text of every document is there after a restart in the night. */
async function live(context: SuiteContext, contestant: Contestant): Promise<Day> {
  const { documents, ...task } = context.config.day;
  const directory = newDirectory(context, 'day');
  const paths = Array.from({ length: documents }, (_, i) => `/day-${i}`);
  const sessionFile = fileURLToPath(new URL(SESSION_FILE, REPOSITORY));
  const { text } = recordSession(sessionFile, CLIENT_IDS.writers, task.edits);
  const problems: string[] = [];
  context.log(`${contestant.name}, a day`);
  const result = await withLoad(async (load, onEnd) => {
    const entrant = await enter(context, contestant, directory);
    problems.push(...entrant.problems);
    onEnd(entrant.server);
    await untilQuiet(entrant.server.pid);
    return load.run({
      kind: 'day',
      ...at(entrant.server),
      dataDirectory: directory,
      paths,
      sessionFile,
      firstClientId: CLIENT_IDS.writers,
      ...task,
    });
  });
  problems.push(...deliveryProblems(result, contestant.name, 0));
  if (contestant.isPersistent) problems.push(...(await lostText(contestant, directory, paths, text)));
  return { name: contestant.name, result, problems };
}

async function lostText(
  contestant: Contestant,
  directory: string,
  paths: readonly string[],
  text: string,
): Promise<string[]> {
  await using server = await contestant.start(directory);
  const problems: string[] = [];
  for (const path of paths) {
    using client = connectStockClient(server, path.slice(1));
    const written = client.doc.getText(ROOT_NAME);
    // Some say "synced" before they have read what they stored.
    await waitFor('the text', () => written.toJSON() === text, RESTART_TIMEOUT_MS).catch(() => {
      problems.push(`${contestant.name}: after a restart ${path} is not what was written`);
    });
    client.doc.destroy();
  }
  return problems;
}

function summary({ name, result: { hours } }: Day): Row[] {
  const rows: Row[] = [];
  let updates = 0;
  for (const [index, hour] of hours.entries()) {
    updates += hour.updates;
    if ((index + 1) % Math.ceil(hours.length / SHOWN_HOURS) !== 0) continue;
    rows.push({
      server: name,
      hour: index + 1,
      'updates/s': (hour.updates * 1000) / hour.wallMs,
      'CPU µs/update': cpuPerUpdate([hour]),
      'p50 ms': hour.latencyMs.p50,
      'p99 ms': hour.latencyMs.p99,
      'RSS MB': hour.rssBytes / 1e6,
      'disk MB': hour.diskBytes / 1e6,
      'disk bytes/update': hour.diskBytes / updates,
      'load CPU %': (hour.loadCpuMs * 100) / hour.wallMs,
    });
  }
  return rows;
}

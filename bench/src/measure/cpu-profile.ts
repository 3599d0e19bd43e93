import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A function and its own share of the time a thread was busy, callees not counted. */
export interface HotFunction {
  readonly function: string;
  /** File and line; empty for what is not JavaScript. */
  readonly where: string;
  readonly percent: number;
}

/** Of the thread that was busiest, of all threads that left a profile. */
export interface HotFunctions {
  /** The profile itself, to be opened in a browser's developer tools. */
  readonly file: string;
  readonly functions: readonly HotFunction[];
}

/** What `node --cpu-prof` writes. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** A node for each sample, and the microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** V8's names for time in which nothing ran, and the function in which a worker of `piscina` waits for work. */
const NOT_BUSY = new Set(['(idle)', '(root)', 'atomicsWaitLoop']);

/**
 * The most expensive functions of a process that was run with `--cpu-prof`. Each of its threads and each process that was started
 * with the same directory leaves a file; it is the busiest one that is asked about.
 *
 * @param root - what paths are shown relative to
 * @returns `undefined` when no process got around to writing one, because it was killed
 */
export function hottestFunctions(directory: string, count: number, root: string): HotFunctions | undefined {
  let busiest: { file: string; spent: ReadonlyMap<string, number>; busy: number } | undefined;
  for (const name of readdirSync(directory).filter((each) => each.endsWith('.cpuprofile'))) {
    const file = join(directory, name);
    const spent = selfTimes(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile, root);
    const busy = [...spent.values()].reduce((sum, each) => sum + each, 0);
    if (busiest === undefined || busy > busiest.busy) busiest = { file, spent, busy };
  }
  if (busiest === undefined) return undefined;
  const { file, spent, busy } = busiest;
  const hottest = [...spent].sort(([, a], [, b]) => b - a).slice(0, count);
  const functions = hottest.map(([key, micros]): HotFunction => {
    const [name = '', where = ''] = key.split('\n');
    return { function: name, where, percent: (micros * 100) / busy };
  });
  return { file, functions };
}

/** Microseconds by function: its name and its place, a line each. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, root: string): Map<string, number> {
  const keys = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const where = url === '' ? '' : `${url.replace('file://', '').replace(root, '')}:${lineNumber + 1}`;
      return [id, { name: functionName, key: `${functionName || '(anonymous)'}\n${where}` }];
    }),
  );
  const spent = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const node = keys.get(id);
    if (node === undefined || NOT_BUSY.has(node.name)) continue;
    spent.set(node.key, (spent.get(node.key) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return spent;
}

import type { RivalTargets } from '../config.ts';
import { feed } from '../documents/feed.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { JoinResult, JoinTask } from '../load/tasks/join.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median } from '../measure/statistics.ts';
import type { Verdict } from '../report/verdict.ts';
import { enterWith } from './prepared-document.ts';
import { at, rivalsIn, type SuiteContext } from './suite.ts';

/** What the rivals are asked to do: what the subject was, with the same document. */
export interface RivalStorm {
  readonly documentName: string;
  readonly state: Uint8Array;
  /** Made while somebody has the document open: no snapshot contains it. */
  readonly lastEdit: Uint8Array;
  readonly task: Pick<JoinTask, 'stateVectorFile' | 'answerFile' | 'settleMs' | 'timeoutMs' | 'clients'>;
  readonly targets: RivalTargets;
}

export interface RivalResult {
  readonly name: string;
  readonly result: JoinResult;
  readonly problems: readonly string[];
}

const cpuPerJoin = ({ serverCpuMs, joins }: JoinResult): number => serverCpuMs / joins;

/**
 * Lets each rival have one storm. It may be a smaller one, because CPU time is compared per join: they encode the
 * document anew for everybody, which takes minutes for a hundred clients, and costs the hundredth no less than the first.
 */
export async function stormRivals(context: SuiteContext, storm: RivalStorm): Promise<RivalResult[]> {
  const results: RivalResult[] = [];
  const { documentName, state, lastEdit, task } = storm;
  for (const rival of rivalsIn(context, storm.targets)) {
    context.log(`${rival.name}, ${task.clients} clients`);
    const entrant = await enterWith(context, [documentName], [state], rival);
    await using server = entrant.server;
    await using load = await LoadProcess.open();
    await load.run({ kind: 'hold', ...at(server), paths: [`/${documentName}`] });
    await untilQuiet(server.pid);
    await feed(server, documentName, [lastEdit]);
    await untilQuiet(server.pid);
    const result = await load.run({ kind: 'join', ...at(server), path: `/${documentName}`, ...task, repeats: 1 });
    results.push({ name: rival.name, result, problems: entrant.problems });
  }
  return results;
}

/** How much less a join costs the subject than each rival. */
export function verdictsOnRivals(
  what: string,
  mine: readonly JoinResult[],
  rivals: readonly RivalResult[],
  targets: RivalTargets,
  problems: readonly string[],
): Verdict[] {
  return rivals.map(({ name, result, problems: theirs }) => ({
    what: `${what} ÷ ${name}'s`,
    measured: median(mine.map(cpuPerJoin)) / cpuPerJoin(result),
    comparison: '≤',
    target: targets[name] ?? Number.NaN,
    unit: '×',
    rival: name,
    voidBecause: [...problems, ...theirs],
  }));
}

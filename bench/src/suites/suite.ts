import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchConfig } from '../config.ts';
import type { Contestant, RunningServer } from '../contestants/contestant.ts';
import { proveConvergence } from '../contestants/proof.ts';
import type { Rival } from '../contestants/rivals.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { SuiteReport } from '../report/results.ts';

/** What a suite gets to work with. */
export interface SuiteContext {
  readonly config: BenchConfig;
  /** Who is measured. */
  readonly subject: Contestant;
  /** Whom it is measured against besides the yardsticks. */
  readonly rivals: readonly Rival[];
  /** A folder that is gone after the run. */
  readonly workDirectory: string;
  log(line: string): void;
}

/** One question. */
export interface Suite {
  readonly name: string;
  readonly question: string;
  run(context: SuiteContext): Promise<SuiteReport>;
}

export const newDirectory = (context: SuiteContext, name: string): string =>
  mkdtempSync(join(context.workDirectory, `${name}-`));

/** The rivals of this run that a suite has a target for; the configuration says which those are. */
export const rivalsIn = (context: SuiteContext, targets: Readonly<Record<string, number>>): readonly Rival[] =>
  context.rivals.filter(({ name }) => name in targets);

/** Where and how the load process speaks to a server. */
export const at = ({ port, dialect, pid }: RunningServer) => ({ port, dialect, serverPid: pid });

/** A started contestant and what speaks against its numbers so far. */
export interface Entrant {
  readonly server: RunningServer;
  readonly problems: string[];
}

/** Starts a contestant and lets it prove itself; one that fails is measured all the same, and its rows are void. */
export async function enter(context: SuiteContext, contestant: Contestant, directory?: string): Promise<Entrant> {
  const server = await contestant.start(directory ?? newDirectory(context, contestant.name));
  const problems: string[] = [];
  await proveConvergence(server).catch((error: unknown) => problems.push((error as Error).message));
  return { server, problems };
}

/** Runs `body` with a load process and closes everything afterwards, whatever happens. */
export async function withLoad<T>(
  body: (load: LoadProcess, onEnd: (closable: { close(): Promise<void> }) => void) => Promise<T>,
): Promise<T> {
  const toClose: { close(): Promise<void> }[] = [];
  const load = await LoadProcess.open();
  try {
    return await body(load, (closable) => toClose.push(closable));
  } finally {
    await load.close();
    await Promise.all(toClose.map((closable) => closable.close()));
  }
}

/**
 * Whose turn it is: A B, B A, A B, … so that neither always has the warm machine or the full disk.
 */
export async function alternate<T>(
  rounds: number,
  contestants: readonly T[],
  turn: (contestant: T, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of order) await turn(contestant, round);
  }
}

/** What never arrived, who was thrown out: the reasons for which a measurement does not count. */
export function deliveryProblems(result: { missing: number; lost: number }, who: string, round: number): string[] {
  const problems: string[] = [];
  if (result.missing !== 0) problems.push(`${who} round ${round + 1}: ${result.missing} updates were not delivered`);
  if (result.lost > 0) problems.push(`${who} round ${round + 1}: ${result.lost} connections were lost`);
  return problems;
}

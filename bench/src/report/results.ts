import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './environment.ts';
import type { Row } from './table.ts';
import { type Outcome, outcomeOf, type Verdict } from './verdict.ts';

/** What a suite found out. */
export interface SuiteReport {
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  /** Every measurement of every round, as it came from the load process. */
  readonly samples: readonly unknown[];
}

/** Keeps a report as `<suite>.json`: one file per suite, so that its history is the file's history. */
export function writeResults(
  directory: string,
  suite: string,
  subject: string,
  config: unknown,
  environment: Environment,
  seconds: number,
  report: SuiteReport,
): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${suite}.json`);
  const verdicts = report.verdicts.map((verdict) => ({ ...verdict, outcome: outcomeOf(verdict) }));
  const { rows, samples } = report;
  const kept = { suite, subject, environment, seconds, config, verdicts, rows, samples };
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  return file;
}

/** A verdict as it was kept: JSON has no `NaN`. */
export type StoredVerdict = Omit<Verdict, 'measured'> & {
  readonly measured: number | null;
  readonly outcome: Outcome;
};

/** What is read of a kept report. */
export interface StoredReport {
  readonly suite: string;
  readonly subject: string;
  readonly environment: Environment;
  /** The suite took, with everything that is not measured. Results from before this was kept have none. */
  readonly seconds?: number;
  readonly config: { readonly rounds: number };
  readonly rows: readonly Row[];
  readonly verdicts: readonly StoredVerdict[];
}

/** The kept report of a suite; `undefined` when it has never run. */
export function readResults(directory: string, suite: string): StoredReport | undefined {
  const file = join(directory, `${suite}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StoredReport) : undefined;
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './environment.ts';
import type { Row } from './table.ts';
import { outcomeOf, type Verdict } from './verdict.ts';

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
  report: SuiteReport,
): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${suite}.json`);
  const verdicts = report.verdicts.map((verdict) => ({ ...verdict, outcome: outcomeOf(verdict) }));
  const { rows, samples } = report;
  writeFileSync(file, `${JSON.stringify({ suite, subject, environment, config, verdicts, rows, samples }, null, 2)}\n`);
  return file;
}

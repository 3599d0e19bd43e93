import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { FULL, QUICK } from './config.ts';
import { profiledHeadwater, SUBJECTS } from './contestants/contestants.ts';
import { installRivals, RIVALS_NODE } from './contestants/install-rivals.ts';
import { RIVALS, RIVALS_FOLDER, type Rival } from './contestants/rivals.ts';
import { hottestFunctions } from './measure/cpu-profile.ts';
import { readEnvironment } from './report/environment.ts';
import { writeProfile } from './report/profiles.ts';
import { writeResults } from './report/results.ts';
import { measurementTable, verdictTable } from './report/table.ts';
import { outcomeOf, type Verdict } from './report/verdict.ts';
import type { Suite, SuiteContext } from './suites/suite.ts';
import { SUITES } from './suites/suites.ts';

interface Options {
  readonly only?: readonly Suite[];
  readonly subject: (typeof SUBJECTS)[number];
  readonly against: readonly Rival[];
  readonly quick: boolean;
  readonly profile: boolean;
  readonly rounds?: number;
  readonly results?: string;
}

/** Above it, other programs take part in what is measured. */
const BUSY_LOAD_AVERAGE = 0.5;

/** Of a profile, to be shown and kept. */
const HOT_FUNCTIONS = 5;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

function suitesNamed(names: string): Suite[] {
  return names.split(',').map((name) => {
    const suite = SUITES.find((each) => each.name === name);
    if (!suite) throw new InvalidArgumentError(`known suites: ${SUITES.map((each) => each.name).join(', ')}`);
    return suite;
  });
}

function subjectNamed(name: string): (typeof SUBJECTS)[number] {
  const subject = SUBJECTS.find((each) => each.name === name);
  if (!subject) throw new InvalidArgumentError(`known servers: ${SUBJECTS.map((each) => each.name).join(', ')}`);
  return subject;
}

function rivalsNamed(names: string): Rival[] {
  if (names === 'none') return [];
  return names.split(',').flatMap((name) => {
    const rivals = RIVALS.filter(({ project }) => project === name);
    if (rivals.length > 0) return rivals;
    throw new InvalidArgumentError(`known rivals: ${[...new Set(RIVALS.map(({ project }) => project))].join(', ')}`);
  });
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1');
  return value;
}

const command = new Command('bench')
  .description('Measures Headwater against yardsticks and other servers on this machine.')
  .option('--only <suites>', 'run only these, separated by commas', suitesNamed)
  .option('--quick', 'a minute of smoke instead of a measurement', false)
  .option('--profile', 'a round that is not measured: where the CPU time of Headwater goes', false)
  .option('--rounds <number>', 'turns of each contestant', positive)
  .option('--subject <server>', 'who is measured', subjectNamed, SUBJECTS[0])
  .option(
    '--against <rivals>',
    'against which other servers (default: all; "none": only yardsticks)',
    rivalsNamed,
    RIVALS,
  )
  .option('--results <directory>', 'where the JSON goes (bench/results; with --quick or another subject: nowhere)')
  .addHelpText(
    'after',
    `\nSuites:\n${SUITES.map(({ name, question }) => `  ${name.padEnd(16)} ${question}`).join('\n')}`,
  );

/** Progress, for somebody who is watching. */
function log(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`  ${line}\n`);
}

const secondsSince = (startedAtMs: number): number => Math.round((performance.now() - startedAtMs) / 1000);

/** One round of a suite with nobody but Headwater in it, which is slower while it is watched. */
async function profile(suite: Suite, context: SuiteContext): Promise<ReturnType<typeof hottestFunctions>> {
  const folder = mkdtempSync(join(context.workDirectory, 'profile-'));
  const config = { ...context.config, rounds: 1 };
  await suite.run({ ...context, config, subject: profiledHeadwater(folder), rivals: [] });
  const hot = hottestFunctions(folder, HOT_FUNCTIONS, ROOT);
  console.log(hot ? measurementTable(hot.functions.map((each) => ({ ...each }))) : 'No process left a profile.');
  return hot;
}

async function main(): Promise<void> {
  const options = command.parse().opts<Options>();
  if (options.against.length > 0) {
    installRivals();
    if (realpathSync(process.execPath) !== realpathSync(RIVALS_NODE)) {
      // All servers on one Node: the rivals need theirs, and everything here is started with the harness' own.
      process.exitCode = spawnSync(RIVALS_NODE, process.argv.slice(1), { stdio: 'inherit' }).status ?? 1;
      return;
    }
  }
  const base = options.quick ? QUICK : FULL;
  const config = { ...base, rounds: options.rounds ?? base.rounds };
  const isRecord = !options.quick && options.subject === SUBJECTS[0];
  const results = options.results ?? (isRecord ? RESULTS : undefined);
  const environment = readEnvironment(options.against.length > 0 ? RIVALS_FOLDER : undefined);
  const workDirectory = mkdtempSync(join(tmpdir(), 'headwater-bench-'));
  const runStartedAt = performance.now();
  const verdicts: Verdict[] = [];
  const failures: string[] = [];
  console.log(
    `${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, ${environment.commit.slice(0, 8)}`,
  );
  if (environment.loadAverage > BUSY_LOAD_AVERAGE) {
    console.log(
      `Load average ${environment.loadAverage.toFixed(1)}: somebody else is using this machine; do not believe a number.`,
    );
  }
  try {
    for (const suite of options.only ?? SUITES) {
      console.log(`\n# ${suite.name}: ${suite.question}`);
      const startedAt = performance.now();
      try {
        const { subject, against: rivals } = options;
        const context: SuiteContext = { config, subject, rivals, workDirectory, log };
        if (options.profile) {
          const hot = await profile(suite, context);
          if (hot && results) writeProfile(results, suite.name, environment, hot);
        } else {
          const report = await suite.run(context);
          console.log(measurementTable(report.rows));
          console.log(verdictTable(report.verdicts));
          verdicts.push(...report.verdicts);
          const seconds = secondsSince(startedAt);
          if (results) writeResults(results, suite.name, subject.name, config, environment, seconds, report);
        }
      } catch (error) {
        failures.push(suite.name);
        console.log(`failed: ${error instanceof Error ? error.stack : String(error)}`);
      }
      console.log(`${secondsSince(startedAt)} s`);
    }
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
  const count = (outcome: string): number => verdicts.filter((verdict) => outcomeOf(verdict) === outcome).length;
  console.log(
    `\n${count('PASS')} pass, ${count('MISS')} miss, ${count('VOID')} void, ${failures.length} suites failed, in ${(secondsSince(runStartedAt) / 60).toFixed(1)} minutes`,
  );
  if (count('MISS') + count('VOID') + failures.length > 0) process.exitCode = 1;
}

await main();

import { type Bar, barChart } from './bar-chart.ts';
import { whereRivalsAreAhead } from './behind.ts';
import { CHARTS, type Chart } from './charts.ts';
import { markdownCell, markdownTable } from './markdown-table.ts';
import type { StoredProfile } from './profiles.ts';
import type { StoredReport, StoredVerdict } from './results.ts';
import { formatNumber } from './table.ts';
import { isAhead } from './verdict.ts';

/** A report, and what it answers. */
export interface Answer {
  readonly question: string;
  readonly report: StoredReport;
  /** Of the server, under the same load. */
  readonly profile?: StoredProfile | undefined;
}

/** A page and the pictures in it, by file name. */
export interface Page {
  readonly markdown: string;
  readonly pictures: ReadonlyMap<string, string>;
}

const INTRODUCTION = `# Benchmarks

Headwater beside yardsticks and other servers, on one machine, in the same minutes. \`npm run bench\` measures,
\`npm run bench:report\` makes this page of what the last runs left in \`bench/results\`: nothing here is typed by hand. Ratios are
what to read; a figure ages with its machine. What is asked, what the yardsticks are, why a number can be believed and what
it cannot say is in [bench/README.md](../bench/README.md).
`;

/**
 * The page of the latest results, and its pictures.
 *
 * @param pictureFolder - where the pictures will be, as seen from the page
 */
export function makePage(answers: readonly Answer[], pictureFolder: string): Page {
  const pictures = new Map<string, string>();
  const sections = answers.map((answer) => section(answer, pictureFolder, pictures));
  const markdown = [INTRODUCTION, comparison(answers), misses(answers), ...sections, provenance(answers)].join('\n');
  return { markdown, pictures };
}

interface Comparison {
  readonly suite: string;
  readonly verdict: StoredVerdict;
}

const verdictsOf = (answers: readonly Answer[]): readonly Comparison[] =>
  answers.flatMap(({ report }) => report.verdicts.map((verdict) => ({ suite: report.suite, verdict })));

function comparison(answers: readonly Answer[]): string {
  const withRivals = verdictsOf(answers).filter(({ verdict }) => verdict.rival !== undefined);
  const believed = withRivals.filter(({ verdict }) => verdict.outcome !== 'VOID');
  const ahead = believed.filter(({ verdict }) => isAhead({ ...verdict, measured: verdict.measured ?? Number.NaN }));
  const behind = believed.filter((each) => !ahead.includes(each));
  const better = answers.flatMap(({ report }) => whereRivalsAreAhead(report));
  return [
    '## Where Headwater leads\n',
    ahead.length > 0 ? verdictTable(ahead) : 'Nowhere, in the runs that are kept.\n',
    '## Where it does not\n',
    behind.length > 0 ? verdictTable(behind) : 'In no ratio that has a target.\n',
    "Single numbers of rivals that are better than Headwater's under the same conditions, with or without a target:\n",
    better.length > 0 ? markdownTable(better) : 'None.\n',
  ].join('\n');
}

function misses(answers: readonly Answer[]): string {
  const missed = verdictsOf(answers).filter(({ verdict }) => verdict.outcome !== 'PASS');
  return [
    '## Targets that were missed, and numbers that are void\n',
    missed.length > 0 ? verdictTable(missed) : 'None.\n',
  ].join('\n');
}

function section({ question, report, profile }: Answer, folder: string, pictures: Map<string, string>): string {
  const lines = [`## ${report.suite}\n`, `${question}\n`];
  for (const chart of CHARTS.filter(({ suite }) => suite === report.suite)) {
    const bars = barsOf(chart, report);
    if (bars.length === 0) continue;
    const name = `${chart.suite}-${chart.column
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replace(/-$/, '')}.svg`;
    pictures.set(name, barChart(chart.title, bars));
    lines.push(`![${chart.title}](${folder}/${name})\n`);
  }
  const verdicts = report.verdicts.map((verdict) => ({ suite: report.suite, verdict }));
  lines.push(markdownTable(report.rows), verdictTable(verdicts));
  if (profile) {
    const from = `at ${profile.commit.slice(0, 8)} on Node ${profile.node}, in a round of its own`;
    lines.push(`Where ${report.subject}'s busiest thread spent its time, ${from}:\n`);
    lines.push(markdownTable(profile.functions.map((each) => ({ ...each }))));
  }
  return lines.join('\n');
}

function barsOf({ column, labels }: Chart, { rows, subject }: StoredReport): Bar[] {
  return rows.flatMap((row) => {
    const value = row[column];
    if (typeof value !== 'number') return [];
    const label = labels
      .filter((name) => name in row)
      .map((name) => markdownCell(row[name]))
      .join(', ');
    const isSubject = !('server' in row) || row['server'] === subject;
    return [{ label, value, isSubject }];
  });
}

function provenance(answers: readonly Answer[]): string {
  const rows = answers.map(({ report: { suite, environment, config, seconds } }) => ({
    suite,
    'at (UTC)': environment.atUtc.slice(0, 16).replace('T', ' '),
    commit: environment.commit.slice(0, 8) + (environment.hasUncommittedChanges ? ' and changes' : ''),
    rounds: config.rounds,
    seconds: seconds ?? '',
    Node: environment.node,
    machine: `${environment.cpu}, ${environment.cores} cores`,
    'load before': environment.loadAverage,
    versions: versionsIn(environment.packages),
    rivals: versionsIn(environment.rivals ?? {}),
  }));
  return ['## Where the numbers come from\n', markdownTable(rows)].join('\n');
}

const versionsIn = (packages: Readonly<Record<string, string>>): string =>
  Object.entries(packages)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');

function verdictTable(comparisons: readonly Comparison[]): string {
  return markdownTable(
    comparisons.map(({ suite, verdict: { what, measured, comparison: sign, target, unit, outcome, voidBecause } }) => ({
      suite,
      what,
      measured: `${formatNumber(measured ?? Number.NaN)} ${unit}`,
      target: `${sign} ${formatNumber(target)}`,
      outcome: voidBecause[0] === undefined ? outcome : `${outcome}: ${voidBecause[0]}`,
    })),
  );
}

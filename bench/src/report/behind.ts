import { CHARTS } from './charts.ts';
import type { StoredReport } from './results.ts';
import type { Row } from './table.ts';

/** Columns of which less is better, whatever the suite. */
const COST = /^(CPU|p50|p99|RSS|peak growth|synced|Redis bytes)/;

/**
 * Every number of a rival that is better than the subject's under the same conditions, whether or not a target is about
 * it: what a page must not leave out that says who leads.
 */
export function whereRivalsAreAhead({ suite, subject, rows, verdicts }: StoredReport): Row[] {
  const rivals = new Set(verdicts.flatMap(({ rival }) => rival ?? []));
  const conditions = new Set(CHARTS.filter((chart) => chart.suite === suite).flatMap(({ labels }) => labels));
  conditions.delete('server');
  const found: Row[] = [];
  for (const mine of rows.filter(({ server }) => server === subject)) {
    const alike = rows.filter((row) => [...conditions].every((name) => row[name] === mine[name]));
    for (const theirs of alike.filter(({ server }) => rivals.has(String(server)))) {
      for (const [column, value] of Object.entries(mine)) {
        const other = theirs[column];
        if (!COST.test(column) || typeof value !== 'number' || typeof other !== 'number' || other >= value) continue;
        const where = [...conditions]
          .filter((name) => name in mine)
          .map((name) => `${name} ${mine[name]}`)
          .join(', ');
        found.push({
          suite,
          where,
          what: column,
          [subject]: value,
          rival: String(theirs['server']),
          'the rival': other,
        });
      }
    }
  }
  return found;
}
